"""Let oneDNN do in one pass over the memory what a trunk's graph does in several; on CPUs alone.

On one thread half of a MobileNetV2's time goes into activations: each is a pass of its own over
feature maps that no longer lie in the cache. oneDNN applies them while it writes what a convolution
gives (https://uxlfoundation.github.io/oneDNN/dev_guide_attributes_post_ops.html), and torch has
operators for that, made for its compiler (aten/src/ATen/native/mkldnn/Conv.cpp):

    convolution + activation          mkldnn::_convolution_pointwise
    convolution + sum (+ relu)        mkldnn::_convolution_pointwise.binary, ..._.binary in place
    weights                           turned to oneDNN's blocks once, instead of at each call
    pooling to 1 x 1, sums, products  the kernel that reads bfloat16 as it is; in place where nobody
                                      else looks, so that no fresh memory has to be faulted in

Weights have to be constants and placed (graph.place). The operators are private to torch, so what
comes out is taken only after it gave what the plain graph gives, see network.py. Gradients do not
go through it.
"""

import itertools
from dataclasses import replace
from typing import Any

import torch

from landmark_core.tagging.convolutions import (
    CONVOLUTIONS,
    Convolution,
    as_pair,
    find_convolutions,
)
from landmark_core.tagging.graph import Graph, Node, Value

# What may follow: oneDNN's name for it, how many constants it takes, and torch's name of a variant.
_ACTIVATIONS = {
    "aten::relu": ("relu", 0),
    "aten::relu6": ("hardtanh", 0),
    "aten::hardtanh": ("hardtanh", 2),
    "aten::clamp": ("hardtanh", 2),
    "aten::hardswish": ("hardswish", 0),
    "aten::hardsigmoid": ("hardsigmoid", 0),
    "aten::sigmoid": ("sigmoid", 0),
    "aten::silu": ("swish", 0),
    "aten::leaky_relu": ("leaky_relu", 1),
    "aten::gelu": ("gelu", 0),
}
_FUSED = "mkldnn::_convolution_pointwise"
_FUSED_IN_PLACE = "mkldnn::_convolution_pointwise_"
Activation = tuple[str, list[float], str]  # oneDNN's name, its constants, its variant
_NO_ACTIVATION: Activation = ("none", [], "")
# Whose result nobody else holds, and who reads without keeping hold of what they read.
_CALCULATIONS = {_FUSED, _FUSED_IN_PLACE, *CONVOLUTIONS, "aten::add", "aten::max_pool2d"}
_FRESH = _CALCULATIONS | {"aten::batch_norm", "aten::cat"}
_READERS = _CALCULATIONS | {"aten::_adaptive_avg_pool2d", "aten::mean", "aten::size", "aten::dim"}
_IN_PLACE = ("aten::relu", "aten::hardtanh", "aten::relu6", "aten::clamp", "aten::hardswish")


def can_fuse(device: torch.device, dtype: torch.dtype, layout: torch.memory_format) -> bool:
    """Tell whether torch has the operators here, and whether they win for this type and layout."""
    return (
        device.type == "cpu"
        and dtype in (torch.float32, torch.bfloat16)
        and layout == torch.channels_last
        and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and hasattr(torch.ops.mkldnn, "_convolution_pointwise")
        and hasattr(torch.ops.mkldnn, "_reorder_convolution_weight")
    )


def fuse(graph: Graph, exact: Graph, *, sums: bool = True) -> None:
    """Rewrite a placed graph in place.

    Args:
        graph: a trunk from graph.place; its constants lie on the CPU.
        exact: the graph that it was placed from, whose biases are float32. They stay so: oneDNN
            adds them before it rounds.
        sums: whether convolutions may take in the sum that follows; one that spreads a smaller
            summand over a larger one makes torch refuse.
    """
    # Paired before anything moves; both have the same nodes in the same order.
    pairs = zip(find_convolutions(graph), find_convolutions(exact), strict=True)
    convolutions = [replace(mine, bias=other.bias) for mine, other in pairs]
    if sums:
        _bring_sums_together(graph, convolutions)
    for convolution in convolutions:
        _fuse_one(graph, convolution, sums=sums)
    _average_without_casts(graph)
    _work_in_place(graph)


