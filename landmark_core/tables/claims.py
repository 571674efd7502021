"""Claims: photos that an open backfill is going to do, and that every other run leaves to it.

Claimed are the photos in those shards of its plan whose part does not exist yet, for runs with the
backfill's own model and preprocessing.

A claim holds for the photo, whichever version a listing sees. Were a changed photo done right away,
its new version's row would be older than the backfill's, which comes later and names the version
that was planned: the photo's current tags would belong to a version that is gone, what people said
of the new one would be hidden, and no later run would find anything missing. So the change waits
for the shard, and the run after it does the new version.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from landmark_core.errors import ConfigError, RunError
from landmark_core.tables.backfills import BackfillRecord, backfill_name, list_open_backfills
from landmark_core.tables.names import part_name
from landmark_core.tables.parts import check_footer, read_ahead
from landmark_core.tables.schema import check_schema, subset
from landmark_core.tables.spool import PHOTOS_SCHEMA
from landmark_core.tables.store import Store, plan_name
from landmark_core.tables.work_key import WorkKey

_AT_ONCE = 8  # readers; hides the latency of a bucket
_GROUPS = 16  # shards that one reader reads in one go
_COLUMNS = subset(PHOTOS_SCHEMA, "photo_id")


def list_claims(store: Store, key: WorkKey) -> list[BackfillRecord]:
    """Return the backfills whose photos other runs with this key leave out, oldest first.

    Raises:
        ConfigError: if the record of a backfill is broken.
    """
    return [record for record in list_open_backfills(store) if record.key == key]


def read_claims(
    store: Store, backfills: Sequence[BackfillRecord], parts: Collection[str]
) -> Iterator[pa.Table]:
    """Yield the claimed photos, with the one column `photo_id`; only their shards are read.

    Args:
        store: OUT.
        backfills: those that were open before the parts were listed.
        parts: names of all that exist.

    Raises:
        RunError: if the plan of a backfill is gone or broken.
    """
    exists = set(parts)
    for backfill in backfills:
        shards = [
            number
            for number in range(backfill.shards)
            if part_name(backfill.run_id, number) not in exists
        ]
        if shards:
            yield from _read_photos(store, backfill, shards)


def _read_photos(store: Store, backfill: BackfillRecord, shards: list[int]) -> Iterator[pa.Table]:
    name = plan_name(backfill.run_id)
    try:
        with store.open(name) as file:
            plan = pq.read_metadata(file)
        check_footer(plan, name)
        check_schema(plan.schema.to_arrow_schema(), _COLUMNS, name=name)
        yield from read_ahead(_readers(store, name, plan, shards), _AT_ONCE)
    # IndexError: it has fewer shards; ValueError: nulls in a full column
    except (OSError, IndexError, ValueError, ConfigError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise RunError(
            f"{store.out}/{name} cannot be read ({reason}), so nobody knows which photos are left "
            f"to backfill {backfill.run_id}; restore it, or remove the backfill's record: "
            f"{backfill_name(backfill.run_id)}"
        ) from error


def _readers(
    store: Store, name: str, plan: pq.FileMetaData, shards: list[int]
) -> Iterator[Callable[[], pa.Table]]:
    for first in range(0, len(shards), _GROUPS):
        yield partial(_read_shards, store, name, plan, shards[first : first + _GROUPS])


def _read_shards(store: Store, name: str, plan: Any, shards: list[int]) -> pa.Table:
    # The footer is handed over: with thousands of shards, it is most of what there is to read.
    with store.open(name) as file, pq.ParquetFile(file, metadata=plan) as photos:
        table = photos.read_row_groups(shards, columns=["photo_id"], use_threads=False)
        table.validate(full=True)
        return table.cast(_COLUMNS)
