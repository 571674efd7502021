"""The photos that a training began with, in one Parquet file of its workplace.

People go on adding photos and reviewing others while a network learns for hours. What it gives is
judged by the photos as they were when it began, so nothing of that may take the training away.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from landmark_core.addresses import without_secrets
from landmark_core.dataset import Dataset, report_to_json, report_to_text
from landmark_core.errors import ConfigError
from landmark_core.records import LabelledPhoto, PhotoRef
from landmark_core.training.disk import disk_failed, replace_file

MATERIAL_FILE = "material.parquet"
_METADATA_KEY = b"landmark_material"
_SCHEMA = pa.schema(
    [
        pa.field("photo_id", pa.string(), nullable=False),
        pa.field("uri", pa.string(), nullable=False),
        pa.field("location", pa.binary(), nullable=False),  # names on disk may be no UTF-8
        pa.field("size_bytes", pa.int64()),
        pa.field("modified_us", pa.int64()),
        pa.field("etag", pa.string()),
        pa.field("label", pa.int32(), nullable=False),  # -1 where it shows no landmark
        pa.field("digest", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),  # folder, negatives or reviews
        pa.field("group", pa.int64(), nullable=False),  # number of its group's first photo
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A dataset without its pixels."""

    class_names: tuple[str, ...]  # sorted; the index is the label
    photos: tuple[LabelledPhoto, ...]  # in the order of their digests
    groups: tuple[int, ...]  # number of the first photo of the group of near-duplicates
    digest: str  # 16 hex digits of photos and labels
    division: str  # 16 hex digits of groups and sides
    report_text: str  # data report as people read it
    report_json: Mapping[str, Any]


def material_of(dataset: Dataset) -> Material:
    """Return what is kept of a dataset."""
    return Material(
        class_names=dataset.class_names,
        photos=dataset.photos,
        groups=dataset.groups,
        digest=dataset.digest,
        division=_division_of(dataset),
        report_text=report_to_text(dataset.report),
        report_json=json.loads(json.dumps(report_to_json(dataset.report))),  # lists, no tuples
    )


def save_material(material: Material, path: Path) -> None:
    """Write the file, whole or not at all.

    Raises:
        RunError: the disk fails.
    """
    about = {
        "class_names": material.class_names,
        "digest": material.digest,
        "division": material.division,
        "report_text": material.report_text,
        "report_json": dict(material.report_json),
    }
    rows = [
        {
            "photo_id": photo.ref.photo_id,
            "uri": photo.ref.uri,
            "location": without_secrets(photo.ref.location).encode("utf-8", "surrogateescape"),
            "size_bytes": photo.ref.size_bytes,
            "modified_us": photo.ref.modified_us,
            "etag": photo.ref.etag,
            "label": photo.label,
            "digest": photo.digest,
            "source": photo.source,
            "group": group,
        }
        for photo, group in zip(material.photos, material.groups, strict=True)
    ]
    schema = _SCHEMA.with_metadata({_METADATA_KEY: json.dumps(about).encode()})
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink, compression="zstd")
    try:
        replace_file(path, sink.getvalue())
    except OSError as error:
        raise disk_failed(error, path.parent) from error


def load_material(path: Path) -> Material:
    """Read what `save_material` wrote.

    Raises:
        ConfigError: the file is missing or damaged.
    """
    try:
        table = pq.read_table(path, partitioning=None)
        about = json.loads((table.schema.metadata or {})[_METADATA_KEY])
        rows = table.to_pylist()
        return Material(
            class_names=tuple(about["class_names"]),
            photos=tuple(_photo_of(row) for row in rows),
            groups=tuple(row["group"] for row in rows),
            digest=about["digest"],
            division=about["division"],
            report_text=about["report_text"],
            report_json=about["report_json"],
        )
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError, RecursionError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ConfigError(f"{path} cannot be read ({reason}): train without --resume") from error


def _photo_of(row: Mapping[str, Any]) -> LabelledPhoto:
    ref = PhotoRef(
        photo_id=row["photo_id"],
        uri=row["uri"],
        location=row["location"].decode("utf-8", "surrogateescape"),
        size_bytes=row["size_bytes"],
        modified_us=row["modified_us"],
        etag=row["etag"],
    )
    return LabelledPhoto(ref=ref, label=row["label"], digest=row["digest"], source=row["source"])


def _division_of(dataset: Dataset) -> str:
    """Name who may learn and who judges; folders of tests change it, and the digest does not."""
    content = hashlib.sha256()
    given = (sorted(dataset.given_test), sorted(dataset.given_validation))
    for numbers in (dataset.groups, dataset.slots, *given):
        content.update(np.array(numbers, np.int64).tobytes() + b"|")
    return content.hexdigest()[:16]