def _only_user(value: Value) -> Node | None:
    """Return the node that alone reads a value, where it runs whenever the value is made."""
    uses = value.uses()
    if len(uses) != 1 or uses[0].user.kind() == "prim::Return":
        return None
    user = uses[0].user
    return user if user.owningBlock() == value.node().owningBlock() else None


def _bring_sums_together(graph: Graph, convolutions: list[Convolution]) -> None:
    """Move each convolution next to the sum that alone reads it, where torch finds that exact."""
    aliases = graph.alias_db()
    for convolution in convolutions:
        total = _sum_after(convolution)
        if total is not None:
            aliases.move_before_topologically_valid(convolution.node, total)


def _sum_after(convolution: Convolution) -> Node | None:
    user = _only_user(convolution.node.output())
    if user is None or user.kind() not in ("aten::add", "aten::add_"):
        return None
    first, second, factor = user.inputs()
    tensors = str(first.type()) == "Tensor" == str(second.type())
    return user if tensors and factor.toIValue() == 1 else None


def _fuse_one(graph: Graph, convolution: Convolution, *, sums: bool) -> None:
    node = convolution.node
    total = _sum_after(convolution) if sums else None
    if total is not None and _fuse_sum(graph, convolution, total):
        return
    pixels = next(node.inputs())
    activation, (name, numbers, variant) = _activation_after(node.output())
    arguments = _arguments(graph, convolution, convolution.bias, before=node)
    post = [name, _scalars(graph, numbers, before=node), variant]
    _replace([node, activation], _insert(graph, node, _FUSED, [pixels, *arguments, *post]))


def _fuse_sum(graph: Graph, convolution: Convolution, total: Node) -> bool:
    """Let a convolution take in the sum right after it; tell whether that was possible."""
    node = convolution.node
    pixels = next(node.inputs())
    first, second, _ = total.inputs()
    is_first = first.debugName() == node.output().debugName()
    other = second if is_first else first
    # What the convolution reads may not be overwritten while it does so.
    free = _is_free(other, total) and other.debugName() != pixels.debugName()
    changes_other = total.kind() == "aten::add_" and not is_first  # for all who read it later
    if not _comes_right_before(node, total) or (changes_other and not free):
        return False
    activation, (name, *_) = _activation_after(total.output())
    relu = activation if name == "relu" else None  # the one that may follow a sum
    # This operator wants one type for all.
    bias = None if convolution.bias is None else convolution.bias.to(convolution.weight.dtype)
    arguments = _arguments(graph, convolution, bias, before=total)
    empty = _scalars(graph, [], before=total)
    tail = [*arguments, "add", None, "relu" if relu else None, empty, None]
    kind, tensors = (_FUSED_IN_PLACE, [other, pixels]) if free else (_FUSED, [pixels, other])
    _replace([node, total, relu], _insert(graph, total, kind, [*tensors, *tail]))
    return True


def _comes_right_before(node: Node, later: Node) -> bool:
    while (later := later.prev()).kind() == "prim::Constant":
        pass
    return bool(later == node)


def _activation_after(value: Value) -> tuple[Node | None, Activation]:
    """Return the node that turns a value into its activation, if any, and what oneDNN calls it."""
    user = _only_user(value)
    kind = user.kind().removesuffix("_") if user is not None else ""
    if user is None or kind not in _ACTIVATIONS:
        return None, _NO_ACTIVATION
    name, count = _ACTIVATIONS[kind]
    numbers = [number.toIValue() for number in list(user.inputs())[1 : 1 + count]]
    if not all(isinstance(number, int | float) for number in numbers):
        return None, _NO_ACTIVATION  # clamp with one bound, or bounds that the model computes
    if kind == "aten::relu6":
        numbers = [0.0, 6.0]
    variant = list(user.inputs())[1].toIValue() if kind == "aten::gelu" else ""
    return user, (name, [float(number) for number in numbers], variant)


