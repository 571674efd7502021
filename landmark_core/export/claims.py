"""What a file from elsewhere says of one photo, whatever its format. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Literal

import pyarrow as pa

from landmark_core.errors import ConfigError

Answer = Literal["tag", "not_a_landmark", "skip"]

# An entry that says nothing where it is read, and was changed where it is not.
UNREAD: Final = "unread"

MOST_TAG, MOST_REVIEWER = 200, 64  # characters, as on the review page

# Names begin with said_: they stand beside the columns of the photo's row.
CLAIMS_SCHEMA: pa.Schema = pa.schema(
    [
        pa.field("said_number", pa.int64()),  # place in the file
        pa.field("said_place", pa.string()),
        pa.field("said_photo", pa.string()),
        pa.field("said_uri", pa.string()),
        pa.field("said_version", pa.string()),
        pa.field("said_reviewer", pa.string()),
        pa.field("said_answer", pa.string()),
        pa.field("said_tag", pa.string()),
        pa.field("said_seconds", pa.float64()),
        pa.field("said_us", pa.int64()),
        pa.field("said_source", pa.string()),
        pa.field("said_for_all", pa.bool_()),
        pa.field("said_unread", pa.bool_()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One answer on one photo; fields in the order of CLAIMS_SCHEMA."""

    place: str  # line or task, as a message should call it
    photo_id: str | None  # null: `uri` names the photo
    uri: str | None
    version: str | None  # see `photos.version_text`; null: of whatever version
    reviewer: str
    answer: Answer
    tag: str | None  # null unless answer is tag
    seconds: float | None
    said_us: int  # microseconds since 1970; what was decided in OUT after that stands
    source: str | None  # decision_id that this repeats, should it be one of OUT's
    for_all: bool  # is compared with what stands of the photo, not with the reviewer's own word
    has_unread: bool = False  # cells that are not read may have been changed as well


Entry = Claim | Literal["unread"] | None  # of a file; null says nothing


def checked_tag(text: str, place: str) -> str:
    """Return a tag that a person gave.

    Raises:
        ConfigError: if it is longer than a tag can be, or has signs that cannot be printed.
    """
    return _checked(text, MOST_TAG, f"{place}: expected a tag")


def checked_reviewer(text: str, place: str) -> str:
    """Return the name of who decided; ConfigError as in `checked_tag`."""
    return _checked(text, MOST_REVIEWER, f"{place}: expected a reviewer's name")


def printable(path: PurePath) -> str:
    """Return a path as a message can hold it, where its name is not UTF-8 too."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def claims_to_table(claims: Sequence[Claim], *, start: int) -> pa.Table:
    """Lay claims out in columns, with CLAIMS_SCHEMA, numbered from `start`."""
    rows = [
        (
            number,
            *(claim.place, claim.photo_id, claim.uri, claim.version, claim.reviewer, claim.answer),
            *(claim.tag, claim.seconds, claim.said_us, claim.source, claim.for_all),
            claim.has_unread,
        )
        for number, claim in enumerate(claims, start)
    ]
    columns = zip(*rows, strict=True) if rows else [()] * len(CLAIMS_SCHEMA)
    arrays = [
        pa.array(values, field.type) for values, field in zip(columns, CLAIMS_SCHEMA, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=CLAIMS_SCHEMA)


def _checked(text: str, most: int, expected: str) -> str:
    if 0 < len(text) <= most and text.isprintable():
        return text
    shown = text if len(text) <= 40 else f"{text[:40]}…"
    raise ConfigError(f"{expected} of 1 to {most} printable characters, got {shown!r}")
