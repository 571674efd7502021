"""Turn a model card into the JSON text of `landmarks.json` and back.

Strict about what it knows (wrong types, missing keys and bad values name their key) and
indifferent to keys it does not know, so that a card written by a later version still loads. The
values are checked by the records themselves (`card`); here only the JSON shapes become record
shapes.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from landmark_core.errors import ConfigError
from landmark_core.json_text import parse_json
from landmark_core.model.card import (
    FORMAT_VERSION,
    ModelCard,
    PreprocessSettings,
    TagParents,
    Thresholds,
    check_format_version,
)

MAX_CARD_CHARACTERS = 16 * 2**20  # 100,000 classes with their parents take about 10 million
REQUIRED = (
    "format_version",
    "name",
    "class_names",
    "preprocess",
    "output",
    "temperature",
    "thresholds",
)


def card_to_json(card: ModelCard) -> str:
    """Write a card as JSON text; equal cards give equal text."""
    return json.dumps(asdict(card), ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True)


def card_from_json(text: str) -> ModelCard:
    """Read a card from JSON text.

    Raises:
        ConfigError: if the text is too long or not JSON, a key is missing, or a value is wrong;
            names the key.
    """
    values = _parse(text)
    # First: what a later version requires may differ.
    check_format_version(values.get("format_version", FORMAT_VERSION))
    _require(values, REQUIRED)
    values["class_names"] = _tuple_of(values["class_names"])
    values["preprocess"] = _read_preprocess(values["preprocess"])
    values["thresholds"] = Thresholds(**_known_keys(Thresholds, "thresholds", values["thresholds"]))
    parents = _object("tag_parents", values.get("tag_parents", {}))
    values["tag_parents"] = {
        name: TagParents(**_known_keys(TagParents, f"tag_parents[{name!r}]", entry))
        for name, entry in parents.items()
    }
    return ModelCard(**_known_keys(ModelCard, "the card", values))


def _parse(text: str) -> dict[str, Any]:
    try:
        values = parse_json(text, most=MAX_CARD_CHARACTERS, exact=True)
    except ValueError as error:
        raise ConfigError(f"model card: not valid JSON: {error}") from error
    return dict(_object("the card", values))


def _require(values: Mapping[str, object], keys: tuple[str, ...]) -> None:
    missing = [key for key in keys if key not in values]
    if missing:
        raise ConfigError(f"model card: missing {', '.join(missing)}")


def _object(key: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"model card: {key} must be an object, got {type(value).__name__}")
    return value


def _tuple_of(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value  # the record refuses anything else


def _read_preprocess(value: object) -> PreprocessSettings:
    values = _known_keys(PreprocessSettings, "preprocess", value)
    _require({f"preprocess.{key}": None for key in values}, _preprocess_keys())
    values |= {key: _tuple_of(values[key]) for key in ("mean", "std")}
    return PreprocessSettings(**values)


def _preprocess_keys() -> tuple[str, ...]:
    return tuple(f"preprocess.{each.name}" for each in fields(PreprocessSettings))


def _known_keys(record: type, key: str, value: object) -> dict[str, Any]:
    names = {each.name for each in fields(record)}
    return {name: entry for name, entry in _object(key, value).items() if name in names}
