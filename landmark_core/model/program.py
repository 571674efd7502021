"""Turn a network into a .pt2 file of torch.export, and such a file into a module that runs here.

The exported graph names operators of ATen alone (https://docs.pytorch.org/docs/stable/export.html).
It is scripted as it stands, sizes of the batch being read from the input again, so that the tagger
gets the same kind of module from both formats: every way of explaining works, the scores are those
of the TorchScript twin. torch does not promise that a later version loads a .pt2 file of today.
"""

import io
import logging
import operator
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, fx, nn

from landmark_core.errors import ConfigError
from landmark_core.model.probe import last_line
from landmark_core.model.torchscript import SCRIPT_ERRORS

EXAMPLE_PHOTOS = 2  # 1 would let the exporter take the batch for a constant


def export_program(network: nn.Module, size: int, extra_files: Mapping[str, str]) -> bytes:
    """Export a network with a free batch dimension.

    Args:
        network: on the CPU, in eval mode; normalised (N, 3, H, W) -> (N, C).
        size: pixels, H and W.
        extra_files: texts to put into the file.

    Raises:
        ConfigError: if torch cannot follow its forward for every batch size.
    """
    example = torch.zeros(EXAMPLE_PHOTOS, 3, size, size)
    try:
        with _quiet_export(), torch.no_grad():
            program = torch.export.export(
                network, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},)
            )
    except Exception as error:  # its errors share no base class
        raise ConfigError(f"torch.export cannot export it: {last_line(error)}") from error
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # source lines and paths of this machine
    buffer = io.BytesIO()
    with _quiet_export():
        torch.export.save(program, buffer, extra_files=dict(extra_files))
    return buffer.getvalue()


def load_program(data: bytes) -> torch.jit.ScriptModule:
    """Load a .pt2 file as a module on the CPU, in eval mode.

    Args:
        data: the file, as program_archive made it harmless.

    Raises:
        ConfigError: if torch cannot load it, or it is not a network of one input and one output.
    """
    try:
        with _quiet_export():
            program = torch.export.load(io.BytesIO(data))
            module = program.module()
    except Exception as error:  # a file that another version wrote can fail anywhere
        raise ConfigError(
            f"torch {torch.__version__} cannot load it ({last_line(error)}): .pt2 files may only "
            "load with the version that wrote them; take the TorchScript file beside it"
        ) from error
    try:
        with _quiet_export():  # it warns of annotations that graph modules come with
            scripted: torch.jit.ScriptModule = torch.jit.script(_plain_module(module))
    except (*SCRIPT_ERRORS, NotImplementedError) as error:
        raise ConfigError(f"its graph cannot be scripted: {last_line(error)}") from error
    return scripted.eval()


def _plain_module(module: fx.GraphModule) -> fx.GraphModule:
    """Return the graph with operators that TorchScript knows, for one tensor in and one out."""
    graph = module.graph
    for node in list(graph.nodes):
        if node.op == "call_module" and not node.users:  # guards on the shape of the input
            graph.erase_node(node)
        elif node.op == "call_function":
            _name_operator(node)
        elif node.op == "output":
            (results,) = node.args
            if not isinstance(results, tuple | list) or len(results) != 1:
                raise ConfigError("expected one result, the scores, from its forward")
            node.args = (results[0],)
    if sum(node.op == "placeholder" for node in graph.nodes) != 1:
        raise ConfigError("expected one input, the pixels, of its forward")
    graph.set_codegen(fx.graph.CodeGen())  # arguments as they are, in no nested structure
    return fx.GraphModule(module, graph)


def _name_operator(node: fx.Node) -> None:
    if node.target is torch.ops.aten.sym_size.int:
        node.op, node.target = "call_method", "size"
    elif isinstance(node.target, torch._ops.OpOverload):  # noqa: SLF001
        node.target = node.target.overloadpacket  # TorchScript chooses the overload itself
    elif getattr(operator, getattr(node.target, "__name__", ""), None) is not node.target:
        raise ConfigError(f"its graph calls {node.target}, expected operators of ATen alone")


def same_scores(one: Tensor, other: Tensor, tolerance: float) -> bool:
    """Tell whether scores agree to a tolerance, of 1 or of the largest score."""
    if one.shape != other.shape:
        return False
    return bool((one - other).abs().max() <= tolerance * other.abs().max().clamp(min=1))


@contextmanager
def _quiet_export() -> Iterator[None]:
    """Silence what torch says while it exports and loads; its errors carry what matters."""
    loggers = [logging.getLogger(name) for name in ("torch.export", "torch._export")]
    levels = [each.level for each in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for each in loggers:
            each.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for each, level in zip(loggers, levels, strict=True):
                each.setLevel(level)
