"""Which photos a version was trained on, validated with and judged by: one Parquet file.

The next comparison needs it: a model may only be judged by photos that it has not learnt from.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from landmark_core.dataset import Dataset
from landmark_core.errors import ConfigError
from landmark_core.records import OTHER
from landmark_core.training.disk import disk_failed, replace_file
from landmark_core.training.material import Material
from landmark_core.training.plan import Model

_SCHEMA = pa.schema(
    [
        pa.field("digest", pa.string(), nullable=False),
        pa.field("uri", pa.string(), nullable=False),
        pa.field("label", pa.string()),  # null where it shows no landmark
        pa.field("source", pa.string(), nullable=False),  # folder, negatives or reviews
        pa.field("slot", pa.int8(), nullable=False),  # 0..19, by the hash of its content
        pa.field("group", pa.string(), nullable=False),  # near-duplicates share it
        pa.field("learnt", pa.bool_(), nullable=False),  # whether the kept model saw it
    ]
)


def save_photo_list(dataset: Dataset, models: Sequence[Model], path: Path) -> None:
    """Write every photo of a dataset, and whether the kept model learnt from it.

    Raises:
        RunError: the disk fails.
    """
    final = models[-1]
    learnt = {*final.train.tolist(), *final.validation.tolist()}
    rows = [
        {
            "digest": photo.digest,
            "uri": photo.ref.uri,
            "label": None if photo.label == OTHER else dataset.class_names[photo.label],
            "source": photo.source,
            "slot": dataset.slots[number],
            "group": dataset.photos[dataset.groups[number]].digest,
            "learnt": number in learnt,
        }
        for number, photo in enumerate(dataset.photos)
    ]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), sink, compression="zstd")
    try:
        replace_file(path, sink.getvalue())
    except OSError as error:
        raise disk_failed(error, path.parent) from error


def met_photos(material: Material, path: Path) -> frozenset[str]:
    """Return the digests of the photos that a version learnt from, and of their near-duplicates.

    A group is called by its first digest, which a new photo may change: whether one was met
    is asked of all its members.

    Args:
        material: the photos of now.
        path: of the version's own list.

    Raises:
        ConfigError: the list is missing or damaged.
    """
    learnt = _learnt(path)
    both = list(zip(material.photos, material.groups, strict=True))
    met = {
        group
        for photo, group in both
        if photo.digest in learnt or material.photos[group].digest in learnt
    }
    return frozenset(photo.digest for photo, group in both if group in met)


def _learnt(path: Path) -> frozenset[str]:
    """Return the digests of the photos that the version saw, and the groups that they belonged to.

    Raises:
        ConfigError: the file is missing or damaged.
    """
    try:
        table = pq.read_table(path, columns=["digest", "group", "learnt"], partitioning=None)
        seen = table.filter(table.column("learnt"))
        columns = [seen.column(name).to_pylist() for name in ("digest", "group")]
        return frozenset(columns[0]) | frozenset(columns[1])
    # KeyError: no such column; TypeError and ValueError: one of other values
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
