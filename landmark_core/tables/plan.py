"""The plan of a run: what is missing, cut into shards, frozen before the first photo is decoded.

`OUT/runs/<run_id>.plan.parquet` holds the photos with one row group for each shard, so that a
worker reads its own shard alone. Shards start small: the first rows are visible within seconds,
and a run that is killed early loses little.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from landmark_core.errors import ConfigError, RunError
from landmark_core.records import PhotoRef, Shard
from landmark_core.tables.ledger import Counts, Missing, find_missing
from landmark_core.tables.parts import check_footer
from landmark_core.tables.schema import check_schema
from landmark_core.tables.scratch import open_scratch
from landmark_core.tables.spool import PHOTOS_SCHEMA, table_to_refs
from landmark_core.tables.store import Store, plan_name
from landmark_core.tables.work_key import WorkKey

_RAMP = (128, 512)  # photos of the first shards


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one run does: its shards in order, and what the listing came to."""

    run_id: str
    counts: Counts
    shards: tuple[Shard, ...]  # empty where nothing is missing


def plan_run(
    store: Store,
    photos: Iterable[PhotoRef],
    *,
    run_id: str,
    key: WorkKey,
    shard_size: int,
    retry_failed: bool = False,
    limit: int | None = None,
) -> Plan:
    """Freeze the work of a run; no plan file is written where nothing is missing.

    Args:
        store: OUT.
        photos: the listing, consumed once.
        run_id: names the plan and later the parts.
        key: whose rows count as done.
        shard_size: photos per shard, at most.
        retry_failed: whether remembered failures are done again.
        limit: at most so many photos; null for all that are missing.

    Raises:
        ConfigError: if a file in OUT/tags is broken or foreign.
        RunError: if OUT or the scratch room is full or fails.
    """
    with open_scratch() as scratch:
        missing = find_missing(
            store, photos, key=key, retry_failed=retry_failed, limit=limit, scratch=scratch
        )
        sizes = shard_sizes(missing.counts.to_do, shard_size)
        if sizes:
            with store.new_file(plan_name(run_id)) as path:
                _write_plan(path, missing, sizes)
    shards = (Shard(run_id=run_id, number=n, photos=size) for n, size in enumerate(sizes))
    return Plan(run_id=run_id, counts=missing.counts, shards=tuple(shards))


def count_work(
    store: Store,
    photos: Iterable[PhotoRef],
    *,
    key: WorkKey,
    retry_failed: bool = False,
    limit: int | None = None,
) -> Counts:
    """Say what a run would do, and write nothing to OUT; arguments as for `plan_run`."""
    with open_scratch() as scratch:
        return find_missing(
            store, photos, key=key, retry_failed=retry_failed, limit=limit, scratch=scratch
        ).counts


def read_shard(store: Store, shard: Shard) -> list[PhotoRef]:
    """Return the photos of one shard, in the order of the listing.

    Raises:
        RunError: if the plan is gone, or is not the one that made the shard.
    """
    name = plan_name(shard.run_id)
    try:
        with store.open(name) as file, pq.ParquetFile(file) as plan:
            if not shard.number < plan.num_row_groups:
                raise RunError(f"{store.out}/{name} has no shard {shard.number}")
            check_footer(plan.metadata, name, group=shard.number)
            check_schema(plan.schema_arrow, PHOTOS_SCHEMA, name=name)
            rows = plan.read_row_group(shard.number, use_threads=False)
            refs = table_to_refs(rows.select(PHOTOS_SCHEMA.names).cast(PHOTOS_SCHEMA))
    except (OSError, ValueError, ConfigError, pa.ArrowException) as error:
        raise _unreadable(store, name, error) from error
    if len(refs) != shard.photos:
        raise RunError(f"{store.out}/{name}: expected {shard.photos} photos, got {len(refs)}")
    return refs


def read_shards(store: Store, run_id: str) -> tuple[Shard, ...]:
    """Return the shards of a stored plan, in order; another process may have made it.

    Raises:
        RunError: if the plan is gone or broken.
    """
    name = plan_name(run_id)
    try:
        with store.open(name) as file:
            footer = pq.read_metadata(file)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _unreadable(store, name, error) from error
    sizes = (footer.row_group(number).num_rows for number in range(footer.num_row_groups))
    return tuple(Shard(run_id=run_id, number=n, photos=size) for n, size in enumerate(sizes))


def shard_sizes(total: int, shard_size: int) -> list[int]:
    """Cut `total` photos into shards: small ones first, none above `shard_size`."""
    sizes: list[int] = []
    left = total
    while left:
        ramp = _RAMP[len(sizes)] if len(sizes) < len(_RAMP) else shard_size
        sizes.append(min(ramp, shard_size, left))
        left -= sizes[-1]
    return sizes


def _unreadable(store: Store, name: str, error: Exception) -> RunError:
    reason = str(error).splitlines()[0]
    return RunError(
        f"{store.out}/{name} cannot be read ({reason}); start the run again for a new plan"
    )


def _write_plan(path: Path, missing: Missing, sizes: list[int]) -> None:
    # No statistics: with thousands of shards they would be most of the footer.
    with pq.ParquetWriter(path, PHOTOS_SCHEMA, compression="zstd", write_statistics=[]) as writer:
        for group in _regroup(missing.read(), sizes):
            writer.write_table(group, row_group_size=len(group))


def _regroup(tables: Iterator[pa.Table], sizes: list[int]) -> Iterator[pa.Table]:
    """Cut a stream of tables anew, into tables of exactly these sizes."""
    held = PHOTOS_SCHEMA.empty_table()
    for size in sizes:
        pieces = [held]
        while (have := sum(map(len, pieces))) < size:
            pieces.append(next(tables))
        joined = pa.concat_tables(pieces)
        yield joined.slice(0, size)
        held = joined.slice(size)
        assert len(held) == max(0, have - size)
