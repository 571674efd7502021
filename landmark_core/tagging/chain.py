"""Cut a scripted model whose graph is of no use by calling its children in order.

Many networks are a chain: features, pooling, classifier. What their forward does between the
children (flatten, average over space, softmax at the end) is tried out and kept only where the
chain gives the very scores of the whole. A network that does more than that cannot be cut so.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

import torch
from torch import Tensor
from torch.jit._fuser import optimized_execution

from landmark_core.model import quiet_torchscript
from landmark_core.tagging.graph import SCRIPT_ERRORS, NoCutError, last_line

_PASSED_OVER = ("AdaptiveAvgPool2d", "AdaptiveMaxPool2d", "Dropout", "Dropout2d", "Identity")

Glue = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One child and what happens to its input first."""

    path: str  # of the child: names joined by dots
    before: Glue


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A model as steps: those that make the activations, and those that make the scores of them."""

    trunk: tuple[Step, ...]
    head: tuple[Step, ...]
    last: Glue  # what turns the last child's output into scores
    module: torch.jit.ScriptModule  # whose children the steps name

    def trunk_on(self, device: torch.device, dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
        """Return the trunk as a function, on a device."""
        copy = copy_module(self.module, device, dtype)

        def run_trunk(pixels: Tensor) -> Tensor:
            return _run(copy, self.trunk, pixels)

        return run_trunk

    def head_on(self, device: torch.device) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Return the head as a function in float32 on a device."""
        copy = copy_module(self.module, device, torch.float32)

        def run_head(_pixels: Tensor, activations: Tensor) -> tuple[Tensor, Tensor]:
            value = _run(copy, self.head, activations)
            return self.last(value), _flat_or_pooled(value)

        return run_head


def cut_children(module: torch.jit.ScriptModule, probe: Tensor) -> Chain:
    """Cut a model between its children, after the last one that makes a feature map.

    Args:
        module: on the CPU, in eval mode.
        probe: (N, 3, H, W) normalised pixels, N >= 2.

    Raises:
        NoCutError: its children in order do not give its scores, or none makes a feature map.
    """
    with torch.inference_mode():
        scores = module(probe)
        steps, values = _follow(module, probe)
        last = _find_last(values[-1], scores)
    # The last value with a spatial extent, before a pooling to fixed size and what only passes on.
    spatial = [i for i, v in enumerate(values) if v.ndim == 4 and v.shape[2] * v.shape[3] > 1]
    while spatial and _part(module, steps[spatial[-1]].path).original_name in _PASSED_OVER:
        spatial.pop()
    if not spatial:
        raise NoCutError("none of its children makes a feature map")
    cut = spatial[-1] + 1
    return Chain(trunk=tuple(steps[:cut]), head=tuple(steps[cut:]), last=last, module=module)


def copy_module(
    module: torch.jit.ScriptModule, device: torch.device, dtype: torch.dtype
) -> torch.nn.Module:
    """Return the module on a device, as a copy made through TorchScript's format where it moves."""
    if device.type == "cpu" and dtype == torch.float32:
        return module  # it lies there already, and nothing here changes it
    buffer = io.BytesIO()
    with quiet_torchscript():
        torch.jit.save(module, buffer)
        buffer.seek(0)
        copy: torch.nn.Module = torch.jit.load(  # type: ignore[no-untyped-call]
            buffer, map_location=device
        )
    return copy.to(dtype).eval()


def _follow(module: torch.jit.ScriptModule, probe: Tensor) -> tuple[list[Step], list[Tensor]]:
    """Call the children in order and return how each was called, and what each returned."""
    steps: list[Step] = []
    values: list[Tensor] = []
    value = probe
    reason = ""
    for path in _links(module, ""):
        child = _part(module, path)
        for before in (_as_it_is, _flat, _pooled):
            try:
                value = child(before(value))
            except (IndexError, *SCRIPT_ERRORS) as error:  # shapes do not fit: try the next glue
                reason = last_line(error)
                continue
            steps.append(Step(path=path, before=before))
            values.append(value)
            break
        else:
            raise NoCutError(f"its part {path} cannot be called on its own: {reason}")
    if not steps:
        raise NoCutError("it has no parts to call one after the other")
    return steps, values


def _links(module: torch.nn.Module, prefix: str) -> Iterator[str]:
    """Yield the paths of the children in order; wrappers and sequences give what they hold."""
    children = list(module.named_children())
    for name, child in children:
        opened = getattr(child, "original_name", "") == "Sequential" or len(children) == 1
        if opened and any(True for _ in child.children()):
            yield from _links(child, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _find_last(value: Tensor, scores: Tensor) -> Glue:
    for last in (_flat_or_pooled, _softmax, _log_softmax):
        guess = last(value)
        if guess.shape == scores.shape and torch.allclose(guess, scores, rtol=1e-4, atol=1e-5):
            return last
    raise NoCutError("its parts, called one after the other, do not give its scores")


def _run(module: torch.nn.Module, steps: tuple[Step, ...], value: Tensor) -> Tensor:
    # No profiling, as in graph.py: the optimising executor compiles again for each new shape.
    with optimized_execution(should_optimize=False):
        for step in steps:
            value = _part(module, step.path)(step.before(value))
    return value


def _part(module: torch.nn.Module, path: str) -> Any:
    """Return the child at a path; ScriptModules do not have get_submodule."""
    return reduce(getattr, path.split("."), module)


def _as_it_is(value: Tensor) -> Tensor:
    return value


def _flat(value: Tensor) -> Tensor:
    return value.flatten(1)


def _pooled(value: Tensor) -> Tensor:
    return value.mean(dim=(2, 3)) if value.ndim == 4 else value


def _flat_or_pooled(value: Tensor) -> Tensor:
    return _pooled(value).flatten(1)


def _softmax(value: Tensor) -> Tensor:
    return _flat_or_pooled(value).softmax(dim=1)


def _log_softmax(value: Tensor) -> Tensor:
    return _flat_or_pooled(value).log_softmax(dim=1)
