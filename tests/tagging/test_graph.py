"""Where a model is cut, on small models that each have one difficulty."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from landmark_core.model import quiet_torchscript
from landmark_core.tagging.cut import cut_graph
from landmark_core.tagging.graph import NoCutError, NoMapError, build_function, frozen_graph

CPU = torch.device("cpu")


class Features(nn.Module):
    """The conv part that the models below share; 32 pixels become 8."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            *(nn.Conv2d(3, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True)),
            *(nn.Conv2d(6, 6, 3, stride=2, padding=1), nn.ReLU(inplace=True)),
        )
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        return self.head(functional.adaptive_avg_pool2d(self.conv(x), 1).flatten(1))


class MeanOverSpace(Features):
    def forward(self, x):
        return self.head(self.conv(x).mean([2, 3]))


class MeanInTwoSteps(Features):
    def forward(self, x):
        return self.head(self.conv(x).mean(-1).mean(-1))


class WholeWindow(Features):
    def forward(self, x):
        pooled = functional.avg_pool2d(self.conv(x), 8)
        return self.head(pooled.view(x.size(0), -1))


class HalfWindow(Features):
    """Looks like average pooling and linear, but only a corner of the map reaches the scores."""

    def forward(self, x):
        pooled = functional.avg_pool2d(self.conv(x)[:, :, :5, :5], 5)
        return self.head(pooled.flatten(1))


class MaxPooled(Features):
    def forward(self, x):
        return self.head(functional.adaptive_max_pool2d(self.conv(x), 1).flatten(1))


class LargestValue(Features):
    def forward(self, x):
        return self.head(self.conv(x).amax([2, 3]))


class Squeezed(Features):
    """A squeeze-and-excitation block pools too, but what it pools also goes around it."""

    def __init__(self):
        super().__init__()
        self.squeeze = nn.Conv2d(6, 6, 1)

    def forward(self, x):
        features = self.conv(x)
        gate = self.squeeze(functional.adaptive_avg_pool2d(features, 1)).sigmoid()
        return self.head((features * gate).mean([2, 3]))


class Branching(Features):
    """Control flow that freezing cannot decide."""

    def forward(self, x):
        features = self.conv(x) if x.shape[2] > 16 else self.conv(x) * 2
        return self.head(features.mean([2, 3]))


