"""Photo rows as Arrow tables: the columns that every reader of OUT can rely on.

Pure: no files, no clock. The schemas are the contract of the outside; they change only by
adding columns, and `SCHEMA_VERSION` counts the additions. Reading and writing files is `store`.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC
from itertools import accumulate
from typing import Any

import pyarrow as pa

from landmark_core.errors import ConfigError
from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow, Prediction, TagScore

SCHEMA_VERSION = "1"
VERSION_KEY = b"landmarks.schema_version"  # in the metadata of every Parquet file that we write

_MOMENT = pa.timestamp("us", tz="UTC")
_SCORE = pa.struct(
    [
        pa.field("tag", pa.string(), nullable=False),
        pa.field("confidence", pa.float32(), nullable=False),
    ]
)


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


TAGS_SCHEMA: pa.Schema = pa.schema(
    [
        _required("photo_id", pa.string()),
        _required("uri", pa.string()),
        pa.field("size_bytes", pa.int64()),
        pa.field("modified_at", _MOMENT),
        pa.field("etag", pa.string()),
        pa.field("content_sha256", pa.string()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        _required("status", pa.string()),
        pa.field("error", pa.string()),
        pa.field("decision", pa.string()),
        pa.field("tag", pa.string()),
        pa.field("confidence", pa.float32()),
        # "element" is the name that Parquet's own rules give a list's items.
        pa.field("tags", pa.list_(pa.field("element", _SCORE, nullable=False))),
        pa.field("margin", pa.float32()),
        pa.field("entropy", pa.float32()),
        pa.field("energy", pa.float32()),
        pa.field("heatmap", pa.string()),
        _required("model_id", pa.string()),
        _required("preprocess_id", pa.string()),
        _required("run_id", pa.string()),
        _required("tagged_at", _MOMENT),
    ],
    metadata={VERSION_KEY: SCHEMA_VERSION.encode()},
)

REVIEWS_SCHEMA: pa.Schema = pa.schema(
    [
        _required("decision_id", pa.string()),  # ULID: sorts by the time it was made
        _required("photo_id", pa.string()),
        _required("uri", pa.string()),
        pa.field("content_sha256", pa.string()),
        pa.field("size_bytes", pa.int64()),
        pa.field("modified_at", _MOMENT),
        pa.field("etag", pa.string()),
        # accepted, corrected, not_a_landmark or skipped; null in a row that only undoes
        pa.field("decision", pa.string()),
        pa.field("tag", pa.string()),  # what the person says it is; null for not_a_landmark
        _required("reviewer", pa.string()),
        _required("decided_at", _MOMENT),
        pa.field("seconds", pa.float32()),  # spent on this photo
        pa.field("model_id", pa.string()),  # whose answer the person saw
        pa.field("model_tag", pa.string()),
        pa.field("model_confidence", pa.float32()),
        pa.field("undoes", pa.string()),  # decision_id that this row takes back
        pa.field("action_id", pa.string()),  # rows that one keystroke made share it
        pa.field("model_decision", pa.string()),  # tagged, review or no_landmark, as model_tag
        pa.field("shown_by", pa.string()),  # the order that brought the photo up, or import
    ],
    metadata={VERSION_KEY: SCHEMA_VERSION.encode()},
)

# Columns that came after the first files were written: where a file lacks one, it is null.
LATER_COLUMNS = frozenset({"action_id", "model_decision", "shown_by"})


def subset(schema: pa.Schema, *names: str) -> pa.Schema:
    """Return the named fields of a schema, in the order of names."""
    return pa.schema([schema.field(name) for name in names])


def rows_to_table(rows: Sequence[PhotoRow]) -> pa.Table:
    """Lay rows out in columns, in their order, with TAGS_SCHEMA."""
    photos = [row.photo for row in rows]
    refs = [photo.ref for photo in photos]
    predictions = [row.prediction for row in rows]
    columns: dict[str, Any] = {
        "photo_id": [ref.photo_id for ref in refs],
        "uri": [ref.uri for ref in refs],
        "size_bytes": [ref.size_bytes for ref in refs],
        "modified_at": [ref.modified_us for ref in refs],
        "etag": [ref.etag for ref in refs],
        "content_sha256": [photo.content_sha256 for photo in photos],
        "width": [photo.width for photo in photos],
        "height": [photo.height for photo in photos],
        "status": [photo.status for photo in photos],
        "error": [_encodable(photo.error) for photo in photos],
        "decision": [p.decision if p else None for p in predictions],
        "tag": [p.tags[0].tag if p else None for p in predictions],
        "confidence": [p.tags[0].confidence if p else None for p in predictions],
        "tags": _tags_array(predictions),
        "margin": [p.margin if p else None for p in predictions],
        "entropy": [p.entropy if p else None for p in predictions],
        "energy": [p.energy if p else None for p in predictions],
        "heatmap": [row.heatmap for row in rows],
        "model_id": [row.model_id for row in rows],
        "preprocess_id": [row.preprocess_id for row in rows],
        "run_id": [row.run_id for row in rows],
        "tagged_at": [row.tagged_at for row in rows],
    }
    arrays = [
        values if isinstance(values, pa.Array) else pa.array(values, field.type)
        for field, values in zip(TAGS_SCHEMA, columns.values(), strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=TAGS_SCHEMA)


def table_to_rows(table: pa.Table, *, locations: Sequence[str]) -> list[PhotoRow]:
    """Read rows back; the inverse of `rows_to_table`, for tests and small tables.

    Args:
        table: columns of TAGS_SCHEMA, in any order.
        locations: what opens each photo; the table does not carry it.
    """
    # Microseconds as integers: datetime ends at the year 9999, a file's clock does not.
    index = table.column_names.index("modified_at")
    moments = table.column("modified_at").cast(pa.int64())
    records = table.set_column(index, "modified_at", moments).to_pylist()
    return [_row(record, location) for record, location in zip(records, locations, strict=True)]


def check_schema(found: pa.Schema, expected: pa.Schema, *, name: str) -> None:
    """Refuse a file whose columns do not keep the contract; further columns are welcome.

    Args:
        found: schema of the file.
        expected: the columns that are needed.
        name: the file, as the message should call it.

    Raises:
        ConfigError: naming the first column that is missing or has another type.
    """
    for field in expected:
        index = found.get_field_index(field.name)
        if index < 0 and field.name in found.names:  # which of them is meant, nobody can say
            raise ConfigError(
                f"{name} is not a table of this project: column {field.name!r} stands twice; "
                "move it out of the folder"
            )
        if index < 0 and field.name in LATER_COLUMNS:
            continue
        if index < 0:
            raise ConfigError(
                f"{name} is not a table of this project: it has no column {field.name!r}; "
                "move it out of the folder"
            )
        kind = found.field(index).type
        if not _is_same_kind(kind, field.type):
            raise ConfigError(
                f"{name} is not a table of this project: expected column {field.name!r} of type "
                f"{field.type}, got {kind}; move it out of the folder"
            )


def _is_same_kind(found: pa.DataType, expected: pa.DataType) -> bool:
    """Whether values of `found` mean the same: other writers pick other widths and units."""
    if pa.types.is_dictionary(found):
        found = found.value_type
    if pa.types.is_string(expected):
        return bool(
            pa.types.is_string(found)
            or pa.types.is_large_string(found)
            or pa.types.is_string_view(found)
        )
    if pa.types.is_timestamp(expected):
        return pa.types.is_timestamp(found) and found.tz is not None
    if pa.types.is_list(expected):
        return bool(pa.types.is_list(found) or pa.types.is_large_list(found))
    return bool(found == expected)


def _encodable(text: str | None) -> str | None:
    """Escape what UTF-8 cannot carry: an error may quote a name that is not UTF-8."""
    return text and text.encode("utf-8", "backslashreplace").decode("utf-8")


def _tags_array(predictions: Iterable[Prediction | None]) -> pa.Array:
    """Build the list column from its parts: many times faster than from nested dicts."""
    lists = [p.tags if p else None for p in predictions]
    scores = [score for tags in lists if tags is not None for score in tags]
    ends = accumulate((len(tags or ()) for tags in lists), initial=0)
    offsets = pa.array(ends, pa.int32())
    tags = pa.array([score.tag for score in scores], pa.string())
    confidences = pa.array([score.confidence for score in scores], pa.float32())
    return pa.ListArray.from_arrays(
        offsets,
        pa.StructArray.from_arrays([tags, confidences], fields=list(_SCORE)),
        type=TAGS_SCHEMA.field("tags").type,
        mask=pa.array([tags is None for tags in lists], pa.bool_()),
    )


def _row(record: dict[str, Any], location: str) -> PhotoRow:
    ref = PhotoRef(
        photo_id=record["photo_id"],
        uri=record["uri"],
        location=location,
        size_bytes=record["size_bytes"],
        modified_us=record["modified_at"],
        etag=record["etag"],
    )
    photo = DecodedPhoto(
        ref=ref,
        **{name: record[name] for name in ("status", "error", "content_sha256", "width", "height")},
    )
    return PhotoRow(
        photo=photo,
        prediction=_prediction(record),
        **{name: record[name] for name in ("heatmap", "model_id", "preprocess_id", "run_id")},
        tagged_at=record["tagged_at"].astimezone(UTC),
    )


def _prediction(record: dict[str, Any]) -> Prediction | None:
    if record["tags"] is None:
        return None
    return Prediction(
        tags=tuple(TagScore(**score) for score in record["tags"]),
        **{name: record[name] for name in ("decision", "margin", "entropy", "energy")},
    )
