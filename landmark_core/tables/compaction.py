"""Merge the small parts of finished runs into large ones, beside readers and without losing a row.

Every night leaves a few small parts, and a reader pays for each. Under the lock, merged files are
written and checked, then one record makes them count in place of the parts (`merges`); our own
readers see every row once throughout. The parts themselves stay for a grace period, for whoever
has begun to read them, and are removed under the lock again. Killed anywhere, the next compaction
forgets what was not committed and finishes what was.

Left alone: parts of runs that are not finished, of open backfills, of the last day; parts that are
large already; and files that are not ours. Heatmaps keep their places.
"""

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from landmark_core.errors import ConfigError, RunError
from landmark_core.tables.leftovers import finish, settle_earlier
from landmark_core.tables.merges import Merge, MergeRecord, list_records, write_record
from landmark_core.tables.merging import PartSeen, look_at_part, merge_parts
from landmark_core.tables.names import COMPACTED, part_name, run_of_part
from landmark_core.tables.store import Store, new_run_id

_STAMP = re.compile(rf"(?:{COMPACTED})?(\d{{8}}T\d{{6}}Z)-[0-9a-f]+")
_LOOKS_AT_ONCE = 8  # footers; hides the latency of a bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactionSettings:
    """What to merge, and how long the replaced files stay."""

    older_than_h: float = 24.0  # hours since a run began; younger ones are left alone
    grace_s: float = 900.0  # seconds, longer than any reader needs
    target_rows: int = 500_000  # rows of a merged file, at most; parts of half of it are left
    wait_s: float = 0.0  # seconds to wait for a run that holds OUT

    def __post_init__(self) -> None:
        if not self.target_rows >= 2:
            raise ConfigError(f"target-rows must be at least 2, got {self.target_rows}")
        for name in ("older_than_h", "grace_s", "wait_s"):
            if not getattr(self, name) >= 0:  # written this way round, NaN is refused too
                raise ConfigError(f"{name} must not be negative, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactionReport:
    """What a compaction did, or would do."""

    compaction_id: str | None  # null where there was nothing to merge
    merges: tuple[Merge, ...]
    parts_before: int  # parts that count
    parts_after: int
    left: tuple[tuple[str, int], ...]  # parts left alone, by reason
    removed: int  # replaced files that are gone, of earlier compactions too
    waiting: int  # replaced files that the next compaction will remove
    forgotten: int  # merged files of a killed compaction that never counted, removed
    locked_s: float  # seconds for which OUT was held


@dataclass(frozen=True, slots=True)
class _Choice:
    groups: tuple[tuple[PartSeen, ...], ...]
    left: Counter[str]


def compact(
    store: Store,
    settings: CompactionSettings,
    *,
    now: Callable[[], datetime],
    rng: random.Random,
    sleep: Callable[[float], None] = time.sleep,
) -> CompactionReport:
    """Merge what is small, wait, remove what was replaced.

    Args:
        store: OUT.
        settings: what to merge.
        now: the time, UTC.
        rng: tells apart compactions that start within one second.
        sleep: waits so many seconds.

    Raises:
        ConfigError: if nothing was tagged there, or a part is broken.
        RunError: if another run holds OUT, or OUT is full or fails.
    """
    before = _parts_of(store)
    begun = time.monotonic()
    with store.lock(settings.wait_s):
        earlier = settle_earlier(store, now(), timedelta(seconds=settings.grace_s))
        choice = _choose(store, settings, now())
        record = _merge(store, choice, new_run_id(now(), rng), now) if choice.groups else None
    locked_s = time.monotonic() - begun
    removed, waiting = earlier.removed, earlier.waiting
    if record:
        replaced = sum(len(merge.replaced) for merge in record.merges)
        sleep(settings.grace_s)
        begun = time.monotonic()
        if _remove_replaced(store, record, settings.wait_s, now):
            removed += replaced
        else:
            waiting += replaced
        locked_s += time.monotonic() - begun
    return CompactionReport(
        compaction_id=record.compaction_id if record else None,
        merges=record.merges if record else (),
        parts_before=len(before),
        parts_after=len(store.list_parts()),
        left=tuple(choice.left.most_common()),
        removed=removed,
        waiting=waiting,
        forgotten=earlier.forgotten,
        locked_s=locked_s,
    )


def preview_compaction(
    store: Store, settings: CompactionSettings, *, now: datetime
) -> CompactionReport:
    """Say what a compaction would merge; nothing is written.

    Raises:
        ConfigError: if nothing was tagged there.
        RunError: if OUT fails.
    """
    before = _parts_of(store)
    choice = _choose(store, settings, now)
    merges = _name_merges("", choice.groups)
    fewer = sum(len(merge.replaced) - 1 for merge in merges)
    return CompactionReport(
        compaction_id=None,
        merges=tuple(merges),
        parts_before=len(before),
        parts_after=len(before) - fewer,
        left=tuple(choice.left.most_common()),
        removed=0,
        waiting=0,
        forgotten=0,
        locked_s=0.0,
    )


def _parts_of(store: Store) -> list[str]:
    if parts := store.list_parts():
        return parts
    raise ConfigError(f"nothing was tagged in {store.out}; give the --out of a run")


def _choose(store: Store, settings: CompactionSettings, now: datetime) -> _Choice:
    """Find the groups of parts that become one file each, in the order of time."""
    finished = set(store.list_finished())
    settled = {run for run, state in list_records(store.place) if state == "compacted"}
    newest = now - timedelta(hours=settings.older_than_h)
    left: Counter[str] = Counter()
    names: list[str] = []
    for name in store.list_parts():
        run_id = run_of_part(name)
        began = _began(run_id)
        if run_id is None or began is None:
            left["foreign"] += 1
        elif run_id not in finished | settled:
            left["unfinished"] += 1
        elif began > newest:
            left["recent"] += 1
        else:
            names.append(name)
    with ThreadPoolExecutor(_LOOKS_AT_ONCE, thread_name_prefix="footers") as pool:
        seen = list(pool.map(lambda name: look_at_part(store.place, name), names))
    left["foreign"] += seen.count(None)
    small = [part for part in seen if part and 2 * part.rows < settings.target_rows]
    left["large"] += len(seen) - seen.count(None) - len(small)
    groups = [group for group in _pack(small, settings.target_rows) if len(group) > 1]
    left["alone"] += len(small) - sum(map(len, groups))
    return _Choice(tuple(groups), +left)


def _pack(parts: Iterable[PartSeen], target_rows: int) -> list[tuple[PartSeen, ...]]:
    """Put parts of one shape together, in order, as long as they fit."""
    closed: list[list[PartSeen]] = []
    filling: dict[tuple[object, ...], list[PartSeen]] = {}
    for part in parts:
        group = filling.setdefault(part.shape, [])
        if group and sum(other.rows for other in group) + part.rows > target_rows:
            closed.append(group)
            group = filling[part.shape] = []
        group.append(part)
    return [tuple(group) for group in (*closed, *filling.values())]


def _merge(store: Store, choice: _Choice, new_id: str, now: Callable[[], datetime]) -> MergeRecord:
    """Write, check and commit."""
    compaction_id = f"{COMPACTED}{new_id}"
    record = MergeRecord(
        compaction_id=compaction_id,
        state="merging",
        moment=now(),
        merges=tuple(_name_merges(compaction_id, choice.groups)),
    )
    store.check_held()
    write_record(store.place, record)
    merges = [
        merge_parts(store.place, merge, parts)
        for merge, parts in zip(record.merges, choice.groups, strict=True)
    ]
    record = replace(record, state="compaction", moment=now(), merges=tuple(merges))
    store.check_held()
    write_record(store.place, record)
    return record


def _name_merges(compaction_id: str, groups: Sequence[Sequence[PartSeen]]) -> list[Merge]:
    return [
        Merge(
            merged=part_name(compaction_id, number),
            replaced=tuple(part.name for part in group),
            rows=sum(part.rows for part in group),
        )
        for number, group in enumerate(groups)
    ]


def _remove_replaced(
    store: Store, record: MergeRecord, wait_s: float, now: Callable[[], datetime]
) -> bool:
    """Remove what a record replaced; leave it to the next compaction where a run holds OUT."""
    try:
        with store.lock(wait_s):
            finish(store, record, now())
    except RunError:
        if store.holder() is None:
            raise
        return False
    return True


def _began(run_id: str | None) -> datetime | None:
    """Return when a run began, as its id has it; null for an id that we did not make."""
    found = _STAMP.fullmatch(run_id or "")
    try:
        return found and datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