class LayerNormed(Features):
    """Pooled values turn four-dimensional again, as in ConvNeXt."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(6)

    def forward(self, x):
        pooled = functional.adaptive_avg_pool2d(self.conv(x), 1).permute(0, 2, 3, 1)
        return self.head(self.norm(pooled).flatten(1))


class FixedGrid(Features):
    """A pooling to a fixed grid before linear layers, as in VGG."""

    def __init__(self):
        super().__init__()
        self.head = nn.Sequential(nn.Linear(6 * 4, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 4))

    def forward(self, x):
        return self.head(functional.adaptive_avg_pool2d(self.conv(x), 2).view(x.size(0), -1))


class Probabilities(Features):
    def forward(self, x):
        with torch.no_grad():
            return functional.log_softmax(self.head(self.conv(x).mean([2, 3])), dim=1)


class TransposedWeights(Features):
    def forward(self, x):
        return torch.addmm(self.head.bias, self.conv(x).mean([2, 3]), self.head.weight.t())


def make(kind):
    torch.manual_seed(11)
    model = kind().eval()
    with quiet_torchscript():
        return model, torch.jit.script(model)


def probe(count=2):
    return torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(4))


def halves(module):
    cut = cut_graph(frozen_graph(module), probe())
    build = [build_function(graph, CPU, torch.float32) for graph in (cut.trunk, cut.head)]
    return cut, *build


@pytest.mark.parametrize(
    "kind",
    [
        *(Features, MeanOverSpace, WholeWindow, MaxPooled, LargestValue, Squeezed, Branching),
        *(LayerNormed, FixedGrid, Probabilities, TransposedWeights, MeanInTwoSteps, HalfWindow),
    ],
)
def test_the_halves_give_the_scores_and_the_cut_is_the_last_feature_map(kind):
    model, module = make(kind)
    _, trunk, head = halves(module)
    pixels = probe(3)
    with torch.inference_mode():
        activations = trunk(pixels)
        scores, logits = head(pixels, activations)
        features = model.conv(pixels)
        if kind is Squeezed:
            pooled = features.mean([2, 3], keepdim=True)
            features = features * model.squeeze(pooled).sigmoid()
        if kind is HalfWindow:
            features = features[:, :, :5, :5]
        assert torch.allclose(activations, features, atol=1e-6)
        assert torch.allclose(scores, model(pixels), atol=1e-6)
        assert torch.allclose(logits.log_softmax(1), scores.log_softmax(1), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "linear"),
    [
        pytest.param(Features, True, id="adaptive"),
        pytest.param(MeanOverSpace, True, id="mean"),
        pytest.param(WholeWindow, True, id="window"),
        pytest.param(TransposedWeights, True, id="addmm"),
        pytest.param(Probabilities, True, id="softmax-after"),
        pytest.param(MaxPooled, False, id="max"),
        pytest.param(LargestValue, False, id="amax"),
        pytest.param(LayerNormed, False, id="norm-between"),
        pytest.param(FixedGrid, False, id="two-linears"),
    ],
)
def test_pooling_and_one_linear_layer_are_read_off_the_graph(kind, linear):
    model, module = make(kind)
    cut, *_ = halves(module)
    assert (cut.linear is not None) == linear
    if cut.linear is not None:
        assert torch.equal(cut.linear.weight, model.head.weight)
        assert torch.equal(cut.linear.bias, model.head.bias)


@pytest.mark.parametrize("kind", [Features, WholeWindow, FixedGrid, Probabilities])
def test_no_half_does_the_other_s_work(kind):
    _, module = make(kind)
    cut, *_ = halves(module)
    assert str(cut.trunk).count("aten::conv2d") == str(module.inlined_graph).count("aten::conv2d")
    assert "aten::linear" not in str(cut.trunk)
    assert "aten::conv2d" not in str(cut.head)
    assert "aten::relu_" not in str(cut.head)


def test_a_frozen_file_is_cut_like_any_other():
    model, module = make(Features)
    with quiet_torchscript():
        frozen = torch.jit.freeze(module)
    _, trunk, _ = halves(frozen)
    assert torch.allclose(trunk(probe()), model.conv(probe()), atol=1e-6)


def test_cutting_leaves_the_module_as_it_was():
    _, module = make(Features)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    text = str(module.graph)
    cut = cut_graph(frozen_graph(module), probe())
    build_function(cut.trunk, CPU, torch.bfloat16, torch.channels_last)
    assert str(module.graph) == text
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())


class TwoInputs(nn.Module):
    def forward(self, x, y):
        return (x + y).mean([2, 3])


class Counting(nn.Module):
    """Counts its calls, which freezing must not fold away."""

    calls: int

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return x.mean([2, 3]) * self.calls


class Pixelwise(nn.Module):
    """No convolution: the pixels themselves are the only map."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3 * 32 * 32, 4)

    def forward(self, x):
        return self.head(x.flatten(1))


class Attentive(nn.Module):
    """A vision transformer in small; the attention written out by hand."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 8, stride=8)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        weights = torch.matmul(tokens, tokens.transpose(1, 2)).softmax(dim=-1)
        return self.head(torch.matmul(weights, tokens).mean(1))


@pytest.mark.parametrize(
    ("kind", "error", "reason"),
    [
        pytest.param(TwoInputs, NoCutError, "takes 2 inputs", id="two-inputs"),
        pytest.param(Counting, NoCutError, "attributes", id="state"),
        pytest.param(Pixelwise, NoCutError, "no feature map", id="no-convolution"),
        pytest.param(Attentive, NoMapError, "attention follows", id="attention"),
    ],
)
def test_models_that_cannot_be_cut_say_why(kind, error, reason):
    _, module = make(kind)
    with pytest.raises(error, match=reason):
        cut_graph(frozen_graph(module), probe())
