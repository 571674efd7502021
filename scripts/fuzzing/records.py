"""The records that are broken, how, and who reads them: one `Kind` for each.

What torch does with a TorchScript program is not among it: a model file is a program, and is to be
trusted as one. What is read of a model file before torch sees it is.
"""

import io
import random
import shutil
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fuzzing import out as template
from fuzzing import readers
from fuzzing.json_values import broken_json
from fuzzing.mutate import mutate
from fuzzing.tables import broken_parquet

Read = Callable[[Path, random.Random], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of record."""

    name: str
    file: str  # relative to the folder of the seeds
    broken: Callable[[bytes, random.Random], bytes]
    read: Read


def run_case(seeds: Path, folder: Path, kind: Kind, rng: random.Random) -> None:
    """Break one file in a copy of the seeds, and read it as the commands do."""
    shutil.copytree(seeds, folder)
    path = folder / kind.file
    path.write_bytes(kind.broken(path.read_bytes(), rng))
    kind.read(folder, rng)


def _json(data: bytes, rng: random.Random) -> bytes:
    return broken_json(data.decode(), rng)


def _lines(data: bytes, rng: random.Random) -> bytes:
    """Break one line of a file of JSON lines."""
    lines = data.decode().splitlines()
    at = rng.randrange(len(lines))
    broken = broken_json(lines[at], rng)
    whole = [line.encode() for line in lines]
    return b"\n".join((*whole[:at], broken, *whole[at + 1 :])) + b"\n"


def _bytes(data: bytes, rng: random.Random) -> bytes:
    return mutate(data, rng, [data])


def _columns(data: bytes, rng: random.Random) -> bytes:
    return broken_parquet(pq.read_table(pa.BufferReader(data)), rng)


def _member(ending: str) -> Callable[[bytes, random.Random], bytes]:
    """Break the JSON of one member of a model file; its checksum is right afterwards."""

    def broken(data: bytes, rng: random.Random) -> bytes:
        buffer = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(data)) as old,
            zipfile.ZipFile(buffer, "w") as new,
        ):
            for name in old.namelist():
                content = old.read(name)
                new.writestr(name, _json(content, rng) if name.endswith(ending) else content)
        return buffer.getvalue()

    return broken


def _directory(data: bytes, rng: random.Random) -> bytes:
    """Break the zip's own directory, or add members to it."""
    if rng.random() < 0.5:
        at = data.rfind(b"PK\x01\x02", 0, rng.randrange(len(data) // 2, len(data)))
        at = max(at, 0)
        return data[:at] + mutate(data[at:], rng, [data])
    buffer = io.BytesIO(data)
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "a") as archive:
        warnings.simplefilter("ignore")  # that a name stands twice
        for name in rng.sample(archive.namelist(), 2):
            archive.writestr(name, rng.randbytes(9))
        archive.writestr(rng.choice(("x/../../y", "/etc/passwd", " ", "x" * 60_000)), b"")
    return buffer.getvalue()


_PART = f"out/tags/run={template.SECOND}/part-000000.parquet"
_REVIEW = "out/reviews/part-01JD0000000000000000000000.parquet"
_RECORD = f"out/runs/{template.BACKFILL}.backfill.json"
_MERGES = f"out/runs/{template.COMPACTION}.merging.json"
_TRAINING = "models/versions/20261120T030000Z-00000000/training.json"

KINDS: tuple[Kind, ...] = (
    Kind("run-file", f"out/runs/{template.SECOND}.json", _json, readers.read_runs),
    Kind("backfill", _RECORD, _json, readers.read_backfill),
    Kind("compaction", _MERGES, _json, readers.read_merges),
    Kind("lease", "lease.json", _json, readers.read_lease),
    Kind("lock", "lock.json", _json, readers.read_lock),
    Kind("plan-bytes", f"out/runs/{template.BACKFILL}.plan.parquet", _bytes, readers.read_plan),
    Kind("plan-columns", f"out/runs/{template.BACKFILL}.plan.parquet", _columns, readers.read_plan),
    Kind("part-bytes", _PART, _bytes, readers.read_out),
    Kind("part-columns", _PART, _columns, readers.read_out),
    Kind("part-values", _PART, _columns, readers.read_out),
    Kind("review-bytes", _REVIEW, _bytes, readers.read_out),
    Kind("review-columns", _REVIEW, _columns, readers.read_out),
    Kind("card", "card.json", _json, readers.read_card),
    Kind("card-in-model", "tiny.pt", _member("landmarks.json"), readers.read_script),
    Kind("model-bytes", "tiny.pt", _bytes, readers.read_script),
    Kind("model-directory", "tiny.pt", _directory, readers.read_script),
    Kind("program-bytes", "tiny.pt2", _bytes, readers.read_program),
    Kind("program-graph", "tiny.pt2", _member("model.json"), readers.read_program),
    Kind("program-weights", "tiny.pt2", _member("weights_config.json"), readers.read_program),
    Kind("history", "models/history.jsonl", _lines, readers.read_models),
    Kind("training", _TRAINING, _json, readers.read_models),
    Kind("champion", "models/champion.json", _json, readers.read_models),
    Kind("label-studio", "tasks.json", _json, readers.read_studio),
    Kind("sheet", "sheet.csv", _bytes, readers.read_sheet),
)
