"""The model card: everything that belongs to the weights, in one frozen record.

A card travels inside its TorchScript file (`card_json` turns it into JSON and back). Every record
checks itself when it is made, so that a card from a script and a card from a stranger's file obey
the same rules. `class_names` are the tags as people read them ("Eiffel Tower"); row c of the
scores belongs to class_names[c].
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, get_args

from landmark_core.errors import ConfigError

FORMAT_VERSION = 1
MAX_SIDE = 4096  # pixels; a network of today sees a few hundred

Interpolation = Literal["bilinear", "bicubic"]
ResizeRule = Literal["short_side", "stretch"]
Output = Literal["logits", "probabilities"]
Rgb = tuple[float, float, float]

IMAGENET_MEAN: Rgb = (0.485, 0.456, 0.406)
IMAGENET_STD: Rgb = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreprocessSettings:
    """How a photo becomes the network's input: resize, centre crop, normalise."""

    resize_size: int = 256  # pixels: the short side, or both sides where the rule is stretch
    crop_size: int = 224  # pixels, side of the centre square that the network sees
    resize_rule: ResizeRule = "short_side"
    interpolation: Interpolation = "bilinear"
    antialias: bool = True  # the only way that Pillow resizes
    mean: Rgb = IMAGENET_MEAN  # of pixels scaled to 0..1, red green blue
    std: Rgb = IMAGENET_STD

    def __post_init__(self) -> None:
        _check_side("preprocess.resize_size", self.resize_size)
        _check_side("preprocess.crop_size", self.crop_size)
        _check_choice("preprocess.resize_rule", self.resize_rule, get_args(ResizeRule))
        _check_choice("preprocess.interpolation", self.interpolation, get_args(Interpolation))
        if self.antialias is not True:
            raise _wrong("preprocess.antialias", "true", self.antialias)
        for key, values in (("mean", self.mean), ("std", self.std)):
            if not isinstance(values, tuple) or len(values) != 3:
                raise _wrong(f"preprocess.{key}", "three numbers", values)
            for value in values:
                _check_number(f"preprocess.{key}", value, least=None if key == "mean" else 0.0)
        if 0 in self.std:
            raise _wrong("preprocess.std", "numbers above 0", list(self.std))


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Where `tagged`, `review` and `no_landmark` part; tagging.predict holds the rule itself."""

    tagged_from: float = 0.5  # calibrated confidence of the best class
    per_class: Mapping[str, float] = field(default_factory=dict)  # replaces tagged_from by class
    no_landmark_below: float | None = None  # calibrated confidence
    no_landmark_energy_above: float | None = None  # -logsumexp of the logits

    def __post_init__(self) -> None:
        _check_number("thresholds.tagged_from", self.tagged_from, least=0.0, most=1.0)
        _check_mapping("thresholds.per_class", self.per_class)
        for name, value in self.per_class.items():
            _check_number(f"thresholds.per_class[{name!r}]", value, least=0.0, most=1.0)
        if self.no_landmark_below is not None:
            _check_number(
                "thresholds.no_landmark_below", self.no_landmark_below, least=0.0, most=1.0
            )
        if self.no_landmark_energy_above is not None:
            _check_number("thresholds.no_landmark_energy_above", self.no_landmark_energy_above)


@dataclass(frozen=True, slots=True, kw_only=True)
class TagParents:
    """Where a tag stands, for hierarchical keywords; None where unknown."""

    country: str | None = None
    city: str | None = None
    kind: str | None = None  # "tower", "temple", ...

    def __post_init__(self) -> None:
        for key in ("country", "city", "kind"):
            _check_optional_text(f"tag_parents {key}", getattr(self, key))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What a model file says of itself."""

    name: str
    class_names: tuple[str, ...]  # C tags as people read them, in the order of the scores
    preprocess: PreprocessSettings = field(default_factory=PreprocessSettings)
    output: Output = "logits"  # what forward returns; probabilities have no energy
    temperature: float = 1.0  # positive divisor of the logits, fitted on validation data
    thresholds: Thresholds = field(default_factory=Thresholds)
    metrics: Mapping[str, float] = field(default_factory=dict)  # free names, measured values
    data_digest: str | None = None  # sha256 of the data that the metrics were measured on
    licence: str | None = None
    created_at: str | None = None  # ISO 8601, UTC
    architecture: str | None = None
    notes: str | None = None
    tag_parents: Mapping[str, TagParents] = field(default_factory=dict)  # by class name
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        check_format_version(self.format_version)
        _check_text("name", self.name)
        _check_class_names(self.class_names)
        _check_choice("output", self.output, get_args(Output))
        _check_number("temperature", self.temperature, least=0.0)
        if self.temperature == 0:
            raise _wrong("temperature", "a number above 0", self.temperature)
        _check_mapping("metrics", self.metrics)
        for key, value in self.metrics.items():
            _check_number(f"metrics[{key!r}]", value)
        for key in ("data_digest", "licence", "created_at", "architecture", "notes"):
            _check_optional_text(key, getattr(self, key))
        _check_date("created_at", self.created_at)
        _check_mapping("tag_parents", self.tag_parents)
        _check_known("thresholds.per_class", self.thresholds.per_class, self.class_names)
        _check_known("tag_parents", self.tag_parents, self.class_names)


