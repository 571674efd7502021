"""One OUT done twice: with the product's own tables, and in plain Python; and their comparison.

Every change is made with the real code first. What has happened by then is told to the plain
library: where a death comes in between, neither has it.
"""

import dataclasses
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from made_rows import part_of, photo_id_of, photos_of, read_current, read_rows, ref_of
from plain_library import Backfill, Key, Photo, PlainLibrary, Row

from landmark_core.backfill import remaining_shards
from landmark_core.records import Shard
from landmark_core.report import ModelIdentity, PlanSummary
from landmark_core.tables import (
    BackfillRecord,
    CompactionReport,
    CompactionSettings,
    Plan,
    Store,
    WorkKey,
    compact,
    count_work,
    current_tags,
    find_report,
    new_run_id,
    plan_run,
    read_shard,
    read_shards,
    status_counts,
    write_backfill,
)

START = datetime(2026, 11, 23, 3, tzinfo=UTC)
KEYS: list[Key] = [("m1", "p1"), ("m1", "p2"), ("m2", "p1")]
TAGS = ("Arch", "Dome")
_DECISIONS = ("tagged", "review", "no_landmark")

Troubles = dict[int, str]  # status of those that cannot be read this time, by number


@dataclass(frozen=True)
class Begun:
    """A shard that an executor has read from the plan, and not written yet."""

    shard: Shard
    rows: list[Row]


