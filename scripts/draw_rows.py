"""Make rows of the tags table: of photos that are there, or of thousands that nobody has.

Used where a table has to be large, or to say what no model says: benchmarks, pictures, tests.
"""

import hashlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from landmark_core.library import photo_id_of
from landmark_core.records import (
    Decision,
    DecodedPhoto,
    PhotoRef,
    PhotoRow,
    Prediction,
    TagScore,
)
from landmark_core.tables import TAGS_SCHEMA, rows_to_table

WHEN = datetime(2026, 11, 28, tzinfo=UTC)


def draw_row(
    path: str, data: bytes, tag: str, confidence: float, decision: Decision = "tagged"
) -> PhotoRow:
    """Return the row of a readable photo.

    Args:
        path: of the photo; it need not be there.
        data: its bytes.
        tag: what the model takes it for.
        confidence: in [0, 1].
        decision: what became of that.
    """
    ref = PhotoRef(
        photo_id=photo_id_of(path),
        uri=os.fsencode(path).decode("utf-8", "backslashreplace"),
        location=path,
        size_bytes=len(data),
        modified_us=0,
        etag=None,
    )
    digest = hashlib.sha256(data).hexdigest()
    return PhotoRow(
        photo=DecodedPhoto(
            ref=ref, status="ok", error=None, content_sha256=digest, width=640, height=480
        ),
        prediction=Prediction(
            decision=decision,
            tags=(TagScore(tag=tag, confidence=confidence),),
            margin=0.5,
            entropy=0.5,
            energy=None,
        ),
        heatmap=None,
        model_id="m",
        preprocess_id="p",
        run_id="r",
        tagged_at=WHEN,
    )


def draw_table(count: int, columns: Mapping[str, Any]) -> pa.Table:
    """Return a table of tagged photos of which some columns are given.

    Args:
        count: rows.
        columns: so many values each, by the column's name; numbers are microseconds where the
            column holds moments.
    """
    one = rows_to_table([draw_row("/p/0.jpg", b"", "x", 0.5)])
    table = one.take(pa.array(np.zeros(count, np.int64)))
    for name, values in columns.items():
        at, field = table.column_names.index(name), TAGS_SCHEMA.field(name)
        table = table.set_column(at, field, pa.array(values).cast(field.type))
    return table
