"""OUT: where a run leaves its rows, heatmaps and run file, in a folder or a bucket.

    tags/run=<run_id>/part-<shard>.parquet    one part per shard, complete or absent
    heatmaps/run=<run_id>/<photo_id>.jpg
    reviews/part-<ulid>.parquet
    runs/<run_id>.plan.parquet                which photos are in which shard
    runs/<run_id>.json                        written last: the commit marker

Knows the names and nothing of what the rows mean.
"""

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from landmark_core.errors import ConfigError, RunError
from landmark_core.tables.folder import Folder
from landmark_core.tables.lock import Holder, find_holder, hold_lock
from landmark_core.tables.parts import read_parts
from landmark_core.tables.place import open_place
from landmark_core.tables.sweep import sweep_folder

_PART_NAME = re.compile(r"tags/run=([^/]+)/part-(\d+)\.parquet")
_RUN_FILE = re.compile(r"runs/([^/.]+)\.json")
_BACKFILL_FILE = re.compile(r"runs/([^/.]+)\.backfill\.json")
_PLAN_FILE = re.compile(r"runs/([^/]+)\.plan\.parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFile:
    """What a finished run left behind."""

    run_id: str
    summary: Mapping[str, Any]  # as the run wrote it


class Store:
    """Owns one OUT and the names in it."""

    def __init__(self, out: str) -> None:
        """Name the place; nothing is created or read yet.

        Args:
            out: folder or fsspec URL.

        Raises:
            ConfigError: if nothing installed can open such URLs.
        """
        self.out = out
        self._place = open_place(out)

    @property
    def own_places(self) -> tuple[str, ...]:
        """Where the pictures and tables of a run lie; a listing passes them over.

        The other folders hold no pictures, and their names are common: where OUT is SOURCE,
        somebody's photos of `runs` must not be passed over with them.
        """
        return tuple(f"{self._place.label.rstrip('/')}/{name}" for name in ("heatmaps", "tags"))

    def lock(self) -> AbstractContextManager[None]:
        """Hold OUT for one run; a bucket has no lock (see `lock`).

        Raises:
            RunError: if another run holds it, naming that run's process.
        """
        return hold_lock(self._place.root) if isinstance(self._place, Folder) else nullcontext()

    def holder(self) -> Holder | None:
        """Return the process that is writing a run to OUT now; null where none is known."""
        return find_holder(self._place.root) if isinstance(self._place, Folder) else None

    def sweep(self) -> int:
        """Remove what killed runs left behind; call it with the lock held.

        Returns:
            How many files were removed; always 0 in a bucket, where nothing is left half-written
            and no lock says that a run is dead.
        """
        return sweep_folder(self._place) if isinstance(self._place, Folder) else 0

    def check_writable(self) -> None:
        """Create OUT, then write, read back and remove a small file in it.

        Raises:
            ConfigError: if any of it fails.
        """
        probe = "runs/.probe"
        try:
            self._place.put(probe, b"landmarks")
            if self._place.get(probe) != b"landmarks":
                raise ConfigError(f"OUT cannot be used: {self.out} returns other bytes than it got")
            self._place.remove(probe)
        except (RunError, OSError) as error:
            raise ConfigError(f"OUT cannot be written: {error}; choose another --out") from error

    def write_part(self, run_id: str, shard_number: int, table: pa.Table) -> None:
        """Write the rows of one shard, in the order given, after the heatmaps that they name.

        Raises:
            RunError: if OUT is full or fails.
        """
        self._place.settle(f"heatmaps/run={run_id}")
        self._place.put(part_name(run_id, shard_number), to_parquet(table))

    def write_heatmap(self, run_id: str, photo_id: str, jpeg: bytes) -> str:
        """Write one overlay; return its path relative to OUT, as the heatmap column has it."""
        name = heatmap_path(run_id, photo_id)
        self._place.put_unsettled(name, jpeg)
        return name

    def write_run(self, run_id: str, summary: Mapping[str, Any]) -> None:
        """Write the run file, after everything else of the run: it marks the run as finished."""
        text = json.dumps(summary, indent=2, ensure_ascii=False, default=str)
        self._place.put(f"runs/{run_id}.json", text.encode("utf-8", "backslashreplace"))

    def read_runs(self) -> list[RunFile]:
        """Return all finished runs, oldest first.

        Raises:
            ConfigError: if a run file is not JSON.
        """
        return [
            RunFile(run_id=run_id, summary=self._read_json(f"runs/{run_id}.json"))
            for run_id in self.list_finished()
        ]

    def list_finished(self) -> list[str]:
        """Return the run ids that have a run file, oldest first."""
        names = self._place.list_names("runs")
        return [found[1] for name in names if (found := _RUN_FILE.fullmatch(name))]

    def list_planned(self) -> list[str]:
        """Return the run ids that have a plan, finished or not, oldest first."""
        names = self._place.list_names("runs")
        return [found[1] for name in names if (found := _PLAN_FILE.fullmatch(name))]

    def part_exists(self, run_id: str, shard_number: int) -> bool:
        """Whether a shard's rows are there."""
        return self._place.exists(part_name(run_id, shard_number))

    def list_parts(self) -> list[str]:
        """Return the names of all Parquet files below OUT/tags, by run and shard."""
        return self._list_parquet("tags")

    def list_reviews(self) -> list[str]:
        """Return the names of all Parquet files below OUT/reviews, oldest first."""
        return self._list_parquet("reviews")

    def write_reviews(self, part_id: str, table: pa.Table) -> None:
        """Write a part of people's decisions; a part that grows replaces itself, whole.

        Args:
            part_id: ULID.
            table: all rows of the part, with REVIEWS_SCHEMA.

        Raises:
            RunError: if OUT is full or fails; the part is then as it was before.
        """
        self._place.put(reviews_path(part_id), to_parquet(table))

    def read_parts(self, names: Sequence[str], schema: pa.Schema) -> Iterator[pa.Table]:
        """Yield the wanted columns of Parquet files, one table for each, in the order of names.

        Raises:
            ConfigError: naming the file that is no Parquet, or lacks a column.
        """
        return read_parts(self._place, names, schema)

    def new_file(self, name: str) -> AbstractContextManager[Path]:
        """Lend a path to write a large file to; it appears as `name` when the block ends well."""
        return self._place.new_file(name)

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading at any position."""
        return self._place.open(name)

    def _list_parquet(self, folder: str) -> list[str]:
        return [name for name in self._place.list_names(folder) if name.endswith(".parquet")]

    def _read_json(self, name: str) -> Mapping[str, Any]:
        try:
            content = json.loads(self._place.get(name))
        except ValueError as error:
            raise ConfigError(f"{self.out}/{name} is not a run file: {error}") from error
        if not isinstance(content, dict):
            raise ConfigError(f"{self.out}/{name} is not a run file: expected a JSON object")
        return content

    def list_backfills(self) -> list[str]:
        """Return the run ids that have the record of a backfill, finished or not, oldest first."""
        names = self._place.list_names("runs")
        return [found[1] for name in names if (found := _BACKFILL_FILE.fullmatch(name))]

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Write one JSON object; in ASCII, so that file names come back whatever their bytes."""
        self._place.put(name, json.dumps(value, indent=2).encode())

    def read_json(self, name: str) -> Mapping[str, Any]:
        """Return the JSON object of a file; FileNotFoundError where there is none."""
        try:
            content = json.loads(self._place.get(name))
        except ValueError as error:
            raise ConfigError(f"{self.out}/{name} is not JSON: {error}") from error
        if not isinstance(content, dict):
            raise ConfigError(f"{self.out}/{name}: expected a JSON object")
        return content


def part_name(run_id: str, shard_number: int) -> str:
    """Return the name of a shard's part, relative to OUT."""
    return f"tags/run={run_id}/part-{shard_number:06d}.parquet"


def heatmap_path(run_id: str, photo_id: str) -> str:
    """Return the name of a photo's overlay, relative to OUT."""
    return f"heatmaps/run={run_id}/{photo_id}.jpg"


def reviews_path(part_id: str) -> str:
    """Return the name of a part of people's decisions, relative to OUT."""
    return f"reviews/part-{part_id}.parquet"


def plan_name(run_id: str) -> str:
    """Return the name of a run's plan, relative to OUT."""
    return f"runs/{run_id}.plan.parquet"


def run_of_part(name: str) -> str | None:
    """Return the run id that a part's name carries; null for a file that we did not write."""
    found = _PART_NAME.fullmatch(name)
    return found[1] if found else None


def new_run_id(now: datetime, rng: random.Random) -> str:
    """Return a new run id that sorts by time: 20261123T164500Z-3f9a1c.

    Args:
        now: UTC.
        rng: tells apart runs that start within one second.
    """
    return f"{now:%Y%m%dT%H%M%SZ}-{rng.getrandbits(24):06x}"


def to_parquet(table: pa.Table) -> bytes:
    """Return a table as the bytes of one Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_statistics=True)
    return bytes(sink.getvalue())
