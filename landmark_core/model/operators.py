"""Give old TorchScript files the operators that they name and today's torch lacks.

torchvision 0.10 to 0.13 compiled `torchvision::_interpolate_linear_aa` and
`_interpolate_bicubic_aa` into every scripted `Resize`; torch 1.13 took both over as
aten::_upsample_bilinear2d_aa and _upsample_bicubic2d_aa
(https://github.com/pytorch/vision/pull/6417) and the old names are gone. They are defined here, on
the new kernels, before such a file is loaded. torchvision's other operators come with importing
torchvision.
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib import import_module

import torch
from torch import Tensor
from torch.nn import functional

NAMED_OPERATOR = re.compile(r"\bops\.(\w+)\.(\w+)")  # as TorchScript's serialised code calls them
UNKNOWN_OPERATOR = re.compile(r"Unknown builtin op: ([\w:]+)")  # as torch reports them
REVIVED = ("_interpolate_linear_aa", "_interpolate_bicubic_aa")


def provide_operators(sources: Iterable[str]) -> None:
    """Make the operators known that a file's code names; does nothing for those that are.

    Args:
        sources: the texts of the file's code/*.py members.
    """
    named = {match for text in sources for match in NAMED_OPERATOR.findall(text)}
    names = {name for namespace, name in named if namespace == "torchvision"}
    for name in sorted(names & set(REVIVED)):
        _revive(name)
    if names - set(REVIVED):
        _import_torchvision()


def unknown_operator(error: Exception) -> str | None:
    """Return the operator's name where torch refused a file for an operator it does not know."""
    match = UNKNOWN_OPERATOR.search(str(error))
    return match.group(1) if match else None


@cache  # torch.library refuses to define a name twice
def _revive(name: str) -> None:
    if hasattr(torch.ops.torchvision, name):  # an old torchvision has it
        return
    kernel = _resize_bilinear if name == REVIVED[0] else _resize_bicubic
    torch.library.define(
        f"torchvision::{name}", "(Tensor input, SymInt[] output_size, bool align_corners) -> Tensor"
    )
    torch.library.impl(f"torchvision::{name}", "CompositeImplicitAutograd", kernel)


def _resize_bilinear(image: Tensor, size: list[int], align_corners: bool) -> Tensor:
    return functional.interpolate(  # (N, C, *size)
        image, size, mode="bilinear", align_corners=align_corners, antialias=True
    )


def _resize_bicubic(image: Tensor, size: list[int], align_corners: bool) -> Tensor:
    return functional.interpolate(  # (N, C, *size)
        image, size, mode="bicubic", align_corners=align_corners, antialias=True
    )


def _import_torchvision() -> None:
    try:
        import_module("torchvision")
    except ImportError:
        return  # loading then names the operator that is missing
