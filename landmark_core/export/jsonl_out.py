"""Photos as JSON Lines (https://jsonlines.org): one object a photo, for programs.

All columns of the current tags under their names, then `reviews`: the newest word of each person
on this version of the photo, newest first, as in the reviews table; and `disagree`. Moments are ISO
8601 in UTC; those past the year 9999, and numbers that are none (NaN), are null. All is ASCII:
a line is a line to every reader, whatever signs a name has.
"""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.compute as pc

from landmark_core.review import DecisionLog, Opinion, PhotoReviews, version_of
from landmark_core.tables import CURRENT_SCHEMA

_VERSION = ("etag", "size_bytes", "modified_us")
_YEAR_1, _YEAR_10000 = -62_135_596_800_000_000, 253_402_300_800_000_000  # microseconds since 1970


def write_lines(
    batches: Iterable[pa.RecordBatch],
    file: TextIO,
    *,
    log: DecisionLog,
    seconds: Mapping[str, float],
) -> int:
    """Write the photos, in their order; return how many there were.

    Args:
        batches: a stream, see `photos.read_batches`.
        file: open for text.
        log: what people said, loaded.
        seconds: how long decisions took, by decision_id, where that is known.
    """
    count = 0
    for batch in batches:
        versions = zip(*(batch[name].to_pylist() for name in _VERSION), strict=True)
        for record, version in zip(_plain(batch).to_pylist(), versions, strict=True):
            reviews = log.photo(record["photo_id"], version_of(*version))
            file.write(_line(record | _said(reviews, seconds)))
            count += 1
    return count


def _plain(batch: pa.RecordBatch) -> pa.Table:
    """Return the columns of the current tags with values that JSON has."""
    return pa.table(
        {field.name: _column(batch[field.name], field.type) for field in CURRENT_SCHEMA}
    )


def _column(values: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pc.replace_substring(_known_moments(values).cast(pa.string()), " ", "T")
    if pa.types.is_float32(kind):
        # By way of text: 0.8 in 32 bits stays 0.8, where it would become 0.800000011920929.
        return values.cast(pa.string()).cast(pa.float64())
    if pa.types.is_list(kind):
        return values.cast(_scores(pa.string())).cast(_scores(pa.float64()))
    return values


def _known_moments(values: pa.Array) -> pa.Array:
    """Return moments with null for those of no calendar: a file's clock can say any year."""
    numbers = values.cast(pa.int64())
    is_known = pc.and_(pc.greater_equal(numbers, _YEAR_1), pc.less(numbers, _YEAR_10000))
    return pc.if_else(is_known, values, pa.scalar(None, values.type))


def _scores(confidence: pa.DataType) -> pa.DataType:
    return pa.list_(pa.struct({"tag": pa.string(), "confidence": confidence}))


def _said(reviews: PhotoReviews, seconds: Mapping[str, float]) -> dict[str, Any]:
    said = ((reviews.skipped,) if reviews.skipped else ()) + reviews.opinions
    return {
        "reviews": [_opinion(one, seconds.get(one.decision_id)) for one in said],
        "disagree": reviews.disagree,
    }


def _opinion(opinion: Opinion, seconds: float | None) -> dict[str, Any]:
    same = ("decision_id", "reviewer", "tag", "model_tag", "model_confidence", "model_decision")
    return {
        **{name: getattr(opinion, name) for name in same},
        "decision": opinion.verdict,
        "decided_at": _moment(opinion.decided_at),
        "seconds": seconds,
        "shown_by": opinion.shown_by,
    }


def _moment(moment: datetime) -> str:
    """Return a moment as Arrow writes those of the columns."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _line(values: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(values, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(values))
    return text + "\n"


def _finite(value: Any) -> Any:
    """Return a JSON value with null in the place of every number that is none."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list) else value
