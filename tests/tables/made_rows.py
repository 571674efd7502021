"""Plain rows ⇄ the product's records and tables, with made-up predictions."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from plain_library import Now, Photo, Row

from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow, Prediction, TagScore
from landmark_core.report import StageSeconds, report_shard
from landmark_core.tables import Store, rows_to_table, with_report


def uri_of(number: int) -> str:
    return f"/photos/{number}.jpg"


def photo_id_of(number: int) -> str:
    return hashlib.sha256(uri_of(number).encode()).hexdigest()[:32]


def number_of(uri: str) -> int:
    return int(PurePosixPath(uri).stem)


def ref_of(photo: Photo) -> PhotoRef:
    return PhotoRef(
        photo_id=photo_id_of(photo.number),
        uri=uri_of(photo.number),
        location=uri_of(photo.number),
        size_bytes=photo.size,
        modified_us=photo.modified,
        etag=photo.etag,
    )


def photos_of(refs: Iterable[PhotoRef]) -> list[Photo]:
    return [Photo(number_of(ref.uri), ref.size_bytes, ref.modified_us, ref.etag) for ref in refs]


def part_of(shard: int, rows: Sequence[Row]) -> pa.Table:
    """Return the part that a shard leaves, with its report inside."""
    made = [_photo_row(row) for row in rows]
    return with_report(rows_to_table(made), report_shard(shard, made, StageSeconds(), 0.0))


def read_rows(store: Store, names: Iterable[str]) -> "Counter[Row]":
    """Return the rows of some files as a multiset; each file is read whole."""
    found: Counter[Row] = Counter()
    for name in names:
        with store.open(name) as file:
            found.update(row_of(record) for record in _records(pq.read_table(file)))
    return found


def read_current(table: pa.Table) -> dict[int, Now]:
    """Return what a table of current tags says of each photo; none may come twice."""
    found: dict[int, Now] = {}
    for record in _records(table):
        row = row_of(record)
        assert row.photo.number not in found
        final = (record["final_decision"], record["final_tag"], record["settled_by"])
        found[row.photo.number] = Now(row, *final, record["reviewer"])
    return found


def row_of(record: dict[str, Any]) -> Row:
    number = number_of(record["uri"])
    assert record["photo_id"] == photo_id_of(number)
    return Row(
        photo=Photo(number, record["size_bytes"], record["modified_at"], record["etag"]),
        key=(record["model_id"], record["preprocess_id"]),
        **{name: record[name] for name in Row._fields[2:]},
    )


def _records(table: pa.Table) -> list[dict[str, Any]]:
    # As an integer: what a photo's time looks like is no business of this test.
    index = table.column_names.index("modified_at")
    moments = table["modified_at"].cast(pa.int64())
    return table.set_column(index, "modified_at", moments).to_pylist()


def _photo_row(row: Row) -> PhotoRow:
    is_ok = row.status == "ok"
    photo = DecodedPhoto(
        ref=ref_of(row.photo),
        status=row.status,
        error=None if is_ok else "made to fail",
        content_sha256=None,
        width=None,
        height=None,
    )
    return PhotoRow(
        photo=photo,
        prediction=_prediction(row) if is_ok else None,
        heatmap=row.heatmap,
        model_id=row.key[0],
        preprocess_id=row.key[1],
        run_id=row.run_id,
        tagged_at=row.tagged_at,
    )


def _prediction(row: Row) -> Prediction:
    tags = (TagScore(tag=row.tag, confidence=0.5), TagScore(tag="Third", confidence=0.25))
    return Prediction(decision=row.decision, tags=tags, margin=0.25, entropy=1.0, energy=None)
