"""Turn a TorchScript module into a plain graph, and a graph into a function on a device.

The graph is that of the frozen module: inlined, every weight a constant, the pixels its one input.
Functions are made of it directly, so that a model can be cut (cut.py) and its weights placed
without ever touching the caller's module. What is private to torch stands here and in cut.py alone.
TorchScript IR: https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/OVERVIEW.md
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.jit._fuser import optimized_execution

from landmark_core.errors import LandmarkError
from landmark_core.model import quiet_torchscript

# torch's stubs leave most of the graph API out, so graphs, nodes and values are Any here.
Graph = Any
Node = Any
Value = Any


# What running TorchScript raises; its own Error is not a RuntimeError.
SCRIPT_ERRORS = (RuntimeError, torch.jit.Error)


class NoCutError(LandmarkError):
    """This model cannot be cut this way; the message says why."""


class NoMapError(NoCutError):
    """This model cannot be explained in any way: no feature map says where it looked."""


def frozen_graph(module: torch.jit.ScriptModule) -> Graph:
    """Return the module's inlined graph with weights as constants and pixels as its one input.

    Raises:
        NoCutError: the module keeps state that freezing cannot fold, or forward takes more inputs.
    """
    with quiet_torchscript():
        # A frozen module has no `training` any more, and torch refuses to freeze it again.
        frozen = torch.jit.freeze(module) if hasattr(module, "training") else module
    graph = frozen.graph.copy()
    torch._C._jit_pass_inline(graph)  # noqa: SLF001
    owner, *inputs = graph.inputs()
    if len(inputs) != 1:
        raise NoCutError(f"its forward takes {len(inputs)} inputs, expected the pixels alone")
    if owner.uses():
        raise NoCutError("its forward reads or changes attributes that cannot be frozen")
    graph.eraseInput(0)
    _let_gradients_pass(graph)
    return graph


def build_function(
    graph: Graph,
    device: torch.device,
    dtype: torch.dtype,
    layout: torch.memory_format = torch.contiguous_format,
) -> Callable[..., Tensor | tuple[Tensor, ...]]:
    """Return a graph as a function whose weights lie on a device, in one floating type; see place.

    It may be called from several threads at once.
    """
    return as_function(place(graph, device, dtype, layout))


def place(
    graph: Graph,
    device: torch.device,
    dtype: torch.dtype,
    layout: torch.memory_format = torch.contiguous_format,
) -> Graph:
    """Return a copy of a graph whose weights lie on a device, in one floating type.

    Args:
        graph: from frozen_graph or cut_graph; it is left as it is.
        device: where the function will run.
        dtype: floating type of the weights; integers stay integers.
        layout: of the inputs to come; convolutions would turn their weights to it on every call.
    """
    placed = graph.copy()
    if placed.return_node().inputsSize() > 1:
        placed.makeMultiOutputIntoTuple()
    for node in placed.findAllNodes("prim::Constant", recurse=True):
        _place_constant(node, device, dtype, layout)
    return placed


def as_function(graph: Graph) -> Callable[..., Tensor | tuple[Tensor, ...]]:
    """Return a placed graph as a function that may be called from several threads at once."""
    function = torch._C._create_function_from_graph("forward", graph)  # noqa: SLF001

    def run(*inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        # No profiling: the optimising executor compiles again for each new batch shape. The switch
        # is one of the calling thread.
        with optimized_execution(should_optimize=False):
            return function(*inputs)  # type: ignore[no-any-return]

    return run


def last_line(error: BaseException) -> str:
    """Return the line of an error that says why; TorchScript's come with whole source listings."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _let_gradients_pass(graph: Graph) -> None:
    """Drop `with torch.no_grad()` inside the model: whoever runs it decides about gradients."""
    for kind in ("prim::Exit", "prim::Enter"):
        for node in graph.findAllNodes(kind, recurse=True):
            if "no_grad" in str(next(node.inputs()).type()) and not node.hasUses():
                node.destroy()


def _place_constant(
    node: Node, device: torch.device, dtype: torch.dtype, layout: torch.memory_format
) -> None:
    if not node.hasAttribute("value"):
        return
    value = node.output().toIValue()
    if isinstance(value, torch.device):  # traced models write down where they were traced
        node.s_("value", str(device))
    elif isinstance(value, Tensor):
        value = value.detach().to(device, dtype if value.is_floating_point() else None)
        turned = value.ndim == 4 and value.is_floating_point()
        node.t_("value", value.contiguous(memory_format=layout) if turned else value)
