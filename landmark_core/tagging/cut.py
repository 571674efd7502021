"""Cut a model's graph in two at the activations that Grad-CAM explains: a trunk and a head.

Hooks do not work on ScriptModules, so the graph is cut instead: trunk(pixels) → activations, and
head(pixels, activations) → (scores, logits). The cut is the last value that every path from the
pixels to the scores goes through and that still has a spatial extent: what feeds the global
pooling, or the last feature map of a network that flattens it. Nothing is guessed from names of
layers: the candidates come from the flow of tensors, their shapes from running a probe.

The head keeps the pixels as an input because `x.view(pixels.size(0), -1)` is common; no tensor
reaches the scores that way.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from landmark_core.tagging.graph import Graph, NoCutError, Node, NoMapError, Value, build_function

_SOFTMAX = {"aten::softmax", "aten::log_softmax", "aten::_softmax", "aten::_log_softmax"}
_RESIZING_POOLS = {"aten::adaptive_avg_pool2d", "aten::adaptive_max_pool2d"}
_ATTENTION = (
    "aten::scaled_dot_product_attention",
    "aten::_native_multi_head_attention",
    "aten::_transformer_encoder_layer_fwd",
    "aten::bmm",
    "aten::baddbmm",
)
# What may stand between activations and logits of a pooled linear head, beside the linear layer.
_POOLING_AND_RESHAPING = {
    "aten::adaptive_avg_pool2d",
    "aten::avg_pool2d",
    "aten::mean",
    "aten::flatten",
    "aten::view",
    "aten::reshape",
    "aten::squeeze",
    "aten::contiguous",
    "aten::dropout",
    "aten::dropout_",
    "aten::feature_dropout",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearHead:
    """logits = weight @ (spatial mean of the activations) + bias."""

    weight: Tensor  # (C, K)
    bias: Tensor  # (C,)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutGraph:
    """Both halves of a model as graphs without attributes: every weight is a constant."""

    trunk: Graph  # pixels -> activations
    head: Graph  # pixels, activations -> scores, logits
    linear: LinearHead | None  # where the head looks like pooling and linear; to be verified


def cut_graph(graph: Graph, probe: Tensor) -> CutGraph:
    """Cut a frozen graph at its last feature map.

    Args:
        graph: from frozen_graph; it is left as it is.
        probe: (N, 3, H, W) normalised pixels to learn shapes from, N >= 2.

    Raises:
        NoCutError: no feature map lies on every path.
        NoMapError: attention comes after the last one.
    """
    place = _last_feature_map(graph, probe)
    _refuse_attention(list(graph.nodes())[place + 1 :])
    head = _head(graph, place)
    return CutGraph(trunk=_trunk(graph, place), head=head, linear=_linear_head(head))


def _last_feature_map(graph: Graph, probe: Tensor) -> int:
    """Return the place, among the top-level nodes, of the one that makes the activations."""
    candidates = _single_crossings(graph)
    shapes = _run_and_measure(graph, candidates, probe)
    nodes = list(graph.nodes())
    spatial: list[int] = []
    for place, shape in zip(candidates, shapes, strict=True):
        if len(shape) != 4 or shape[0] != len(probe):
            continue
        if shape[2:] == (1, 1):
            break  # pooled: what has four dimensions after it is a vector in disguise
        spatial.append(place)
    if not spatial:
        raise NoCutError("it has no feature map that all of its scores depend on")
    last = spatial[-1]
    # A pooling that only brings maps to a fixed size would blur them: what feeds it is wanted.
    if nodes[last].kind() in _RESIZING_POOLS and len(spatial) > 1:
        last = spatial[-2]
    return last


def _single_crossings(graph: Graph) -> list[int]:
    """Return the places of nodes whose one output carries everything from the pixels to the scores.

    Nodes stand in order of execution, so a node is such a bottleneck exactly when no edge of a path
    from the pixels to the scores jumps over it.
    """
    nodes = list(graph.nodes())
    made_at = {value.debugName(): -1 for value in graph.inputs()}
    edges: list[list[int]] = []
    for place, node in enumerate(nodes):
        edges.append(sorted({made_at[name] for name in _tensors_read(node) if name in made_at}))
        if edges[-1]:  # only what depends on the pixels is followed
            made_at |= {v.debugName(): place for v in node.outputs() if _carries_tensors(v)}
    needed = {made_at[v.debugName()] for v in graph.outputs() if v.debugName() in made_at}
    jumped: set[int] = set()
    for place in range(len(nodes) - 1, -1, -1):
        if place in needed:
            needed.update(edges[place])
            jumped.update(range(edges[place][0] + 1, place))
    return [
        place
        for place in sorted(needed - jumped - {-1})
        if nodes[place].outputsSize() == 1 and str(nodes[place].output().type()) == "Tensor"
    ]


def _tensors_read(node: Node) -> Iterable[str]:
    """Yield the names of the values with tensors that a node, or a block inside it, reads."""
    for value in node.inputs():
        if _carries_tensors(value):
            yield value.debugName()
    for block in node.blocks():
        for value in block.outputs():
            yield value.debugName()
        for inner in block.nodes():
            yield from _tensors_read(inner)


def _carries_tensors(value: Value) -> bool:
    return "Tensor" in str(value.type())  # also List[Tensor], Optional[Tensor] and tuples


def _run_and_measure(graph: Graph, places: list[int], probe: Tensor) -> list[tuple[int, ...]]:
    """Return the shapes of the outputs of some nodes when the probe goes through."""
    measured = graph.copy()
    nodes = list(measured.nodes())
    for place in places:
        measured.registerOutput(nodes[place].output())
    with torch.inference_mode():
        outputs = build_function(measured, probe.device, probe.dtype)(probe)
    seen = outputs[1:] if isinstance(outputs, tuple) else ()
    return [tuple(value.shape) for value in seen]


def _refuse_attention(nodes: list[Node]) -> None:
    """A map that attention mixes again does not say where the network looked."""
    for node in nodes:
        mixes = node.kind() in _ATTENTION or any(
            inner.kind() in _ATTENTION for inner in _inner_nodes(node)
        )
        two_inputs = node.kind() == "aten::matmul" and not any(
            value.node().kind() == "prim::Constant" for value in node.inputs()
        )
        if mixes or two_inputs:
            raise NoMapError("attention follows its last feature map, as in a vision transformer")


def _inner_nodes(node: Node) -> Iterable[Node]:
    for block in node.blocks():
        for inner in block.nodes():
            yield inner
            yield from _inner_nodes(inner)


def _trunk(graph: Graph, place: int) -> Graph:
    trunk = graph.copy()
    nodes = list(trunk.nodes())
    trunk.eraseOutput(0)
    trunk.registerOutput(nodes[place].output())
    _drop_unused(nodes[place + 1 :])
    return trunk


def _head(graph: Graph, place: int) -> Graph:
    head = graph.copy()
    nodes = list(head.nodes())
    nodes[place].output().replaceAllUsesWith(head.addInput("activations"))
    head.registerOutput(_logits(next(head.outputs())))
    _drop_unused(nodes[: place + 1])
    return head


def _drop_unused(nodes: list[Node]) -> None:
    """Drop what only the other half needs.

    torch's own elimination of dead code would keep checks of shapes and whatever works in place,
    and with them nearly all of the other half.
    """
    for node in reversed(nodes):
        if not node.hasUses():
            node.destroy()


def _logits(scores: Value) -> Value:
    """Return what goes into the softmax that ends the model, or the scores where there is none."""
    while scores.node().kind() in _SOFTMAX:
        scores = next(scores.node().inputs())
    return scores


def _linear_head(head: Graph) -> LinearHead | None:
    """Read weight and bias where only pooling, reshaping and one linear layer make the logits."""
    value = list(head.outputs())[1]
    linear: LinearHead | None = None
    while value.debugName() != "activations":
        node = value.node()
        if node.kind() in ("aten::linear", "aten::addmm") and linear is None:
            linear, value = _read_linear(node)
            if linear is None:
                return None
        elif node.kind() in _POOLING_AND_RESHAPING:
            value = next(node.inputs())
        else:
            return None
    return linear


def _read_linear(node: Node) -> tuple[LinearHead | None, Value]:
    """Return the constants of a linear layer, None where they are computed, and its input."""
    first, second, third = list(node.inputs())[:3]
    if node.kind() == "aten::addmm":  # bias, input, transposed weight
        source, weight, bias = second, third.toIValue(), first.toIValue()
        weight = weight.t() if isinstance(weight, Tensor) else None
    else:
        source, weight, bias = first, second.toIValue(), third.toIValue()
    if not isinstance(weight, Tensor):
        return None, source
    bias = bias if isinstance(bias, Tensor) else weight.new_zeros(len(weight))
    return LinearHead(weight=weight.detach().float(), bias=bias.detach().float()), source
