"""How a network is trained: every number of it, in one frozen record.

A recipe can be written down as TOML (`docs/recipes`); what is absent keeps its default here.
"""

import dataclasses
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from landmark_core.errors import ConfigError

Arch = Literal["cnn", "resnet", "transfer"]
ARCHS = ("cnn", "resnet", "transfer")
AUGMENTATIONS = ("light", "original", "strong")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the weights, given photos, seed and kind of device."""

    # The network.
    arch: Arch = "transfer"
    backbone: str = "mobilenet_v2"  # of torchvision.models; for transfer alone
    weights: str = "default"  # default (torchvision's download), none, or a file
    dropout: float | None = None  # before the last layer; null: the architecture's own
    frozen_stages: int = 0  # of the backbone, from its input on, that never change
    batch_norm: Literal["train", "frozen"] = "train"  # frozen keeps the stored statistics

    # What it sees.
    augment: str = "light"  # a preset of training.augment
    train_size: int = 224  # pixels, side of the augmented crop
    test_resize: int = 256  # pixels, short side of a photo that is tagged
    test_crop: int = 224  # pixels, side of its centre crop
    views: int = 0  # random views of each photo, made once and kept; 0 makes new ones each epoch
    writing: float = 0.0  # share of the views with text written over them
    mixup: float = 0.0  # alpha of the Beta distribution; 0 mixes nothing
    cutmix: float = 0.0
    erasing: float = 0.0  # chance that a rectangle of a view is erased

    # How it learns.
    epochs: int = 20
    batch_size: int = 64  # photos
    rate: float = 2e-3  # peak learning rate of the new layer, and of networks from scratch
    body_rate: float = 5e-4  # peak learning rate of the backbone's last stage
    early_rate: float = 1.0  # factor from each stage of the backbone to the one before it
    head_epochs: int = 0  # at the start, with the backbone held still
    weight_decay: float = 0.02
    warm_up: float = 0.1  # share of all steps over which the rate rises
    smoothing: float = 0.1  # this share of each label is spread over all classes
    other_weight: float = 1.0  # of the loss of a photo that shows no landmark
    averaged: float = 0.4  # share of the epochs, at the end, whose weights are averaged; 0: none
    patience: int = 0  # epochs without a better validation loss before it stops; 0: never
    # Trainings from the same start, each with these settings changed; the mean of their weights is
    # the model (Wortsman et al. 2022, https://arxiv.org/abs/2203.05482). None: a single training.
    variants: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        for name, choices in (
            ("arch", ARCHS),
            ("augment", AUGMENTATIONS),
            ("batch_norm", ("train", "frozen")),
        ):
            if getattr(self, name) not in choices:
                raise _wrong(name, f"one of {', '.join(choices)}", getattr(self, name))
        _check_kinds(self)
        for name in _COUNTS:
            _check_whole(name, getattr(self, name), _COUNTS[name])
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if value is not None or name != "dropout":
                _check_number(name, value, least, most)
        if self.test_crop > self.test_resize:
            raise _wrong("test_crop", f"at most test_resize ({self.test_resize})", self.test_crop)
        if self.head_epochs > self.epochs:
            raise _wrong("head_epochs", f"at most epochs ({self.epochs})", self.head_epochs)
        for variant in self.variants:
            _check_variant(variant)
        self.members()  # each checks itself

    def members(self) -> tuple["Recipe", ...]:
        """Return the recipe of each training whose weights are averaged; itself where it is one."""
        if not self.variants:
            return (self,)
        return tuple(dataclasses.replace(self, variants=(), **variant) for variant in self.variants)


_COUNTS = {
    "frozen_stages": 0,
    "train_size": 32,
    "test_resize": 32,
    "test_crop": 32,
    "views": 0,
    "epochs": 1,
    "batch_size": 2,
    "head_epochs": 0,
    "patience": 0,
}
# What a variant may not change: the network and its input are those of all members.
_COMMON = {
    *("arch", "backbone", "weights", "frozen_stages", "batch_norm", "dropout"),
    *("test_resize", "test_crop", "variants"),
}
_RANGES = {
    "dropout": (0.0, 0.95),
    "writing": (0.0, 1.0),
    "mixup": (0.0, 10.0),
    "cutmix": (0.0, 10.0),
    "erasing": (0.0, 1.0),
    "rate": (0.0, 10.0),
    "body_rate": (0.0, 10.0),
    "early_rate": (0.0, 1.0),
    "weight_decay": (0.0, 1.0),
    "warm_up": (0.0, 0.9),
    "smoothing": (0.0, 0.9),
    "other_weight": (0.0, 100.0),
    "averaged": (0.0, 1.0),
}


def read_recipe(path: str | Path) -> Recipe:
    """Read a TOML file of a recipe's fields.

    Raises:
        ConfigError: the file cannot be read, or a key or value is not a recipe's.
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise ConfigError(f"recipe {path} cannot be read: {reason}") from error
    known = {field.name for field in dataclasses.fields(Recipe)}
    unknown = sorted(set(values) - known)
    if unknown:
        names = ", ".join(sorted(known))
        raise ConfigError(f"recipe {path}: no setting {unknown[0]!r}; known: {names}")
    if isinstance(values.get("variants"), list):
        values["variants"] = tuple(values["variants"])
    return Recipe(**values)


def _check_kinds(recipe: Recipe) -> None:
    for name in ("backbone", "weights"):
        if not isinstance(getattr(recipe, name), str):
            raise _wrong(name, "a text", getattr(recipe, name))
    if not isinstance(recipe.variants, tuple):
        raise _wrong("variants", "a list of tables of settings", recipe.variants)


def _check_variant(variant: object) -> None:
    if not isinstance(variant, Mapping):
        raise _wrong("each of variants", "a table of settings", variant)
    known = {field.name for field in dataclasses.fields(Recipe)} - _COMMON
    unknown = sorted(set(variant) - known)
    if unknown:
        raise _wrong("a variant", f"about {', '.join(sorted(known))}", unknown[0])


def _wrong(name: str, expected: str, got: object) -> ConfigError:
    return ConfigError(f"recipe: {name} must be {expected}, got {got!r}")


def _check_whole(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise _wrong(name, f"a whole number of at least {least}", value)


def _check_number(name: str, value: object, least: float, most: float) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not least <= value <= most:  # type: ignore[arg-type, operator]
        raise _wrong(name, f"a number in {least:g}..{most:g}", value)