def check_format_version(version: object) -> None:
    """Refuse a card that another version of the format was written for.

    Raises:
        ConfigError: if the version is not ours.
    """
    if version != FORMAT_VERSION or isinstance(version, bool):
        expected = f"{FORMAT_VERSION} (update landmark-tagger to read later ones)"
        raise _wrong("format_version", expected, version)


def rename_classes(card: ModelCard, names: tuple[str, ...]) -> ModelCard:
    """Return the card with other class names in the same order; what hung on the old ones follows.

    Raises:
        ConfigError: if the number of names differs, or one is empty or there twice.
    """
    if len(names) != len(card.class_names):
        raise ConfigError(
            f"expected {len(card.class_names)} class names, one for each score, got {len(names)}"
        )
    renamed = dict(zip(card.class_names, names, strict=True))
    per_class = {renamed[old]: value for old, value in card.thresholds.per_class.items()}
    return replace(
        card,
        class_names=names,
        thresholds=replace(card.thresholds, per_class=per_class),
        tag_parents={renamed[old]: parents for old, parents in card.tag_parents.items()},
    )


def _wrong(key: str, expected: str, got: object) -> ConfigError:
    shown = repr(got)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return ConfigError(f"model card: {key} must be {expected}, got {shown}")


def _check_text(key: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip() or not _is_whole(value):
        raise _wrong(key, "a text that is not empty", value)


def _is_whole(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # JSON can name halves of characters, which no table can hold
        return False
    return True


def _check_optional_text(key: str, value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise _wrong(key, "a text or null", value)


def _check_choice(key: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise _wrong(key, " or ".join(choices), value)


def _check_side(key: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_SIDE:
        raise _wrong(key, f"a whole number of pixels in 1..{MAX_SIDE}", value)


def _check_number(
    key: str, value: object, *, least: float | None = None, most: float | None = None
) -> None:
    low, high = (-math.inf if least is None else least), (math.inf if most is None else most)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not _is_finite(value) or not low <= value <= high:  # type: ignore[operator]
        bounds = "" if least is None and most is None else f" in {low:g}..{high:g}"
        raise _wrong(key, f"a finite number{bounds}", value)


def _is_finite(value: object) -> bool:
    try:
        return math.isfinite(value)  # type: ignore[arg-type]
    except OverflowError:  # a whole number of hundreds of digits
        return False


def _check_mapping(key: str, value: object) -> None:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise _wrong(key, "an object whose keys are texts", value)


def _check_class_names(names: object) -> None:
    if not isinstance(names, tuple) or not names:
        raise _wrong("class_names", "a list of at least one name", names)
    for name in names:
        _check_text("each of class_names", name)
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise _wrong("class_names", "without duplicates", name)
        seen.add(name)


def _check_known(key: str, named: Mapping[str, object], names: tuple[str, ...]) -> None:
    unknown = sorted(set(named) - set(names))
    if unknown:
        raise _wrong(key, "about names that are in class_names", unknown[0])


def _check_date(key: str, value: str | None) -> None:
    if value is None:
        return
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise _wrong(key, "a date such as 2026-11-23T16:45:00Z", value) from None
