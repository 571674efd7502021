"""OUT: where a run leaves its rows, heatmaps and run file, in a folder or a bucket.

A part is complete or absent; the run file is written last, the commit marker. Who holds OUT may
write to it, one process at a time: a folder's lock dies with its process, a bucket's lease has to
be renewed, and a write that comes too late for it is refused. Knows the names (`names`) and nothing
of what the rows mean.
"""

import json
import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from landmark_core.addresses import without_secrets
from landmark_core.errors import ConfigError, RunError
from landmark_core.json_text import parse_json
from landmark_core.tables.folder import Folder
from landmark_core.tables.lease import find_lease_holder, held_lease, hold_lease
from landmark_core.tables.limits import MOST_JSON, read_bounded
from landmark_core.tables.lock import Holder, find_holder, hold_lock
from landmark_core.tables.merges import list_parts
from landmark_core.tables.names import (
    finished_runs,
    heatmap_path,
    open_backfills,
    part_name,
    planned_backfills,
    planned_runs,
    reviews_path,
    run_of_part,
)
from landmark_core.tables.parts import read_parts
from landmark_core.tables.place import Place, open_place
from landmark_core.tables.sweep import sweep_place


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFile:
    """What a finished run left behind."""

    run_id: str
    summary: Mapping[str, Any]  # as the run wrote it

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes of the model that ran, those that can be shown; older run files say none."""
        model = self.summary.get("model")
        given = model.get("class_names") if isinstance(model, dict) else None
        if not isinstance(given, list):
            return ()
        return tuple(name for name in given if isinstance(name, str) and name.isprintable())


class Store:
    """Owns one OUT and the names in it."""

    def __init__(self, out: str) -> None:
        """Name the place; nothing is created or read yet.

        Args:
            out: folder or fsspec URL.

        Raises:
            ConfigError: if nothing installed can open such URLs.
        """
        self.out = without_secrets(out)  # for messages, and for telling places apart
        self._out = out
        self._place = open_place(out)

    @property
    def own_places(self) -> tuple[str, ...]:
        """Where the pictures and tables of a run lie; a listing passes them over.

        The other folders hold no pictures, and their names are common: where OUT is SOURCE,
        somebody's photos of `runs` must not be passed over with them.
        """
        base = self._place.label if isinstance(self._place, Folder) else self._out
        return tuple(f"{base.rstrip('/')}/{name}" for name in ("heatmaps", "tags"))

    @property
    def place(self) -> Place:
        """The folder or bucket itself."""
        return self._place

    def lock(self, wait_s: float = 0.0) -> AbstractContextManager[None]:
        """Hold OUT for one run: a folder by `lock`, a bucket by `lease`.

        Args:
            wait_s: seconds to wait for another run that holds it.

        Raises:
            RunError: if another run holds it, naming that run's process.
        """
        if isinstance(self._place, Folder):
            return hold_lock(self._place.root, wait_s)
        return hold_lease(self._out, wait_s)

    def holder(self) -> Holder | None:
        """Return the process that is writing a run to OUT now; null where none is known."""
        if isinstance(self._place, Folder):
            return find_holder(self._place.root)
        return find_lease_holder(self._out)

    def check_held(self) -> None:
        """Make sure that what this process holds of OUT is still its own.

        Nothing to do for a folder, nor where this process holds nothing: executors of a backfill.

        Raises:
            RunError: if the lease of a bucket was lost, and another run may be writing there.
        """
        if lease := held_lease(self._out):
            lease.confirm()

    def sweep(self) -> int:
        """Remove what killed runs left behind; call it with OUT held.

        Open backfills are alive, and theirs stays.

        Returns:
            How many files were removed.
        """
        return sweep_place(self._place)

    def check_writable(self) -> None:
        """Create OUT, then write, read back and remove a small file in it.

        Raises:
            ConfigError: if any of it fails.
        """
        # A name of its own: of two runs that start at once, neither removes the other's.
        probe = f"runs/.probe-{secrets.token_hex(4)}"
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
            RunError: if OUT is full or fails, or its lease was lost.
        """
        self.check_held()
        self._place.settle(f"heatmaps/run={run_id}")
        self._place.put(part_name(run_id, shard_number), to_parquet(table))

    def write_heatmap(self, run_id: str, photo_id: str, jpeg: bytes) -> str:
        """Write one overlay; return its path relative to OUT, as the heatmap column has it."""
        name = heatmap_path(run_id, photo_id)
        self._place.put_unsettled(name, jpeg)
        return name

    def write_run(self, run_id: str, summary: Mapping[str, Any]) -> None:
        """Write the run file, after everything else of the run: it marks the run as finished.

        Raises:
            RunError: if OUT is full or fails, or its lease was lost.
        """
        self.check_held()
        text = json.dumps(summary, indent=2, ensure_ascii=False, default=str)
        self._place.put(f"runs/{run_id}.json", text.encode("utf-8", "backslashreplace"))

    def read_runs(self) -> list[RunFile]:
        """Return all finished runs, oldest first.

        Raises:
            ConfigError: if a run file is not JSON.
        """
        return [self.read_run(run_id) for run_id in self.list_finished()]

    def read_run(self, run_id: str) -> RunFile:
        """Return one finished run.

        Raises:
            ConfigError: if its file is not JSON.
        """
        name = f"runs/{run_id}.json"
        try:
            return RunFile(run_id=run_id, summary=self.read_json(name))
        except ConfigError as error:
            raise ConfigError(f"{self.out}/{name} is not a run file: {error}") from error

    def list_finished(self) -> list[str]:
        """Return the run ids that have a run file, oldest first."""
        return finished_runs(self._place.list_names("runs"))

    def is_finished(self, run_id: str) -> bool:
        """Whether a run has its run file: nothing more is written for it."""
        return self._place.exists(f"runs/{run_id}.json")

    def holds_runs(self) -> bool:
        """Whether this is the OUT of runs: plans or run files are there, or parts.

        Raises:
            RunError: if it cannot be listed.
        """
        runs = self._place.list_names("runs")
        if finished_runs(runs) or planned_runs(runs):
            return True
        return any("/run=" in name for name in self._place.list_folders("tags"))

    def list_planned(self) -> list[str]:
        """Return the run ids that have a plan, finished or not, oldest first."""
        return planned_runs(self._place.list_names("runs"))

    def list_backfills(self) -> list[str]:
        """Return the run ids that have the record of a backfill, finished or not, oldest first."""
        return planned_backfills(self._place.list_names("runs"))

    def list_open_backfills(self) -> list[str]:
        """Return the backfills whose shards may be worked on now, oldest first."""
        return open_backfills(self._place.list_names("runs"))

    def part_exists(self, run_id: str, shard_number: int) -> bool:
        """Whether a shard's rows are there."""
        return self._place.exists(part_name(run_id, shard_number))

    def list_parts(self) -> list[str]:
        """Return the Parquet files below OUT/tags in which each row counts once, oldest run first.

        While parts are being merged, either the merged file or what it replaces is left out.
        """
        return list_parts(self._place)

    def list_run_parts(self, run_id: str) -> list[str]:
        """Return the names of the parts that one run wrote, by shard."""
        names = self._place.list_names(f"tags/run={run_id}")
        return [name for name in names if run_of_part(name) == run_id]

    def list_reviews(self) -> list[str]:
        """Return the names of all Parquet files below OUT/reviews, oldest first."""
        return [name for name in self._place.list_names("reviews") if name.endswith(".parquet")]

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

    def put_new(self, name: str, data: bytes) -> bool:
        """Write one whole file where there is none of that name, as one step of the store's.

        Args:
            name: of the file.
            data: what nobody else would write there, such as a text with a random token in it.

        Returns:
            Whether the file there is ours.

        Raises:
            RunError: if OUT is full or fails.
        """
        return self._place.put_new(name, data)

    def new_file(self, name: str) -> AbstractContextManager[Path]:
        """Lend a path to write a large file to; it appears as `name` when the block ends well."""
        return self._place.new_file(name)

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading at any position."""
        return self._place.open(name)

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Write one JSON object; in ASCII, so that file names come back whatever their bytes."""
        self._place.put(name, json.dumps(value, indent=2).encode())

    def read_json(self, name: str) -> Mapping[str, Any]:
        """Return the JSON object of a file; FileNotFoundError where there is none.

        Raises:
            ConfigError: if it is none, or larger than any of ours.
        """
        try:
            content = parse_json(read_bounded(self._place, name), most=MOST_JSON)
        except ValueError as error:
            raise ConfigError(f"{name} is not JSON: {error}") from error
        if not isinstance(content, dict):
            raise ConfigError(f"{name}: expected a JSON object")
        return content


def plan_name(run_id: str) -> str:
    """Return the name of a run's plan, relative to OUT."""
    return f"runs/{run_id}.plan.parquet"


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
