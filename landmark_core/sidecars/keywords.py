"""A tag as the keywords that photo programs read, in three fields of XMP. Pure.

    dc:subject              flat: the landmark's name alone. Everything reads it
    lr:hierarchicalSubject  Landmarks|India|Agra|Taj Mahal. Lightroom, darktable, Immich, digiKam
    digiKam:TagsList        Landmarks/India/Agra/Taj Mahal. digiKam, Immich

Country and city stand in the paths alone: programs that read flat keywords get places from GPS,
and a country that follows from a guess is no word for everybody's list.

Programs read the first of these fields that is there, from the last to the first, and nothing of
the others: darktable (src/common/exif.cc), Immich (metadata.service.ts, getTagList), digiKam
(dmetadata_tags.cpp). A field that we begin would hide what people have in a lesser one; so their
keywords are copied into it.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from landmark_core.sidecars.elements import Name

ROOT = "Landmarks"  # the top of every path


@dataclass(frozen=True, slots=True)
class Field:
    """A property of XMP that holds keywords."""

    namespace: str
    prefix: str
    key: str  # its local name

    @property
    def name(self) -> Name:
        """As elements have it."""
        return self.namespace, self.key


SUBJECT = Field("http://purl.org/dc/elements/1.1/", "dc", "subject")
HIERARCHY = Field("http://ns.adobe.com/lightroom/1.0/", "lr", "hierarchicalSubject")
TAGS_LIST = Field("http://www.digikam.org/ns/1.0/", "digiKam", "TagsList")
FIELDS = (SUBJECT, HIERARCHY, TAGS_LIST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a sidecar should say."""

    tag: str
    path: tuple[str, ...]  # from ROOT to the tag
    confidence: float | None  # the model's in this tag; null where it is not among its best
    said_at: str  # ISO 8601, UTC
    by: Literal["machine", "person"]
    reviewer: str | None  # null unless by a person
    model_id: str
    model: str | None  # its name, where that is known


def keyword_of(wish: Wish, field: Field) -> str:
    """Return the keyword that a field gets."""
    if field is SUBJECT:
        return wish.tag
    if field is HIERARCHY:
        return "|".join(part.replace("|", "-") for part in wish.path)
    return "/".join(part.replace("/", "-") for part in wish.path)


def copies_for(field: Field, others: Mapping[Field, Sequence[str]]) -> tuple[str, ...]:
    """Return the keywords that a field would hide if we began it.

    Args:
        field: which has nothing of others.
        others: what people have in each field.
    """
    if field is SUBJECT:
        return ()
    if field is HIERARCHY:
        return tuple(dict.fromkeys(others[SUBJECT]))
    paths = [path.replace("/", "-").replace("|", "/") for path in others[HIERARCHY]]
    flat = [word.replace("/", "-") for word in others[SUBJECT]]
    return tuple(dict.fromkeys(paths or flat))


def holds(keywords: Sequence[str], keyword: str) -> bool:
    """Whether people would take one of the keywords for this one."""
    return _plain(keyword) in map(_plain, keywords)


def is_in_paths(word: str, others: Mapping[Field, Sequence[str]]) -> bool:
    """Whether a word is part of a path that somebody else has set."""
    paths = [path.split("|") for path in others[HIERARCHY]]
    paths += [path.split("/") for path in others[TAGS_LIST]]
    return any(holds(path, word) for path in paths)


def _plain(keyword: str) -> str:
    return unicodedata.normalize("NFC", keyword.strip())
