"""Rows of OUT/reviews as they count: a decision on a version of a photo, or the taking back of one.

Files come from other machines and years: what no version of ours writes is refused by name. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

import pyarrow as pa
import pyarrow.compute as pc

from landmark_core.errors import ConfigError
from landmark_core.records import Verdict
from landmark_core.review.standing import Opinion, Version, version_of
from landmark_core.tables import REVIEWS_SCHEMA

_VERDICTS = frozenset(get_args(Verdict))
# What is kept of each row that is read: everything else can be looked up in the photo's own row.
STANDING_SCHEMA: pa.Schema = pa.schema(
    [
        REVIEWS_SCHEMA.field(name)
        for name in (
            *("decision_id", "action_id", "photo_id", "etag", "size_bytes", "modified_at"),
            *("decision", "tag", "reviewer", "decided_at", "model_tag", "model_confidence"),
            *("model_decision", "shown_by", "undoes"),
        )
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """One row as it counts."""

    decision_id: str
    action_id: str  # its own decision_id in files that have none
    photo_id: str
    reviewer: str
    moment_us: int  # microseconds since 1970, UTC
    version: Version
    opinion: Opinion | None  # null in a row that only undoes
    undoes: str | None


def read_rows(table: pa.Table, *, name: str) -> Iterator[ReadRow]:
    """Yield the rows of a file, in its order.

    Args:
        table: with STANDING_SCHEMA.
        name: the file, as a message should call it.

    Raises:
        ConfigError: if a row lacks what every row has, or its decision is an unknown word.
    """
    _check(table, name)
    # Beside the moments as Python has them, numbers: its datetime ends at the year 9999.
    for column in ("modified_at", "decided_at"):
        table = table.append_column(f"{column}_us", table[column].cast(pa.int64()))
    repeated: dict[str, str] = {}  # one object for each of the few texts that fill most rows
    for record in table.drop_columns(["modified_at"]).to_pylist():
        yield _row(record, repeated)


def _check(table: pa.Table, name: str) -> None:
    for column in ("decision_id", "photo_id", "reviewer", "decided_at"):
        if table[column].null_count:
            raise ConfigError(
                f"{name} is not a table of this project: column {column!r} has empty cells; "
                "move it out of the folder"
            )
    words = set(pc.unique(table["decision"]).to_pylist()) - {None}
    if words - _VERDICTS:
        raise ConfigError(
            f"{name}: expected a decision of {', '.join(sorted(_VERDICTS))}; "
            f"got {min(words - _VERDICTS)[:40]!r}; move the file out of the folder"
        )


def _row(record: dict[str, Any], repeated: dict[str, str]) -> ReadRow:
    for name in ("reviewer", "tag", "model_tag", "shown_by", "decision", "model_decision"):
        if record[name] is not None:
            record[name] = repeated.setdefault(record[name], record[name])
    action_id = record["action_id"] or record["decision_id"]
    opinion = None
    if record["decision"] is not None and record["undoes"] is None:
        # An accepted photo has the tag that the person saw, whatever a later model says.
        accepted = record["decision"] == "accepted" and record["tag"] is None
        opinion = Opinion(
            decision_id=record["decision_id"],
            action_id=action_id,
            verdict=record["decision"],
            tag=record["model_tag"] if accepted else record["tag"],
            **{name: record[name] for name in ("reviewer", "decided_at", "model_tag")},
            **{name: record[name] for name in ("model_confidence", "model_decision", "shown_by")},
        )
    return ReadRow(
        decision_id=record["decision_id"],
        action_id=action_id,
        photo_id=record["photo_id"],
        reviewer=record["reviewer"],
        moment_us=record["decided_at_us"],
        version=version_of(record["etag"], record["size_bytes"], record["modified_at_us"]),
        opinion=opinion,
        undoes=record["undoes"],
    )
