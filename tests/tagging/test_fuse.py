"""Fused trunks against the plain modules that they come from, over many families of networks."""

import functools

import pytest
import torch
import torchvision
from torch import nn

from landmark_core.model import quiet_torchscript
from landmark_core.tagging.fuse import can_fuse, fuse
from landmark_core.tagging.graph import as_function, frozen_graph, place

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
    placed = place(frozen_graph(module), CPU, dtype, torch.channels_last)
    if fused:
        fuse(placed)
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
