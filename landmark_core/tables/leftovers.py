"""Bring earlier compactions to their end: forget what was not committed, finish what was.

Only while OUT is held, and only after the grace period: plain readers may have either kind of file
open until then.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from landmark_core.errors import RunError
from landmark_core.tables.merges import (
    MergeRecord,
    drop_stale_records,
    list_records,
    read_record,
    write_record,
)
from landmark_core.tables.place import Place
from landmark_core.tables.store import Store

_REMOVALS_AT_ONCE = 16  # whoever reads meanwhile meets files that vanish: let it be short


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of earlier compactions."""

    removed: int = 0  # replaced files that are gone
    waiting: int = 0  # replaced files whose grace period goes on
    forgotten: int = 0  # merged files that never counted, gone


def settle_earlier(store: Store, now: datetime, grace: timedelta) -> Settled:
    """Finish or forget the compactions that a kill left, or a run kept from ending.

    Raises:
        ConfigError: if a record is broken.
        RunError: if OUT fails.
    """
    settled = Settled()
    drop_stale_records(store.place)
    for compaction_id, state in list_records(store.place):
        if state == "compacted":
            continue
        record = read_record(store.place, compaction_id, state)
        replaced = sum(len(merge.replaced) for merge in record.merges)
        is_over = now - record.moment >= grace
        if state == "compaction" and is_over:
            finish(store, record, now)
            settled = replace(settled, removed=settled.removed + replaced)
        elif state == "compaction":
            settled = replace(settled, waiting=settled.waiting + replaced)
        elif is_over:
            count = _forget(store, record)
            settled = replace(settled, forgotten=settled.forgotten + count)
    return settled


def finish(store: Store, record: MergeRecord, now: datetime) -> None:
    """Remove what a committed compaction replaced, and say so.

    Raises:
        RunError: if OUT fails, or a merged file is gone while what it replaced is there.
    """
    place = store.place
    there = set(place.list_names("tags"))
    for merge in record.merges:
        if merge.merged not in there and there.intersection(merge.replaced):
            raise RunError(
                f"{place.label}/{merge.merged} is gone, and the parts that it was made of are "
                f"there still; remove {record.name} so that they count again"
            )
    store.check_held()
    _remove(place, [name for merge in record.merges for name in merge.replaced if name in there])
    store.check_held()
    write_record(place, replace(record, state="compacted", moment=now))


def _forget(store: Store, record: MergeRecord) -> int:
    """Remove the merged files of a compaction that was not committed, then its record."""
    there = set(store.place.list_names("tags"))
    merged = [merge.merged for merge in record.merges if merge.merged in there]
    store.check_held()
    _remove(store.place, merged)
    store.place.remove(record.name)
    return len(merged)


def _remove(place: Place, names: Iterable[str]) -> None:
    """Remove parts for good: a power cut must not bring back what no record leaves out any more."""
    names = list(names)
    with ThreadPoolExecutor(_REMOVALS_AT_ONCE, thread_name_prefix="removals") as pool:
        list(pool.map(place.remove, names))
    for folder in sorted({str(PurePosixPath(name).parent) for name in names}):
        place.remove_empty(folder)
        place.settle(folder)  # where something else is in it
    place.settle("tags")
