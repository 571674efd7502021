"""What a model answered for labelled photos: logits beside name and label, in one file.

One Parquet file holds a model's answers: a row per photo, the class names in the file's metadata.
Labels are names, not numbers, so that answers of two models with other classes can be compared.
Everything in this room is computed from such a file; photos are needed for pictures alone.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from landmark_core.errors import ConfigError
from landmark_core.json_text import parse_json
from landmark_core.judging.files import write_whole
from landmark_core.records import OTHER

FORMAT_VERSION = 1
UNKNOWN = -2  # the label of a landmark that the model has no class for: it cannot be right there

# In a row group: Arrow counts the numbers of a list column in 32 bits.
_NUMBERS_AT_ONCE = 2**26
_METADATA_KEY = b"landmark_answers"
_MOST_METADATA = 64 * 2**20  # bytes; 100,000 class names take about 3 MB
_SCHEMA = pa.schema(
    [
        pa.field("digest", pa.string(), nullable=False),
        pa.field("uri", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("group", pa.string(), nullable=False),
        pa.field("fold", pa.int32()),
        pa.field("logits", pa.list_(pa.float32()), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredPhoto:
    """One photo that a model has answered, and what it shows."""

    digest: str  # hex SHA-256 of the file's bytes; the same photo in two files of answers
    uri: str  # for people
    label: str | None  # name of the landmark; null where it shows none of them
    group: str  # near-duplicates share it; a photo without any has its own
    fold: int | None = None  # number of the part that was held out; null where there was one split


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """The answers of one model; row i of the logits belongs to photos[i]."""

    class_names: tuple[str, ...]  # C names, in the order of the columns
    photos: tuple[AnsweredPhoto, ...]  # N, no digest twice
    logits: NDArray[np.float32]  # (N, C), finite; log p where the model gives probabilities
    energies: bool = True  # whether -logsumexp of a row means anything; not so for log p

    def __post_init__(self) -> None:
        expected = (len(self.photos), len(self.class_names))
        if self.logits.shape != expected or self.logits.dtype != np.float32:
            found = f"{self.logits.dtype} {self.logits.shape}"
            raise ValueError(f"expected float32 {expected} logits, got {found}")
        if not np.isfinite(self.logits).all():
            raise ValueError("logits contain NaN or infinity")
        if len({photo.digest for photo in self.photos}) < len(self.photos):
            raise ValueError("a photo is answered twice: digests must differ")


def labels_of(answers: Answers) -> NDArray[np.int64]:
    """Return (N,) labels: the class's column, OTHER (-1), or UNKNOWN (-2)."""
    columns = {name: column for column, name in enumerate(answers.class_names)}
    return np.array(
        [
            OTHER if photo.label is None else columns.get(photo.label, UNKNOWN)
            for photo in answers.photos
        ],
        dtype=np.int64,
    )


def take(answers: Answers, rows: NDArray[np.int64] | Sequence[int]) -> Answers:
    """Return the answers of some rows, in the order given."""
    chosen = np.asarray(rows, dtype=np.int64)
    photos = tuple(answers.photos[row] for row in chosen.tolist())
    return replace(answers, photos=photos, logits=answers.logits[chosen])


def folds_of(answers: Answers) -> tuple[int, ...]:
    """Return the folds' numbers, ascending; () unless every photo has one and there are several."""
    found = {photo.fold for photo in answers.photos}
    numbers = sorted(fold for fold in found if fold is not None)
    return tuple(numbers) if None not in found and len(numbers) > 1 else ()


def rows_of_fold(answers: Answers, fold: int) -> NDArray[np.int64]:
    """Return the numbers of a fold's rows, ascending."""
    return np.array([n for n, photo in enumerate(answers.photos) if photo.fold == fold], np.int64)


def save_answers(answers: Answers, path: Path) -> None:
    """Write the answers as one Parquet file that appears complete or not at all.

    Raises:
        RunError: if it cannot be written.
    """
    about = {
        "format_version": FORMAT_VERSION,
        "class_names": answers.class_names,
        "energies": answers.energies,
    }
    schema = _SCHEMA.with_metadata({_METADATA_KEY: json.dumps(about).encode()})
    sink = io.BytesIO()
    step = max(_NUMBERS_AT_ONCE // max(len(answers.class_names), 1), 1)  # photos
    with pq.ParquetWriter(sink, schema, compression="zstd") as file:
        for start in range(0, len(answers.photos), step):
            file.write_table(_to_table(answers, slice(start, start + step), schema))
    write_whole(path, sink.getvalue())


def load_answers(path: Path) -> Answers:
    """Read answers that `save_answers` wrote.

    Raises:
        ConfigError: if the file is missing, or is not one of answers.
    """
    try:
        with pq.ParquetFile(path) as file:
            metadata = (file.schema_arrow.metadata or {})[_METADATA_KEY]
            about = parse_json(metadata, most=_MOST_METADATA)
            if about["format_version"] != FORMAT_VERSION:
                found = about["format_version"]
                raise ConfigError(
                    f"answers {path}: expected format {FORMAT_VERSION}, got {found!r}"
                )
            names = tuple(about["class_names"])
            tables = [file.read_row_group(number) for number in range(file.num_row_groups)]
        photos = [photo for table in tables for photo in table.drop_columns(["logits"]).to_pylist()]
        return Answers(
            class_names=names,
            photos=tuple(AnsweredPhoto(**photo) for photo in photos),
            logits=_logits_of(tables).reshape(len(photos), len(names)),
            energies=about["energies"],
        )
    except (
        OSError,
        pa.ArrowException,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
    ) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ConfigError(
            f"answers {path} cannot be read ({reason}): expected a file that landmarks train wrote"
        ) from error


def _to_table(answers: Answers, rows: slice, schema: pa.Schema) -> pa.Table:
    """Return some rows as a table."""
    photos, logits = answers.photos[rows], answers.logits[rows]
    columns = {
        name: pa.array([getattr(photo, name) for photo in photos], schema.field(name).type)
        for name in schema.names[:-1]
    }
    offsets = np.arange(len(photos) + 1, dtype=np.int32) * len(answers.class_names)
    flat = pa.array(logits.reshape(-1), pa.float32())
    columns["logits"] = pa.ListArray.from_arrays(pa.array(offsets), flat)
    return pa.table(columns, schema=schema)


def _logits_of(tables: Sequence[pa.Table]) -> NDArray[np.float32]:
    """Return all numbers of the tables' logits, one after the other."""
    pieces = [
        chunk.flatten().to_numpy(zero_copy_only=False)
        for table in tables
        for chunk in table.column("logits").chunks
    ]
    return np.concatenate(pieces).astype(np.float32) if pieces else np.empty(0, np.float32)
