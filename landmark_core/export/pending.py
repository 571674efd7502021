"""Answers that will become decisions, waiting in the order in which they are to be written.

The newest decision on a photo counts, so what was said first is written first: all first words
on any photo, then all second ones. Within that order, the answers of one person stand together.
"""

import itertools
import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyarrow as pa

from landmark_core.export.claims import Claim
from landmark_core.export.matching import PHOTO_COLUMNS
from landmark_core.export.moments import EPOCH
from landmark_core.library import location_of
from landmark_core.records import PhotoRef, Prediction, ReviewItem, TagScore
from landmark_core.review import Choice
from landmark_core.tables import TAGS_SCHEMA, Scratch

BATCH = 4096  # answers that become one Arrow batch

_TIMES = ("modified_at", "tagged_at")
_SCHEMA = pa.schema(
    [
        pa.field("turn", pa.int64()),
        pa.field("number", pa.int64()),
        pa.field("said_reviewer", pa.string()),
        pa.field("said_answer", pa.string()),
        pa.field("said_tag", pa.string()),
        pa.field("said_seconds", pa.float64()),
        *(
            pa.field(name, pa.int64() if name in _TIMES else TAGS_SCHEMA.field(name).type)
            for name in PHOTO_COLUMNS
        ),
    ]
)


class Pending:
    """Owns the answers to be written, in a scratch room."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._rows: list[dict[str, Any]] = []
        self.added = 0
        scratch.insert("CREATE TABLE pending AS SELECT * FROM incoming", _SCHEMA.empty_table())

    def add(self, photo: dict[str, Any], claim: Claim, turn: int) -> None:
        """Take in one answer.

        Args:
            photo: columns of its row; moments in microseconds since 1970.
            claim: the answer.
            turn: 0 for the first word on the photo, 1 for the second, ...
        """
        said = {
            "turn": turn,
            "number": self.added,
            "said_reviewer": claim.reviewer,
            "said_answer": claim.answer,
            "said_tag": claim.tag,
            "said_seconds": claim.seconds,
        }
        self._rows.append(said | photo)
        self.added += 1
        if len(self._rows) >= BATCH:
            self._set_down()

    def read(self, most: int) -> Iterator[tuple[str, tuple[Choice, ...]]]:
        """Yield what each reviewer decides, in the order to be written, at most `most` at once."""
        self._set_down()
        stream = self._scratch.stream("SELECT * FROM pending ORDER BY turn, said_reviewer, number")
        rows = itertools.chain.from_iterable(batch.to_pylist() for batch in stream)
        for (_, reviewer), of_one in itertools.groupby(rows, key=_turn):
            while piece := tuple(itertools.islice(of_one, most)):
                yield reviewer, tuple(_choice(row) for row in piece)

    def _set_down(self) -> None:
        table = pa.Table.from_pylist(self._rows, schema=_SCHEMA)
        self._scratch.insert("INSERT INTO pending SELECT * FROM incoming", table)
        self._rows = []


def _turn(row: dict[str, Any]) -> tuple[int, str]:
    return row["turn"], row["said_reviewer"]


def _choice(row: dict[str, Any]) -> Choice:
    return Choice(
        item=_item(row),
        answer=row["said_answer"],
        tag=row["said_tag"],
        seconds=row["said_seconds"],
        shown_by="import",
    )


def _item(row: dict[str, Any]) -> ReviewItem:
    """Return the photo as the person was asked about it; of the tags, a decision takes the best."""
    best = (TagScore(tag=row["tag"], confidence=_number(row["confidence"])),)
    return ReviewItem(
        ref=PhotoRef(
            photo_id=row["photo_id"],
            uri=row["uri"],
            location=location_of(row["uri"], row["photo_id"]),
            size_bytes=row["size_bytes"],
            modified_us=row["modified_at"],
            etag=row["etag"],
        ),
        prediction=Prediction(
            decision=row["decision"],
            tags=best if row["tag"] is not None else (),
            margin=_number(row["margin"]),
            entropy=_number(row["entropy"]),
            energy=row["energy"],
        ),
        has_heatmap=row["heatmap"] is not None,
        tagged_at=EPOCH + timedelta(microseconds=row["tagged_at"]),
        **{name: row[name] for name in ("content_sha256", "width", "height", "model_id", "run_id")},
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value