class BothLibraries:
    """Owns OUT below a folder, what it should hold, and the clock of both."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "out"
        self.out = str(self.root)
        self.store = Store(self.out)
        self.plain = PlainLibrary()
        self.now = START
        self.rng = random.Random(20261128)
        self._looks = 0

    def moment(self) -> datetime:
        """Return the time, a second later: no two shards or runs have the same."""
        self.now += timedelta(seconds=1)
        return self.now

    def plan(
        self,
        key: Key,
        *,
        retry_failed: bool,
        limit: int | None = None,
        twice: int | None = None,
    ) -> Plan:
        """Freeze the plan of a run; it says what the plain library says.

        Args:
            key: whose rows count.
            retry_failed: whether remembered failures are done again.
            limit: at most so many photos.
            twice: number of a photo that the listing names once more, at its end.
        """
        again = [] if twice is None else [version_of(twice, 0)]
        listing = [*self.plain.listing.values(), *again]
        to_do, counts = self.plain.work(listing, key, retry_failed=retry_failed, limit=limit)
        plan = plan_run(
            self.store,
            map(ref_of, listing),
            run_id=new_run_id(self.moment(), self.rng),
            key=_work_key(key),
            shard_size=2,
            retry_failed=retry_failed,
            limit=limit,
        )
        if plan.shards:
            self.plain.planned.add(plan.run_id)
        assert dataclasses.asdict(plan.counts) == counts
        assert [photo for shard in plan.shards for photo in self.read_shard(shard)] == to_do
        return plan

    def read_shard(self, shard: Shard) -> list[Photo]:
        return photos_of(read_shard(self.store, shard))

    def tag_shard(self, shard: Shard, key: Key, troubles: Troubles) -> None:
        """Do one shard of a run that holds OUT."""
        self._write(Begun(shard, self._rows(shard, self.read_shard(shard), key, troubles)))

    def finish(self, run_id: str) -> None:
        """Write the run file."""
        self.store.write_run(run_id, {})
        self.plain.finished.add(run_id)

    def open_backfill(self, plan: Plan, key: Key) -> None:
        """Write the record that opens a backfill."""
        write_backfill(self.store, _record(plan, key, self.now))
        shards = [self.read_shard(shard) for shard in plan.shards]
        self.plain.backfills[plan.run_id] = Backfill(key, shards)

    def begin_shard(self, run_id: str, number: int, troubles: Troubles) -> Begun | None:
        """Read a shard of a backfill and draw its heatmaps, as an executor of ours does.

        Returns:
            What has to be written; null where it is done, or the backfill has ended.
        """
        backfill = self.plain.backfills[run_id]
        shards = read_shards(self.store, run_id)
        assert [shard.photos for shard in shards] == list(map(len, backfill.shards))
        shard = shards[number % len(shards)]
        is_done = find_report(self.store, shard) is not None
        assert self.store.is_finished(run_id) != backfill.is_open
        assert not backfill.is_open or is_done == ((run_id, shard.number) in self.plain.parts)
        if is_done or not backfill.is_open:
            return None
        photos = self.read_shard(shard)
        assert photos == backfill.shards[shard.number]
        rows = self._rows(shard, photos, backfill.key, troubles)
        self._draw(rows)
        return Begun(shard, rows)

    def end_shard(self, begun: Begun) -> None:
        """Write what an executor began, whoever else did too, unless the backfill has ended."""
        is_open = self.plain.backfills[begun.shard.run_id].is_open
        assert self.store.is_finished(begun.shard.run_id) != is_open
        if is_open:
            now = self.moment()
            self._write(Begun(begun.shard, [row._replace(tagged_at=now) for row in begun.rows]))

    def compact(
        self, settings: CompactionSettings, sleep: Callable[[float], None]
    ) -> CompactionReport:
        return compact(self.store, settings, now=self.moment, rng=self.rng, sleep=sleep)

    def check_rows(self) -> None:
        """Our readers see each row once; what a row names is there."""
        assert read_rows(self.store, self.store.list_parts()) == Counter(self.plain.rows)
        for row in self.plain.rows:
            assert row.heatmap is None or (self.root / row.heatmap).is_file()

    def check_answers(self) -> None:
        """Whatever a reader may ask for is what the plain library says."""
        current = current_tags(self.store).read_all()
        assert read_current(current) == self.plain.current()
        self._check_status()
        for run_id, backfill in self.plain.backfills.items():
            if backfill.is_open:
                left = [shard.number for shard in remaining_shards(self.store, run_id)]
                assert left == self.plain.remaining(run_id)
        self._looks += 1
        key = KEYS[self._looks % len(KEYS)]
        listing = list(self.plain.listing.values())
        counts = count_work(self.store, map(ref_of, listing), key=_work_key(key))
        assert dataclasses.asdict(counts) == self.plain.work(listing, key)[1]
        self._check_plain_readers()

    def check_swept(self) -> None:
        """What dead runs left is gone: nothing half-written, and no heatmap that no row names."""
        alive = {run for run, backfill in self.plain.backfills.items() if backfill.is_open}
        # Heatmaps of what has ended are passed over: there may be millions.
        passed = {f"heatmaps/run={run_id}" for run_id in self.plain.backfills}
        halves = [self._name(path) for path in self.root.rglob(".*.tmp")]
        halves = [name for name in halves if name.rpartition("/")[0] not in {"reviews", *passed}]
        assert not [name for name in halves if not any(run_id in name for run_id in alive)]
        named = {row.heatmap for row in self.plain.rows}
        for path in (self.root / "heatmaps").rglob("*.jpg"):
            run_id = path.parent.name.removeprefix("run=")
            # Of an executor that died, nobody knows whether it did.
            assert self._name(path) in named or run_id in self.plain.backfills

    def check_merged(self) -> None:
        """All parts of finished runs have become one, but where there was one alone."""
        names = {f"tags/run={run}/part-{n:06d}.parquet" for run, n in self.plain.parts}
        finished = {name for name in names if _run_of(name) in self.plain.finished}
        assert len(finished.intersection(self.store.list_parts())) <= 1

    def check_nothing_waits(self) -> None:
        """No part is there that does not count."""
        assert self.store.list_parts() == sorted(self._part_files(), key=_in_time)

    def _check_status(self) -> None:
        status = status_counts(self.store)
        expected = self.plain.counts()
        assert {name: getattr(status, name) for name in expected} == expected
        assert {run.run_id: (run.state, run.parts) for run in status.runs} == self.plain.runs()

    def _check_plain_readers(self) -> None:
        """Pandas and the like find whole files, and every row in them; nobody was tagged twice."""
        assert not Counter(self.plain.rows) - read_rows(self.store, self._part_files())
        good = [row for row in self.plain.rows if row.status == "ok"]
        tagged = Counter((row.photo.number, row.photo.version, row.key) for row in good)
        assert set(tagged.values()) <= {1}

    def _rows(self, shard: Shard, photos: list[Photo], key: Key, troubles: Troubles) -> list[Row]:
        now = self.moment()
        return [
            _made_up(photo, key, troubles.get(photo.number, "ok"), shard.run_id, now)
            for photo in photos
        ]

    def _draw(self, rows: list[Row]) -> None:
        for row in rows:
            if row.heatmap:
                photo_id = photo_id_of(row.photo.number)
                assert self.store.write_heatmap(row.run_id, photo_id, b"jpeg") == row.heatmap

    def _write(self, begun: Begun) -> None:
        """Write a shard as the runner does: heatmaps, then the part that names them."""
        self._draw(begun.rows)
        run_id, number = begun.shard.run_id, begun.shard.number
        self.store.write_part(run_id, number, part_of(number, begun.rows))
        self.plain.parts[run_id, number] = begun.rows

    def _part_files(self) -> list[str]:
        return [self._name(path) for path in (self.root / "tags").rglob("[!.]*.parquet")]

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def version_of(number: int, version: int) -> Photo:
    """Return one of three versions of a photo; odd ones lie in a bucket.

    A file is another one when its time or its size is; an object when its etag is, so that the
    third version of an odd photo is its first one, written again.
    """
    if number % 2:
        return Photo(number, 10 + version, 100 + version, f"etag-{version % 2}")
    return Photo(number, 10 + (version == 2), 100 + (version == 1), None)


def _made_up(photo: Photo, key: Key, status: str, run_id: str, now: datetime) -> Row:
    """Return what a model that nobody trained says of a photo; two models differ now and then."""
    draw = photo.number + KEYS.index(key)
    decision = _DECISIONS[(draw + photo.size) % 3] if status == "ok" else None
    heatmap = f"heatmaps/run={run_id}/{photo_id_of(photo.number)}.jpg"
    return Row(
        photo=photo,
        key=key,
        status=status,
        decision=decision,
        tag=TAGS[draw % 2] if status == "ok" else None,
        heatmap=heatmap if decision == "review" else None,
        run_id=run_id,
        tagged_at=now,
    )


def _record(plan: Plan, key: Key, now: datetime) -> BackfillRecord:
    model = ModelIdentity(
        name="made up",
        model_id=key[0],
        preprocess_id=key[1],
        classes=len(TAGS),
        class_names=TAGS,
        explanation="none",
        device="cpu",
        precision="fp32",
        notes=(),
    )
    return BackfillRecord(
        run_id=plan.run_id,
        created_at=now,
        settings={"source": "/photos"},
        key=_work_key(key),
        model=dataclasses.asdict(model),
        shards=len(plan.shards),
        photos=plan.counts.to_do,
        plan=dict.fromkeys((field.name for field in dataclasses.fields(PlanSummary)), 0),
        estimate={},
    )


def _work_key(key: Key) -> WorkKey:
    return WorkKey(model_id=key[0], preprocess_id=key[1])


def _run_of(name: str) -> str:
    return name.split("/")[1].removeprefix("run=")


def _in_time(name: str) -> str:
    return name.replace("/run=compact-", "/run=")
