"""What a person has to say of a model before it is trained: licence, notes, where its tags stand.

A TOML file, because no training can know it:

    licence = "CC-BY-4.0"
    notes = "Photos of our own archive, 2019 to 2026."

    [tags."Taj Mahal"]
    country = "India"
    city = "Agra"
    kind = "mausoleum"
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from landmark_core.errors import ConfigError
from landmark_core.model import TagParents

_KEYS = ("licence", "notes", "tags")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardText:
    """The part of a model card that a person writes."""

    licence: str | None = None
    notes: str | None = None
    tags: Mapping[str, TagParents] = field(default_factory=dict)  # by tag


def read_card_text(path: str | Path) -> CardText:
    """Read the TOML file.

    Raises:
        ConfigError: the file cannot be read, or says something that no card holds.
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise ConfigError(f"card {path} cannot be read: {reason}") from error
    unknown = sorted(set(values) - set(_KEYS))
    if unknown:
        raise ConfigError(f"card {path}: no key {unknown[0]!r}; known: {', '.join(_KEYS)}")
    for key in ("licence", "notes"):
        if not isinstance(values.get(key, ""), str):
            raise ConfigError(f"card {path}: {key} must be a text, got {values[key]!r}")
    tags = values.get("tags", {})
    if not isinstance(tags, dict):
        raise ConfigError(f'card {path}: tags must be tables such as [tags."Taj Mahal"]')
    return CardText(
        licence=values.get("licence"),
        notes=values.get("notes"),
        tags={tag: _parents(path, tag, entry) for tag, entry in tags.items()},
    )


def parents_of(text: CardText, class_names: Sequence[str]) -> dict[str, TagParents]:
    """Return the parents of the classes that there are; a tag of no class is a mistake.

    Raises:
        ConfigError: the card speaks of a tag that is no class.
    """
    unknown = sorted(set(text.tags) - set(class_names))
    if unknown:
        known = ", ".join(class_names[:8])
        raise ConfigError(f"card: {unknown[0]!r} is no class of the data; there are {known}, ...")
    return {name: text.tags[name] for name in class_names if name in text.tags}


def _parents(path: str | Path, tag: str, entry: Any) -> TagParents:
    if not isinstance(entry, dict) or set(entry) - {"country", "city", "kind"}:
        raise ConfigError(f"card {path}: {tag!r} may have country, city and kind, got {entry!r}")
    return TagParents(**entry)
