"""Read photos again and make small pictures of them, within a bounded time.

A photo that cannot be read any more, or has changed since it was tagged, is passed over: another
one stands for its kind.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from landmark_core.errors import PhotoError
from landmark_core.gallery.choose import RunRow
from landmark_core.gallery.thumbnail import THUMBNAIL_LIMITS, make_thumbnail
from landmark_core.library import fetch_many, location_of
from landmark_core.records import Decision, PhotoRef

SIDE = 160  # pixels, the long side


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A photo of the run, small."""

    uri: str
    decision: Decision
    tag: str
    confidence: float  # in [0, 1]
    jpeg: bytes
    width: int  # pixels of the JPEG
    height: int


def make_examples(
    rows: Sequence[RunRow], most: int, *, until: float, clock: Callable[[], float]
) -> list[Example]:
    """Return the first photos that can still be read as examples, surest first.

    Args:
        rows: ok rows of the run, in the order in which they are wanted.
        most: examples at most.
        until: the clock's reading at which it is enough, finished or not.
        clock: seconds, ascending.
    """
    wanted = {row.photo_id: row for row in rows}
    made: list[Example] = []
    for ref, data in fetch_many([_ref(row) for row in rows], THUMBNAIL_LIMITS):
        row = wanted[ref.photo_id]
        if isinstance(data, bytes) and (example := _example(row, data)) is not None:
            made.append(example)
        if len(made) == most or clock() > until:
            break  # what is being fetched ahead is given up
    return sorted(made, key=lambda example: -example.confidence)


def _ref(row: RunRow) -> PhotoRef:
    return PhotoRef(
        photo_id=row.photo_id,
        uri=row.uri,
        location=location_of(row.uri, row.photo_id),
        size_bytes=row.size_bytes,
        modified_us=None,
        etag=None,
    )


def _example(row: RunRow, data: bytes) -> Example | None:
    if row.decision is None or row.tag is None or row.confidence is None:
        return None
    if hashlib.sha256(data).hexdigest() != row.content_sha256:
        return None
    try:
        small = make_thumbnail(data, name=row.uri, side=SIDE)
    except PhotoError:
        return None
    return Example(
        uri=row.uri,
        decision=row.decision,
        tag=row.tag,
        confidence=row.confidence,
        jpeg=small.jpeg,
        width=small.width,
        height=small.height,
    )
