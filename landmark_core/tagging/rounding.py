"""Make up for what rounding its weights does to a network, before it runs in half precision.

A rounded weight is wrong by the same part for each photo, and activations after a ReLU are positive
on average: so the mean of each channel moves, and all layers after it see another picture. That was
most of bfloat16's error in MobileNetV2's logits. The mean is known, the shift follows from it and
is taken out of the bias (Nagel et al. 2019, section 4.2, https://arxiv.org/abs/1906.04721, there
for 8-bit integers and with means from batch norms). It costs nothing when the network runs.
"""

import torch
from torch import Tensor

from landmark_core.tagging.convolutions import Convolution, find_convolutions
from landmark_core.tagging.graph import Graph, build_function


def take_back_rounding(graph: Graph, dtype: torch.dtype, pixels: Tensor) -> Graph:
    """Return a copy of a float32 graph whose biases are right for weights rounded to a type.

    Args:
        graph: from frozen_graph or cut_graph, its weights on the CPU; it is left as it is.
        dtype: what its weights will be rounded to.
        pixels: (N, 3, H, W) normalised float32 pixels to learn the means of the channels from.
    """
    settled = graph.copy()
    means = _measure_means(graph, pixels)
    for convolution, mean in zip(find_convolutions(settled), means, strict=True):
        node = convolution.node
        shift = _shift(convolution, dtype, mean)
        bias = -shift if convolution.bias is None else convolution.bias - shift
        settled.setInsertPoint(node)
        node.replaceInput(2, settled.insertConstant(bias))
    return settled


def _shift(convolution: Convolution, dtype: torch.dtype, mean: Tensor) -> Tensor:
    """Return by how much the mean of each of a convolution's K channels moves: (K,) float32."""
    weight, groups = convolution.weight, convolution.groups
    moved = (weight.to(dtype).float() - weight).sum(dim=(2, 3))  # (K, C / groups)
    moved = moved.view(groups, len(weight) // groups, -1)
    return (moved * mean.view(groups, 1, -1)).sum(dim=2).flatten()


def _measure_means(graph: Graph, pixels: Tensor) -> list[Tensor]:
    """Return the mean of each channel that each convolution reads: (C,) float32, in their order."""
    measured = graph.copy()
    for convolution in find_convolutions(measured):
        node = convolution.node
        measured.setInsertPoint(node)
        arguments = [measured.insertConstant(value) for value in ([0, 2, 3], False, None)]
        # Right before the convolution: what it reads may be overwritten after.
        mean = measured.create("aten::mean", [next(node.inputs()), *arguments], 1)
        mean.insertBefore(node)
        measured.registerOutput(mean.output())
    run = build_function(measured, pixels.device, pixels.dtype, torch.channels_last)
    with torch.inference_mode():
        outputs = run(pixels)
    # Cloned outside of inference mode: what was made there may not become a constant.
    return [mean.clone() for mean in outputs[1:]] if isinstance(outputs, tuple) else []
