"""What rounding weights does to the means of channels, and that it is taken back."""

import pytest
import torch
from torch import nn

from landmark_core.model import load_model, quiet_torchscript
from landmark_core.tagging.device import draw_probe
from landmark_core.tagging.fuse import can_fuse, fuse
from landmark_core.tagging.graph import as_function, build_function, frozen_graph, place
from landmark_core.tagging.opening import open_engine
from landmark_core.tagging.rounding import take_back_rounding

CPU = torch.device("cpu")


def pixels(count):
    return torch.rand(count, 3, 24, 24, generator=torch.Generator().manual_seed(count))


def make(*layers):
    torch.manual_seed(3)
    model = nn.Sequential(*layers).eval()
    with quiet_torchscript():
        return model, frozen_graph(torch.jit.trace(model, pixels(2)))


@pytest.mark.parametrize(
    "convolution",
    [
        pytest.param(nn.Conv2d(3, 8, 3), id="plain"),
        pytest.param(nn.Conv2d(3, 8, 3, bias=False), id="without-bias"),
        pytest.param(nn.Conv2d(3, 12, 3, groups=3), id="grouped"),
    ],
)
def test_the_mean_of_each_channel_is_as_before(convolution):
    model, graph = make(convolution)
    settled = take_back_rounding(graph, torch.bfloat16, pixels(6))
    with torch.inference_mode():
        expected = model(pixels(6)).mean(dim=(0, 2, 3))
        # Rounded weights by hand, with the settled biases and without: all else in float32.
        weight = convolution.weight.bfloat16().float()
        means = []
        for source in (graph, settled):
            (node,) = source.findAllNodes("aten::_convolution")
            bias = node.inputsAt(2).toIValue()
            values = nn.functional.conv2d(pixels(6), weight, bias, groups=convolution.groups)
            means.append(values.mean(dim=(0, 2, 3)))
    before, after = ((mean - expected).abs().max() for mean in means)
    # Not all of it: what is learnt is the mean of the whole map, with the edges that a 3 x 3 loses.
    assert after < 0.1 * before


def test_the_graph_is_left_as_it_is_and_float32_changes_nothing():
    model, graph = make(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3))
    text = str(graph)
    settled = take_back_rounding(graph, torch.float32, pixels(2))
    assert str(graph) == text
    with torch.inference_mode():
        scores = build_function(settled, CPU, torch.float32)(pixels(2))
        assert torch.equal(scores, model(pixels(2)))


@pytest.mark.skipif(
    not can_fuse(CPU, torch.bfloat16, torch.channels_last), reason="this torch cannot fuse here"
)
def test_the_starter_comes_nearer_to_float32():
    # A trained network: those with random weights have no errors that point one way.
    model = load_model("starter")
    drawn = draw_probe(model.preprocess.shape, 4)
    values = model.preprocess.normalise(drawn).contiguous(memory_format=torch.channels_last)
    graph = frozen_graph(model.module)
    errors = []
    for source in (graph, take_back_rounding(graph, torch.bfloat16, values[:2])):
        placed = place(source, CPU, torch.bfloat16, torch.channels_last)
        fuse(placed, source)
        with torch.inference_mode():
            scores = as_function(placed)(values.bfloat16()).float()
            errors.append((scores - model.module(values)).abs().mean())
    assert errors[1] < 0.5 * errors[0]


def test_an_answer_does_not_depend_on_how_many_photos_come_with_it():
    """oneDNN takes other kernels for other batches, and half precision shows it."""
    model = load_model("starter")
    engine = open_engine(
        model.module,
        normalise=model.preprocess.normalise,
        image_size=model.preprocess.shape,
        device="cpu",
        precision="bf16",
    )
    pictures = draw_probe(model.preprocess.shape)[:11]
    whole = engine.forward(pictures).scores
    for size in (1, 3, 8):
        parts = torch.cat([engine.forward(part).scores for part in pictures.split(size)])
        assert torch.allclose(parts, whole, atol=1e-5)
