"""Fused trunks against the plain modules that they come from: families of networks, hard cases."""

import functools

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional

from landmark_core.model import quiet_torchscript
from landmark_core.tagging import trunk as trunks
from landmark_core.tagging.fuse import can_fuse, fuse
from landmark_core.tagging.graph import as_function, frozen_graph, place
from landmark_core.tagging.network import take_apart

CPU = torch.device("cpu")
BY_DEFAULT = ("resnet18", "mobilenet_v2", "mobilenet_v3_small", "squeezenet1_1")
OTHERS = (
    *("resnext50_32x4d", "mobilenet_v3_large", "efficientnet_b0", "densenet121", "vgg11_bn"),
    *("shufflenet_v2_x0_5", "convnext_tiny", "regnet_y_400mf", "googlenet", "mnasnet0_5"),
)
FAMILIES = [*BY_DEFAULT, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)]
needs_operators = pytest.mark.skipif(
    not can_fuse(CPU, torch.float32, torch.channels_last), reason="this torch cannot fuse here"
)
pytestmark = needs_operators


@pytest.fixture(autouse=True)
def one_thread():
    """Small layers gain nothing from a second thread, and wait for it where cores are busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@functools.cache
def make(name):
    torch.manual_seed(5)
    options = {"init_weights": False} if name == "googlenet" else {}
    model = getattr(torchvision.models, name)(weights=None, num_classes=5, **options)
    generator = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):  # as training leaves them
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
            module.bias.data.normal_(0, 0.1, generator=generator)
    return model.eval()


def turn(model, how):
    with quiet_torchscript():
        if how == "traced":
            return torch.jit.trace(model, pixels(2, 64, 64), check_trace=False)
        return torch.jit.script(model)


def pixels(count, height, width):
    return torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(count))


def build(module, dtype, *, fused):
    """Return the whole model as a function of channels-last pixels, fused or as it stands."""
    graph = frozen_graph(module)
    placed = place(graph, CPU, dtype, torch.channels_last)
    if fused:
        fuse(placed, graph)
        assert "mkldnn::_convolution_pointwise" in str(placed)
    run = as_function(placed)

    def run_turned(values):
        with torch.inference_mode():
            scores = run(values.to(dtype).contiguous(memory_format=torch.channels_last))
        return (scores[0] if isinstance(scores, tuple) else scores).float()

    return run_turned


@pytest.mark.filterwarnings("ignore:Scripted GoogleNet always returns")
@pytest.mark.parametrize("how", ["scripted", "traced"])
@pytest.mark.parametrize("name", FAMILIES)
def test_fused_networks_give_the_scores_of_the_eager_module(name, how):
    model = make(name)
    run = build(turn(model, how), torch.float32, fused=True)
    for shape in [(1, 64, 64), (2, 64, 64), (7, 64, 64), (2, 75, 93)]:
        with torch.inference_mode():
            expected = model(pixels(*shape))
        error = (run(pixels(*shape)) - expected).abs().max() / expected.abs().max()
        # The weights are folded and every sum is taken in another order; measured: 1e-7 to 3e-6.
        assert error < 1e-5


@pytest.mark.filterwarnings("ignore:Scripted GoogleNet always returns")
@pytest.mark.parametrize("name", FAMILIES)
def test_fused_bfloat16_is_as_near_to_float32_as_plain_bfloat16(name):
    model = make(name)
    module = turn(model, "scripted")
    with torch.inference_mode():
        expected = model(pixels(7, 64, 64))
    errors = [
        (build(module, torch.bfloat16, fused=fused)(pixels(7, 64, 64)) - expected).abs().mean()
        for fused in (False, True)
    ]
    assert errors[1] < 1.5 * errors[0]
    assert errors[1] < 0.05 * expected.abs().max()


class Block(nn.Module):
    """Two convolutions; what the blocks below do between and after them is what may go wrong."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.second = nn.Conv2d(8, 8, 3, padding=1)


class ReadTwice(Block):
    """The convolution's own result is wanted beside its activation."""

    def forward(self, x):
        before = self.first(x)
        return self.second(before.relu()) + before


class ReadLater(Block):
    """What is added is read again after the sum."""

    def forward(self, x):
        first = self.first(x).relu()
        return (self.second(first) + first) * first


class AddedInto(Block):
    """The sum overwrites what is read again after it."""

    def forward(self, x):
        first = self.first(x).relu()
        second = self.second(first)
        first += second
        return first.mul(2) + first


class OverwrittenBetween(Block):
    """What a convolution has read is overwritten before its result is added."""

    def forward(self, x):
        first = self.first(x)
        second = self.second(first)
        first.clamp_(min=0.1)
        return second + first.mul(3)


class AddedToWhatItRead(Block):
    def forward(self, x):
        first = self.first(x)
        return (self.second(first) + first).relu()


class ToItself(Block):
    def forward(self, x):
        first = self.first(x)
        return (first + first).relu()


class WeightedSum(Block):
    def forward(self, x):
        first = self.first(x)
        return torch.add(self.second(first), first, alpha=3)


class Computed(Block):
    """Bounds and weights that are not known before it runs."""

    def forward(self, x):
        first = self.first(x)
        bounded = torch.clamp(first, -1.0, float(x.size(0)))
        weight = self.second.weight * x.mean()
        return functional.conv2d(bounded, weight, self.second.bias, padding="same")


class OneBound(Block):
    def forward(self, x):
        return self.second(self.first(x).clamp(min=-0.1)).clamp(max=0.2)


