"""Claims: what an open backfill will do is left to it, and nothing else."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_core.errors import RunError
from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow, Shard
from landmark_core.tables import (
    BackfillRecord,
    Counts,
    Plan,
    Store,
    WorkKey,
    count_work,
    current_tags,
    plan_run,
    read_shard,
    read_shards,
    rows_to_table,
    write_backfill,
)

KEY = WorkKey(model_id="m", preprocess_id="p")
OTHER = WorkKey(model_id="other", preprocess_id="p")
START = datetime(2026, 11, 23, tzinfo=UTC)


def ref(number: int, size: int = 1) -> PhotoRef:
    name = f"/photos/{number}.jpg"
    return PhotoRef(
        photo_id=f"{number:032x}",
        uri=name,
        location=name,
        size_bytes=size,
        modified_us=1,
        etag=None,
    )


def row(photo: PhotoRef, status: str = "ok", minute: int = 0, key: WorkKey = KEY) -> PhotoRow:
    return PhotoRow(
        photo=DecodedPhoto(
            ref=photo, status=status, error=None, content_sha256=None, width=None, height=None
        ),
        prediction=None,
        heatmap=None,
        model_id=key.model_id,
        preprocess_id=key.preprocess_id,
        run_id="r",
        tagged_at=START + timedelta(minutes=minute),
    )


def open_backfill(
    store: Store, photos: Iterable[PhotoRef], run_id: str = "b", key: WorkKey = KEY
) -> Plan:
    """Plan a backfill as a flow does, in shards of two photos."""
    plan = plan_run(store, photos, run_id=run_id, key=key, shard_size=2)
    one = BackfillRecord(
        run_id=run_id,
        created_at=START,
        settings={},
        key=key,
        model={},
        shards=len(plan.shards),
        photos=plan.counts.to_do,
        plan={},
        estimate={},
    )
    write_backfill(store, one)
    return plan


def do_shard(store: Store, shard: Shard, minute: int = 0, key: WorkKey = KEY) -> None:
    rows = [row(photo, minute=minute, key=key) for photo in read_shard(store, shard)]
    store.write_part(shard.run_id, shard.number, rows_to_table(rows))


def to_do(store: Store, photos: list[PhotoRef], **options: bool) -> list[PhotoRef]:
    plan = plan_run(store, photos, run_id="x", key=KEY, shard_size=100, **options)
    return [photo for shard in plan.shards for photo in read_shard(store, shard)]


def test_a_run_does_only_what_came_after_the_backfill_was_planned(tmp_path):
    store = Store(str(tmp_path))
    open_backfill(store, [ref(n) for n in range(5)])
    photos = [ref(n) for n in range(7)]
    assert to_do(store, photos) == [ref(5), ref(6)]
    assert count_work(store, photos, key=KEY) == Counts(
        listed=7,
        duplicates=0,
        already_done=0,
        failed_remembered=0,
        claimed=5,
        missing=2,
        to_do=2,
        retried=0,
    )


def test_photos_of_finished_shards_are_done_and_those_of_the_others_claimed(tmp_path):
    store = Store(str(tmp_path))
    plan = open_backfill(store, [ref(n) for n in range(5)])
    do_shard(store, plan.shards[1])
    counts = count_work(store, [ref(n) for n in range(5)], key=KEY)
    assert (counts.already_done, counts.claimed, counts.missing) == (2, 3, 0)


def test_a_finished_backfill_claims_nothing_more(tmp_path):
    store = Store(str(tmp_path))
    plan = open_backfill(store, [ref(n) for n in range(5)])
    do_shard(store, plan.shards[0])
    store.write_run("b", {})  # given up: its other shards failed
    assert to_do(store, [ref(n) for n in range(5)]) == [ref(2), ref(3), ref(4)]


def test_another_model_s_backfill_claims_nothing(tmp_path):
    store = Store(str(tmp_path))
    open_backfill(store, [ref(0)], key=OTHER)
    assert to_do(store, [ref(0)]) == [ref(0)]


def test_the_plan_of_a_run_that_was_killed_claims_nothing(tmp_path):
    store = Store(str(tmp_path))
    plan_run(store, [ref(0)], run_id="dead", key=KEY, shard_size=2)
    assert to_do(store, [ref(0)]) == [ref(0)]


def test_a_second_backfill_leaves_the_first_one_its_photos(tmp_path):
    store = Store(str(tmp_path))
    open_backfill(store, [ref(0), ref(1)], run_id="b1")
    second = open_backfill(store, [ref(0), ref(1), ref(2)], run_id="b2")
    assert [photo for shard in second.shards for photo in read_shard(store, shard)] == [ref(2)]
    assert to_do(store, [ref(n) for n in range(4)]) == [ref(3)]


def test_a_limit_counts_what_is_left(tmp_path):
    store = Store(str(tmp_path))
    open_backfill(store, [ref(n) for n in range(1200)])
    plan = plan_run(
        store, (ref(n) for n in range(10_000)), run_id="x", key=KEY, shard_size=2, limit=3
    )
    assert read_shard(store, plan.shards[0]) == [ref(1200), ref(1201)]
    assert (plan.counts.claimed, plan.counts.to_do) == (1200, 3)


def test_a_remembered_failure_is_claimed_only_where_it_would_be_tried_again(tmp_path):
    store = Store(str(tmp_path))
    open_backfill(store, [ref(0)])
    store.write_part("r", 0, rows_to_table([row(ref(0), "corrupt")]))
    assert count_work(store, [ref(0)], key=KEY).failed_remembered == 1
    assert count_work(store, [ref(0)], key=KEY, retry_failed=True).claimed == 1


def test_a_photo_that_changes_waits_for_the_shard_and_ends_with_its_new_version(tmp_path):
    store = Store(str(tmp_path))
    plan = open_backfill(store, [ref(0, size=1)])
    changed = ref(0, size=2)
    assert count_work(store, [changed], key=KEY).claimed == 1
    do_shard(store, plan.shards[0], minute=5)
    store.write_run("b", {})
    assert to_do(store, [changed]) == [changed]
    store.write_part("x", 0, rows_to_table([row(changed, minute=9)]))
    assert [r for batch in current_tags(store) for r in batch["size_bytes"].to_pylist()] == [2]
    assert count_work(store, [changed], key=KEY).already_done == 1


def test_a_backfill_without_its_plan_stops_planning_in_one_line(tmp_path):
    store = Store(str(tmp_path))
    open_backfill(store, [ref(0)])
    (tmp_path / "runs" / "b.plan.parquet").unlink()
    with pytest.raises(RunError, match=r"b\.plan\.parquet cannot be read .* backfill b") as caught:
        count_work(store, [ref(0)], key=KEY)
    assert "\n" not in str(caught.value)


def test_a_backfill_with_another_plan_stops_planning_in_one_line(tmp_path):
    store = Store(str(tmp_path))
    open_backfill(store, [ref(0), ref(1), ref(2)])
    other = plan_run(Store(str(tmp_path / "other")), [ref(0)], run_id="b", key=KEY, shard_size=2)
    assert len(other.shards) == 1
    (tmp_path / "other" / "runs" / "b.plan.parquet").replace(tmp_path / "runs" / "b.plan.parquet")
    with pytest.raises(RunError, match=r"b\.plan\.parquet cannot be read"):
        count_work(store, [ref(0)], key=KEY)


def test_claims_are_read_from_a_bucket_too():
    store = Store("memory://claims")
    open_backfill(store, [ref(n) for n in range(100)])  # 50 shards: read by several readers
    assert to_do(store, [ref(n) for n in range(101)]) == [ref(100)]


def test_the_shards_of_a_stored_plan_are_those_that_were_planned(tmp_path):
    store = Store(str(tmp_path))
    plan = plan_run(store, [ref(n) for n in range(700)], run_id="r", key=KEY, shard_size=300)
    assert read_shards(store, "r") == plan.shards
    with pytest.raises(RunError, match=r"gone\.plan\.parquet cannot be read"):
        read_shards(store, "gone")


@dataclass(frozen=True)
class Drawn:
    """A backfill as the property draws it."""

    photos: list[PhotoRef]
    key: WorkKey
    done: set[int]  # shards
    is_open: bool


refs = st.builds(ref, st.integers(0, 9), st.integers(1, 2))
drawn_rows = st.builds(
    row,
    photo=refs,
    status=st.sampled_from(["ok", "corrupt", "fetch_error"]),
    minute=st.integers(0, 3),
    key=st.sampled_from([KEY, OTHER]),
)
backfills = st.builds(
    Drawn,
    photos=st.lists(refs, max_size=8),
    key=st.sampled_from([KEY, KEY, OTHER]),
    done=st.sets(st.integers(0, 3)),
    is_open=st.booleans(),
)


@settings(max_examples=15, deadline=None)
@given(
    listing=st.lists(refs, max_size=12),
    rows=st.lists(drawn_rows, max_size=8),
    drawn=st.lists(backfills, max_size=2),
    retry_failed=st.booleans(),
)
def test_planning_beside_backfills_equals_a_plain_model(listing, rows, drawn, retry_failed):
    with tempfile.TemporaryDirectory() as out:
        store = Store(out)
        store.write_part("20260101", 0, rows_to_table(rows))
        rows, claimed = list(rows), set()
        for number, one in enumerate(drawn):
            run_id = f"20270{number}"
            plan = open_backfill(store, one.photos, run_id, one.key)
            for shard in plan.shards:
                photos = read_shard(store, shard)
                if shard.number in one.done:
                    do_shard(store, shard, 10 + number, one.key)
                    rows += [row(photo, minute=10 + number, key=one.key) for photo in photos]
                elif one.is_open and one.key == KEY:
                    claimed |= {photo.photo_id for photo in photos}
            if not one.is_open:
                store.write_run(run_id, {})
        expected = plain_model(listing, rows, claimed, retry_failed=retry_failed)
        plan = plan_run(
            store, listing, run_id="x", key=KEY, shard_size=100, retry_failed=retry_failed
        )
        planned = [photo for shard in plan.shards for photo in read_shard(store, shard)]
    counts = plan.counts
    assert planned == expected[0]
    found = counts.already_done, counts.failed_remembered, counts.claimed, counts.missing
    assert found == expected[1]
    assert counts.listed == counts.duplicates + sum(found)


def plain_model(
    listing: list[PhotoRef], rows: list[PhotoRow], claimed: set[str], *, retry_failed: bool
) -> tuple[list[PhotoRef], tuple[int, int, int, int]]:
    """The rules, one photo after the other: what is to do, and the counts."""
    newest: dict[PhotoRef, str] = {}
    for one in sorted(rows, key=lambda one: one.tagged_at):  # stable: a tie keeps row order
        if one.model_id == "m":
            newest[one.photo.ref] = one.photo.status
    wanted, done, failed, left = [], 0, 0, 0
    first = {photo.photo_id: photo for photo in reversed(listing)}
    for photo in sorted(first.values(), key=listing.index):
        status = newest.get(photo)
        if status == "ok":
            done += 1
        elif status == "corrupt" and not retry_failed:
            failed += 1
        elif photo.photo_id in claimed:
            left += 1
        else:
            wanted.append(photo)
    return wanted, (done, failed, left, len(wanted))
