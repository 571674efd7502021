"""People's decisions as Arrow tables: the columns of OUT/reviews.

Pure: no files, no clock. What the columns mean stands in `tables.REVIEWS_SCHEMA`.
"""

from collections.abc import Sequence
from dataclasses import fields

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