class InABranch(Block):
    """The activation runs at times only."""

    def forward(self, x):
        first = self.first(x)
        if x.size(0) > 1:
            first = first.relu()
        return self.second(first)


class Transposed(Block):
    def forward(self, x):
        turned = functional.conv_transpose2d(self.first(x), self.second.weight, stride=2)
        return functional.leaky_relu(turned, 0.2)


class Squeezing(Block):
    """A gate from the features, and a second reader of them after the product."""

    def forward(self, x):
        features = functional.hardswish(self.first(x))
        gate = self.second(functional.adaptive_avg_pool2d(features, 1)).sigmoid()
        return gate * features + features.mean()


class Activations(nn.Module):
    """Each of the activations that a convolution may take in."""

    def __init__(self):
        super().__init__()
        each = [nn.ReLU(), nn.ReLU6(), nn.Hardtanh(-0.3, 0.4), nn.Hardswish(), nn.Hardsigmoid()]
        each += [nn.Sigmoid(), nn.SiLU(), nn.LeakyReLU(0.2), nn.GELU(), nn.GELU("tanh"), nn.Tanh()]
        self.layers = nn.Sequential(
            *(layer for one in each for layer in (nn.Conv2d(3, 3, 3, padding=1), one))
        )

    def forward(self, x):
        return self.layers(x).mul(3)


HARD = (
    *(
        ReadTwice,
        ReadLater,
        AddedInto,
        AddedToWhatItRead,
        OverwrittenBetween,
        ToItself,
        WeightedSum,
        Computed,
    ),
    *(OneBound, InABranch, Transposed, Squeezing, Activations),
)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("kind", HARD)
def test_hard_cases_are_left_or_fused_exactly(kind, count):
    torch.manual_seed(2)
    model = kind().eval()
    with quiet_torchscript():
        module = torch.jit.script(model)
    values = pixels(count, 18, 23)
    run = build(module, torch.float32, fused=True)
    with torch.inference_mode():
        assert torch.allclose(run(values.clone()), model(values.clone()), atol=2e-6)
        assert torch.equal(values, pixels(count, 18, 23))


class SpreadThenPooled(Block):
    def forward(self, x):
        first = self.first(x)
        spread = self.second(first.mean([2, 3], keepdim=True)) + first
        return (spread + self.second(first)).relu().mean([2, 3])


def test_what_cannot_be_fused_as_a_whole_is_fused_in_part_or_not_at_all(monkeypatch):
    torch.manual_seed(2)
    model = SpreadThenPooled().eval()
    with quiet_torchscript():
        module = torch.jit.script(model)
    values = pixels(2, 20, 20)
    with torch.inference_mode():
        expected = model(values)
        blueprint = take_apart(module, values)
        trunk = blueprint.build(CPU, torch.float32).trunk
        activations = trunk(values.contiguous(memory_format=torch.channels_last))
        assert torch.allclose(activations.mean([2, 3]), expected, atol=1e-5)
        # A fusion that is wrong is found out, and not taken.
        monkeypatch.setattr(trunks, "fuse", spoil)
        trunk = blueprint.build(CPU, torch.float32).trunk
        activations = trunk(values.contiguous(memory_format=torch.channels_last))
        assert torch.allclose(activations.mean([2, 3]), expected, atol=1e-5)


def spoil(graph, exact, *, sums):
    """Fuse, and let one convolution forget its bias."""
    fuse(graph, exact, sums=False)
    node = graph.findNode("mkldnn::_convolution_pointwise")
    graph.setInsertPoint(node)
    node.replaceInput(2, graph.insertConstant(None))


def test_activations_become_one_pass_with_their_convolutions():
    with quiet_torchscript():
        module = torch.jit.script(Activations().eval())
    graph = frozen_graph(module)
    placed = place(graph, CPU, torch.float32, torch.channels_last)
    fuse(placed, graph)
    kinds = [node.kind() for node in placed.nodes() if not node.kind().startswith("prim::")]
    assert kinds == [*["mkldnn::_convolution_pointwise"] * 11, "aten::tanh", "aten::mul"]


def test_residual_blocks_add_in_the_convolution():
    graph = frozen_graph(turn(make("resnet18"), "scripted"))
    placed = place(graph, CPU, torch.float32, torch.channels_last)
    fuse(placed, graph)
    kinds = [node.kind() for node in placed.nodes()]
    assert kinds.count("mkldnn::_convolution_pointwise_") == 8  # one a block, in place
    assert kinds.count("mkldnn::_convolution_pointwise") == 12
    assert not {"aten::add_", "aten::relu_", "aten::conv2d"} & set(kinds)


@pytest.mark.parametrize(
    ("device", "dtype", "layout"),
    [
        ("cuda", torch.float32, torch.channels_last),
        ("cpu", torch.float16, torch.channels_last),
        ("cpu", torch.float32, torch.contiguous_format),
    ],
)
def test_only_what_onednn_is_made_for_is_fused(device, dtype, layout):
    assert not can_fuse(torch.device(device), dtype, layout)


def test_a_torch_without_the_operators_runs_the_plain_graph(monkeypatch):
    monkeypatch.setattr(trunks, "can_fuse", lambda *_: False)
    model = make("mobilenet_v3_small")
    network_there = take_apart(turn(model, "scripted"), pixels(2, 64, 64)).build(CPU, torch.float32)
    with torch.inference_mode():
        activations = network_there.trunk(pixels(3, 64, 64))
        assert torch.allclose(activations, model.features(pixels(3, 64, 64)), atol=1e-5)
