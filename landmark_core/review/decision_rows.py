"""People's decisions as Arrow tables, both ways: the columns of OUT/reviews.

Pure: no files, no clock. What the columns mean stands in `tables.REVIEWS_SCHEMA`.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC

import pyarrow as pa

from landmark_core.records import ReviewDecision
from landmark_core.tables import REVIEWS_SCHEMA

_COLUMN_OF = {"verdict": "decision", "modified_us": "modified_at"}  # where the names differ
_FIELDS = {one.name: _COLUMN_OF.get(one.name, one.name) for one in fields(ReviewDecision)}


def decisions_to_table(decisions: Sequence[ReviewDecision]) -> pa.Table:
    """Lay decisions out in columns, in their order, with REVIEWS_SCHEMA."""
    values = {
        column: [getattr(decision, name) for decision in decisions]
        for name, column in _FIELDS.items()
    }
    arrays = [pa.array(values[field.name], field.type) for field in REVIEWS_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=REVIEWS_SCHEMA)


def table_to_decisions(table: pa.Table) -> tuple[ReviewDecision, ...]:
    """Read decisions back; the inverse of `decisions_to_table`, but for what float32 rounds."""
    columns = {
        # Microseconds as integers: datetime ends at the year 9999, a file's clock does not.
        column: table[column].cast(pa.int64()) if column == "modified_at" else table[column]
        for column in _FIELDS.values()
    }
    lists = [columns[column].to_pylist() for column in _FIELDS.values()]
    rows = (dict(zip(_FIELDS, row, strict=True)) for row in zip(*lists, strict=True))
    return tuple(
        ReviewDecision(**{**row, "decided_at": row["decided_at"].astimezone(UTC)}) for row in rows
    )
