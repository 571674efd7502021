"""Make a model of a TorchScript file that carries no card of ours.

What the file does not say is read from its parts, found by running it, or assumed; every guess and
assumption is a note that the user gets to see. Class names come from the file's own `class_names`
or from --classes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import torch

from landmark_core.errors import ConfigError
from landmark_core.model.card import ModelCard, PreprocessSettings, Thresholds
from landmark_core.model.class_names import tidy_class_names
from landmark_core.model.predictor import TakenApart, take_apart
from landmark_core.model.probe import find_input_size, name_output, probe_scores

IMAGENET_RATIO = 256 / 224  # resize over crop
RAW_SIZE = 256  # pixels, side of the square that goes to modules that resize by themselves
RAW_NOTE = (
    "it resizes photos by itself: assumed that it normalises them too and takes pixels in 0..1 "
    f"(centre square of {RAW_SIZE}); heatmaps are laid over that square"
)
RESIZE_NODE = re.compile(r"aten::_?_?(upsample|interpolate)")
CONVOLUTION_NODE = re.compile(r"aten::_?(convolution|conv2d|linear|addmm)")
THRESHOLDS_NOTE = "it carries no thresholds: tagged from a confidence of 0.5, none is no_landmark"


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """A foreign file as a module of ours, with the card that it never had."""

    module: torch.jit.ScriptModule
    card: ModelCard
    notes: tuple[str, ...]


def adopt(
    module: torch.jit.ScriptModule, *, path: str, class_names: Sequence[str] | None
) -> Adopted:
    """Give a foreign module a card.

    Args:
        module: loaded, in eval mode, on the CPU.
        path: of the file; its stem becomes the model's name.
        class_names: from --classes; None takes the file's own.

    Raises:
        ConfigError: if it cannot be run on photos, or class names are missing or do not fit.
    """
    network, converted = _as_float32(module)
    parts = take_apart(network) or _assume(network)
    scores = probe_scores(parts.module, parts.settings.crop_size)  # (3, C)
    guessed, guess = name_output(scores)
    names, named = _choose_names(network, class_names, count=scores.shape[1])
    card = ModelCard(
        name=PurePath(path).stem or "model",
        class_names=names,
        preprocess=parts.settings,
        output=parts.output or guessed,
        thresholds=Thresholds(tagged_from=0.5),
        notes="adopted from a TorchScript file without a card",
    )
    guesses = () if parts.output else (guess,)
    notes = (*converted, *parts.notes, *guesses, *named, THRESHOLDS_NOTE)
    return Adopted(module=parts.module, card=card, notes=notes)


def _as_float32(module: torch.jit.ScriptModule) -> tuple[torch.jit.ScriptModule, tuple[str, ...]]:
    kinds = {value.dtype for value in module.state_dict().values() if value.is_floating_point()}
    others = sorted(str(kind).removeprefix("torch.") for kind in kinds - {torch.float32})
    if not others:
        return module, ()
    return module.float(), (f"its weights are {', '.join(others)}: converted to float32",)


def _assume(module: torch.jit.ScriptModule) -> TakenApart:
    """Treat the module as a bare network that takes ImageNet's preprocessing."""
    size = find_input_size(module)
    if _resizes_first(module):
        settings = PreprocessSettings(
            resize_size=RAW_SIZE, crop_size=RAW_SIZE, mean=(0.0,) * 3, std=(1.0,) * 3
        )
        return TakenApart(module=module, settings=settings, output=None, notes=(RAW_NOTE,))
    settings = PreprocessSettings(resize_size=round(size * IMAGENET_RATIO), crop_size=size)
    assumed = (
        "it does not say how photos are prepared: assumed ImageNet's way "
        f"(short side {settings.resize_size}, centre {size}, ImageNet mean and std), "
        f"{size} being the first usual size that it takes"
    )
    return TakenApart(module=module, settings=settings, output=None, notes=(assumed,))


def _resizes_first(module: torch.jit.ScriptModule) -> bool:
    """Tell whether the module resizes its input before any convolution, as a predictor does."""
    graph = str(module.inlined_graph)
    resize, convolution = RESIZE_NODE.search(graph), CONVOLUTION_NODE.search(graph)
    return bool(resize and convolution and resize.start() < convolution.start())


def _choose_names(
    module: torch.jit.ScriptModule, given: Sequence[str] | None, *, count: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    raw = given if given is not None else _embedded_names(module)
    if raw is None:
        raise ConfigError(
            f"the model gives {count} scores and names no classes: pass --classes FILE with "
            f"{count} names, one a line, in the order of the scores"
        )
    source = "--classes" if given is not None else "its class_names"
    if len(raw) != count:
        raise ConfigError(
            f"expected {count} class names, one for each score, {source} has {len(raw)}"
        )
    names = tidy_class_names(raw)
    note = f"class names come from {source}"
    if names != tuple(raw):
        changed = next(i for i, name in enumerate(names) if name != raw[i])
        note += f", made readable: {raw[changed]!r} reads {names[changed]!r}"
    return names, (note,)


def _embedded_names(module: torch.jit.ScriptModule) -> list[str] | None:
    names = getattr(module, "class_names", None)
    if isinstance(names, list | tuple) and names and all(isinstance(name, str) for name in names):
        return list(names)
    return None
