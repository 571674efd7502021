"""Read the convolutions of a frozen graph: weights, biases and geometry, as far as constant."""

from dataclasses import dataclass

import torch

from landmark_core.tagging.graph import Graph, Node

CONVOLUTIONS = ("aten::conv2d", "aten::_convolution", "aten::convolution")


@dataclass(frozen=True, slots=True, kw_only=True)
class Convolution:
    """What a convolution node says, where all but its input is constant."""

    node: Node
    weight: torch.Tensor  # (K, C / groups, h, w), in the type and layout that it runs in
    bias: torch.Tensor | None  # (K,)
    padding: list[int]
    stride: list[int]
    dilation: list[int]
    groups: int


def find_convolutions(graph: Graph) -> list[Convolution]:
    """Return the convolutions at the top level of a graph, in order of their kinds."""
    nodes = (node for kind in CONVOLUTIONS for node in graph.findAllNodes(kind, recurse=False))
    return [convolution for node in nodes if (convolution := _read(node)) is not None]


def _read(node: Node) -> Convolution | None:
    """Return what the node says, None where it is not an ordinary convolution in two dimensions."""
    inputs = list(node.inputs())
    weight = inputs[1].toIValue()
    rest = [value.toIValue() for value in inputs[3:]]
    # conv2d: stride, padding, dilation, groups; the others: ..., transposed, output padding, groups
    groups = rest[3] if node.kind() == "aten::conv2d" else rest[5]
    if node.kind() != "aten::conv2d" and rest[3] is not False:
        return None
    lists = [as_pair(value) for value in rest[:3]]
    constant = inputs[2].node().kind() == "prim::Constant"
    if not isinstance(weight, torch.Tensor) or weight.ndim != 4 or not constant:
        return None
    if any(pair is None for pair in lists) or not isinstance(groups, int):
        return None
    stride, padding, dilation = (pair for pair in lists if pair is not None)
    return Convolution(
        node=node,
        weight=weight,
        bias=inputs[2].toIValue(),
        padding=padding,
        stride=stride,
        dilation=dilation,
        groups=groups,
    )


def as_pair(value: object) -> list[int] | None:
    """Return the two numbers that one or two stand for; None for what is not that."""
    if not isinstance(value, list | tuple) or len(value) not in (1, 2):
        return None  # "same", or not known before the model runs
    return [int(number) for number in (*value, *value)][:2]
