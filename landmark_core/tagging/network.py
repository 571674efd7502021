"""Take a scripted model apart into a trunk and a head, by the fastest exact way that it allows.

    closed_form   graph cut before [global average pooling → linear]: maps follow from the weights
    tapped_graph  graph cut before any other head: maps follow from the head's gradient
    submodules    no usable graph: the children called in order, cut the same way
    none          no feature map to explain (vision transformers): tags only, and the reason

A cut is taken only after the halves together gave the scores of the whole on a probe, and a closed
form only after it gave the head's logits on random activations: a wrong guess costs speed, it never
gives a wrong map.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor

from landmark_core.errors import ConfigError
from landmark_core.tagging.chain import Chain, copy_module, cut_children
from landmark_core.tagging.cut import CutGraph, LinearHead, cut_graph
from landmark_core.tagging.graph import (
    SCRIPT_ERRORS,
    NoCutError,
    NoMapError,
    build_function,
    frozen_graph,
    last_line,
)
from landmark_core.tagging.trunk import AGREEMENT, Trunk, build_trunk, distance

Way = Literal["closed_form", "tapped_graph", "submodules"]
WAYS: tuple[Way, ...] = ("closed_form", "tapped_graph", "submodules")

Head = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

# Convolutions are up to three times as fast on the first; a model that uses `view` on its feature
# maps may refuse it.
_LAYOUTS = (torch.channels_last, torch.contiguous_format)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A model on its device, ready to run."""

    way: Way | None  # how its scores are explained; null where they cannot be
    reason: str | None  # why they cannot be; null where they can
    trunk: Trunk  # normalised (N, 3, H, W) -> (N, K, h, w), or (N, C) scores where there is no head
    head: Head | None  # stand-in of the pixels, float32 activations -> (N, C) scores and logits
    linear: LinearHead | None  # for the closed form
    layout: torch.memory_format  # of the pixels that the trunk takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A model taken apart and verified on the CPU, to be built for any device and precision."""

    way: Way | None
    reason: str | None
    linear: LinearHead | None
    layout: torch.memory_format
    trunk_on: Callable[[torch.device, torch.dtype], Trunk]
    head_on: Callable[[torch.device], Head] | None

    def build(self, device: torch.device, dtype: torch.dtype) -> Network:
        """Place the model; the trunk computes in dtype, the head always in float32."""
        linear = self.linear
        if linear is not None:
            linear = LinearHead(weight=linear.weight.to(device), bias=linear.bias.to(device))
        return Network(
            way=self.way,
            reason=self.reason,
            trunk=self.trunk_on(device, dtype),
            head=self.head_on(device) if self.head_on else None,
            linear=linear,
            layout=self.layout,
        )


def take_apart(
    module: torch.jit.ScriptModule, probe: Tensor, ways: Sequence[Way] = WAYS
) -> Blueprint:
    """Return the blueprint for the first of the ways that is exact for this model.

    Args:
        module: on the CPU, in eval mode; normalised (N, 3, H, W) -> (N, C). It is left as it is.
        probe: (N, 3, H, W) normalised float32 pixels, N >= 2, at the model's input size.
        ways: those to try, in the order of WAYS.

    Raises:
        ConfigError: the model does not turn its own input size into (N, C) scores.
    """
    scores = _scores_of(module, probe)
    reasons: list[str] = []
    for cut in (_from_graph, _from_children):
        for layout in _LAYOUTS:
            turned = probe.contiguous(memory_format=layout)
            try:
                return cut(module, turned, scores, ways, layout)
            except NoMapError as error:
                return _whole(module, probe, scores, str(error))
            except (NoCutError, AttributeError, *SCRIPT_ERRORS) as error:
                # AttributeError: this torch has no such graph functions. The rest: it refuses.
                reasons.append(last_line(error))
    return _whole(module, probe, scores, "; ".join(dict.fromkeys(reasons)))


def _scores_of(module: torch.jit.ScriptModule, probe: Tensor) -> Tensor:
    try:
        with torch.inference_mode():
            scores = module(probe)
    except SCRIPT_ERRORS as error:
        raise ConfigError(
            f"the model fails on pixels of shape {tuple(probe.shape)}: {last_line(error)}"
        ) from error
    if not isinstance(scores, Tensor) or scores.ndim != 2 or len(scores) != len(probe):
        got = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise ConfigError(f"expected ({len(probe)}, C) scores from the model, got {got}")
    return scores