def _arguments(
    graph: Graph, convolution: Convolution, bias: torch.Tensor | None, *, before: Node
) -> list[Any]:
    """Return what all of the operators take after the pixels, the weight turned to blocks."""
    given = (convolution.padding, convolution.stride, convolution.dilation, convolution.groups)
    weight = graph.create("prim::Constant", [], 1)
    blocks = torch.ops.mkldnn._reorder_convolution_weight(convolution.weight, *given)  # noqa: SLF001
    weight.t_("value", blocks)
    weight.insertBefore(before)
    return [weight.output(), bias, *given]


def _scalars(graph: Graph, numbers: list[float], *, before: Node) -> Value:
    graph.setInsertPoint(before)
    values = graph.create("prim::ListConstruct", [graph.insertConstant(n) for n in numbers], 1)
    number = torch._C.OptionalType(torch._C.NumberType.get())  # noqa: SLF001
    values.output().setType(torch._C.ListType(number))  # noqa: SLF001
    values.insertBefore(before)
    return values.output()


def _insert(graph: Graph, before: Node, kind: str, inputs: list[Any]) -> Value:
    """Insert a node; what is no value of the graph yet becomes a constant of it."""
    graph.setInsertPoint(before)
    values = [v if isinstance(v, torch._C.Value) else graph.insertConstant(v) for v in inputs]  # noqa: SLF001
    node = graph.create(kind, values, 1)
    node.insertBefore(before)
    return node.output()


def _replace(nodes: list[Node | None], value: Value) -> None:
    """Put a value where the result of the last of some nodes was, and drop those nodes."""
    there = [node for node in nodes if node is not None]
    there[-1].output().replaceAllUsesWith(value)
    for node in reversed(there):
        sources = [source.node() for source in node.inputs()]
        node.destroy()
        for source in dict.fromkeys(sources):  # weights that only this node read
            if source.kind() == "prim::Constant" and not source.hasUses():
                source.destroy()


def _is_free(value: Value, node: Node) -> bool:
    """Tell whether a node may overwrite a value: nobody holds it, nobody reads it after."""
    if value.node().kind() not in _FRESH:
        return False
    others = [use.user for use in value.uses() if use.user != node]
    return all(user.kind() in _READERS and user.isBefore(node) for user in others)


def _average_without_casts(graph: Graph) -> None:
    """Average over space by the kernel for any grid, which reads bfloat16 channels last as it is.

    For a grid of 1 x 1 torch takes the one for sums, which casts the whole map to float32 first.
    """
    for node in graph.findAllNodes("aten::adaptive_avg_pool2d", recurse=False):
        value, grid = node.inputs()
        if as_pair(grid.toIValue()) == [1, 1]:
            _replace([node], _insert(graph, node, "aten::_adaptive_avg_pool2d", [value, [1, 1]]))


def _work_in_place(graph: Graph) -> None:
    """Let what stands alone between convolutions overwrite its input where that is free."""
    for kind in _IN_PLACE:
        for node in graph.findAllNodes(kind, recurse=False):
            values = list(node.inputs())
            if _is_free(values[0], node):
                _replace([node], _insert(graph, node, f"{kind}_", values))
    for node in graph.findAllNodes("aten::mul", recurse=False):
        # A squeeze-and-excitation block: the gate is the one that was squeezed out of the features.
        for gate, features in itertools.permutations(node.inputs()):
            if _is_squeezed(gate) and _is_free(features, node):
                _replace([node], _insert(graph, node, "aten::mul_", [features, gate]))
                break


def _is_squeezed(gate: Value) -> bool:
    """Tell whether a value comes from a pooling to 1 x 1, through convolutions alone."""
    node = gate.node()
    while node.kind() in (_FUSED, "aten::sigmoid", "aten::hardsigmoid"):
        node = next(node.inputs()).node()
    return bool(node.kind() == "aten::_adaptive_avg_pool2d")