def _from_graph(
    module: torch.jit.ScriptModule,
    probe: Tensor,
    scores: Tensor,
    ways: Sequence[Way],
    layout: torch.memory_format,
) -> Blueprint:
    if "closed_form" not in ways and "tapped_graph" not in ways:
        raise NoCutError("its graph is not to be used")
    cut = cut_graph(frozen_graph(module), probe)
    head = _head_of(cut)
    plain = cast("Trunk", build_function(cut.trunk, probe.device, probe.dtype, layout))
    activations = _verify(plain, head(probe.device), probe, scores)
    linear = cut.linear if "closed_form" in ways else None
    if linear is not None and not _is_closed_form(linear, head(probe.device), probe, activations):
        linear = None
    if linear is None and "tapped_graph" not in ways:
        raise NoCutError("its head is not global average pooling and one linear layer")
    return Blueprint(
        way="closed_form" if linear is not None else "tapped_graph",
        reason=None,
        linear=linear,
        layout=layout,
        trunk_on=lambda device, dtype: build_trunk(cut.trunk, device, dtype, layout, probe),
        head_on=head,
    )


def _head_of(cut: CutGraph) -> Callable[[torch.device], Head]:
    def build(device: torch.device) -> Head:
        head = cast("Head", build_function(cut.head, device, torch.float32))
        if cut.linear is not None:  # pooling comes first, and takes every layout
            return head
        # A head may begin with `view`, which refuses channels_last.
        return lambda pixels, activations: head(pixels, activations.contiguous())

    return build


def _from_children(
    module: torch.jit.ScriptModule,
    probe: Tensor,
    scores: Tensor,
    ways: Sequence[Way],
    layout: torch.memory_format,
) -> Blueprint:
    if "submodules" not in ways:
        raise NoCutError("its children are not to be called")
    chain: Chain = cut_children(module, probe)
    _verify(chain.trunk_on(probe.device, probe.dtype), chain.head_on(probe.device), probe, scores)
    return Blueprint(
        way="submodules",
        reason=None,
        linear=None,
        layout=layout,
        trunk_on=chain.trunk_on,
        head_on=chain.head_on,
    )


def _whole(module: torch.jit.ScriptModule, probe: Tensor, scores: Tensor, reason: str) -> Blueprint:
    """Return the model in one piece: it tags, and explains nothing."""
    layout = _LAYOUTS[0]

    def build(device: torch.device, dtype: torch.dtype) -> Trunk:
        try:
            return build_trunk(frozen_graph(module), device, dtype, layout, probe)
        except (NoCutError, AttributeError, *SCRIPT_ERRORS):  # as in take_apart
            return cast("Trunk", copy_module(module, device, dtype))

    try:
        with torch.inference_mode():
            again = build(probe.device, probe.dtype)(probe.contiguous(memory_format=layout))
        usable = _are_same(again, scores)
    except SCRIPT_ERRORS:
        usable = False
    if not usable:
        layout = _LAYOUTS[1]
    return Blueprint(
        way=None, reason=reason, linear=None, layout=layout, trunk_on=build, head_on=None
    )


def stand_in(shape: Sequence[int], device: torch.device) -> Tensor:
    """Return what a head gets for pixels: zeros of their shape, which is all that it looks at.

    Args:
        shape: (N, 3, H, W).
        device: where the head lies.
    """
    return torch.zeros(1, device=device).expand(*shape)  # one number in memory


def _verify(trunk: Trunk, head: Head, probe: Tensor, scores: Tensor) -> Tensor:
    """Return the probe's activations; refuse halves that do not give the scores of the whole."""
    with torch.inference_mode():
        activations = trunk(probe)
        again, logits = head(stand_in(probe.shape, probe.device), activations)
    if not _are_same(again, scores):
        raise NoCutError("its two halves do not give its scores")
    if logits.shape != scores.shape:
        raise NoCutError(f"expected {tuple(scores.shape)} logits, got {tuple(logits.shape)}")
    return activations


def _is_closed_form(linear: LinearHead, head: Head, probe: Tensor, activations: Tensor) -> bool:
    """Tell whether the logits are the linear layer of the spatial mean, for any activations."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(activations.shape, generator=generator)
    with torch.inference_mode():
        _, logits = head(stand_in(probe.shape, probe.device), noise)
        if linear.weight.shape != (logits.shape[1], noise.shape[1]):
            return False
        expected = noise.mean(dim=(2, 3)) @ linear.weight.t() + linear.bias
    return _are_same(logits, expected)


def _are_same(values: Tensor, expected: Tensor) -> bool:
    """Tell whether values agree; folded batch norms and other sums move float32's last digits."""
    return distance(values, expected) <= AGREEMENT
