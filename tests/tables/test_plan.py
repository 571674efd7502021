"""The plan: shards that add up, photos frozen in order, each shard readable alone."""

import os
import random
import tempfile
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.errors import RunError
from landmark_core.records import PhotoRef, Shard
from landmark_core.tables import (
    Counts,
    Store,
    WorkKey,
    count_work,
    new_run_id,
    plan_run,
    read_shard,
    shard_sizes,
)

KEY = WorkKey(model_id="m", preprocess_id="p")


def ref(number: int, location: str | None = None) -> PhotoRef:
    return PhotoRef(
        photo_id=f"{number:032x}",
        uri=f"/photos/{number}.jpg",
        location=location or f"/photos/{number}.jpg",
        size_bytes=number,
        modified_us=1_700_000_000_000_000 + number,
        etag=None,
    )


@given(st.integers(0, 50_000), st.integers(1, 5_000))
def test_shards_add_up_and_none_is_larger_than_asked(total, shard_size):
    sizes = shard_sizes(total, shard_size)
    assert sum(sizes) == total
    assert all(1 <= size <= shard_size for size in sizes)
    assert all(size == shard_size for size in sizes[2:-1])


@pytest.mark.parametrize(
    ("total", "shard_size", "sizes"),
    [
        pytest.param(0, 2048, [], id="nothing"),
        pytest.param(100, 2048, [100], id="one-short-shard"),
        pytest.param(5000, 2048, [128, 512, 2048, 2048, 264], id="ramp"),
        pytest.param(300, 100, [100, 100, 100], id="below-the-ramp"),
    ],
)
def test_first_shards_are_small(total, shard_size, sizes):
    assert shard_sizes(total, shard_size) == sizes


def test_a_shard_reads_back_as_planned_and_alone(tmp_path):
    store = Store(str(tmp_path / "out"))
    photos = [ref(number) for number in reversed(range(1000))]  # ids against listing order
    plan = plan_run(store, iter(photos), run_id="r", key=KEY, shard_size=300)
    assert [shard.photos for shard in plan.shards] == [128, 300, 300, 272]
    assert [photo for shard in plan.shards for photo in read_shard(store, shard)] == photos
    assert read_shard(store, plan.shards[2]) == photos[428:728]


def test_listing_order_is_kept_over_many_batches(tmp_path):
    store = Store(str(tmp_path))
    photos = [ref(number) for number in range(150_000)]
    plan = plan_run(store, iter(photos), run_id="r", key=KEY, shard_size=50_000)
    planned = pq.read_table(tmp_path / "runs" / "r.plan.parquet")["photo_id"].to_pylist()
    assert planned == [photo.photo_id for photo in photos]
    assert plan.counts.to_do == 150_000


def test_a_name_that_is_not_utf8_keeps_its_bytes(tmp_path):
    name = os.fsdecode(b"/photos/caf\xe9\n.jpg")
    plan = plan_run(Store(str(tmp_path)), [ref(1, name)], run_id="r", key=KEY, shard_size=8)
    (photo,) = read_shard(Store(str(tmp_path)), plan.shards[0])
    assert os.fsencode(photo.location) == b"/photos/caf\xe9\n.jpg"
    stored = pq.read_table(tmp_path / "runs" / "r.plan.parquet")["location"].to_pylist()
    assert stored == [b"/photos/caf\xe9\n.jpg"]


def test_a_photo_listed_twice_is_planned_once_as_first_seen(tmp_path):
    photos = [ref(1), ref(2), ref(1), ref(3), ref(2)]
    plan = plan_run(Store(str(tmp_path)), photos, run_id="r", key=KEY, shard_size=8)
    assert read_shard(Store(str(tmp_path)), plan.shards[0]) == [ref(1), ref(2), ref(3)]
    assert (plan.counts.listed, plan.counts.duplicates, plan.counts.to_do) == (5, 2, 3)


def test_limit_takes_the_first_of_the_missing(tmp_path):
    photos = [ref(number) for number in range(10)]
    plan = plan_run(Store(str(tmp_path)), photos, run_id="r", key=KEY, shard_size=8, limit=3)
    assert read_shard(Store(str(tmp_path)), plan.shards[0]) == photos[:3]
    assert (plan.counts.missing, plan.counts.to_do) == (10, 3)


def test_counting_gives_the_plan_s_counts_and_leaves_out_untouched(tmp_path):
    out = tmp_path / "out"
    photos = [ref(1), ref(2), ref(1)]
    counts = count_work(Store(str(out)), photos, key=KEY, limit=1)
    assert not out.exists()
    assert counts == Counts(
        listed=3,
        duplicates=1,
        already_done=0,
        failed_remembered=0,
        missing=2,
        to_do=1,
        retried=0,
    )
    planned = plan_run(Store(str(out)), photos, run_id="r", key=KEY, shard_size=8, limit=1)
    assert planned.counts == counts


def test_an_empty_listing_plans_nothing_and_writes_no_plan(tmp_path):
    plan = plan_run(Store(str(tmp_path)), [], run_id="r", key=KEY, shard_size=8)
    assert plan.shards == ()
    assert list(tmp_path.rglob("*.parquet")) == []


def test_a_listing_that_fails_leaves_no_plan(tmp_path):
    def listing():
        yield ref(1)
        raise RunError("the folder went away")

    with pytest.raises(RunError, match="went away"):
        plan_run(Store(str(tmp_path)), listing(), run_id="r", key=KEY, shard_size=8)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    ("shard", "message"),
    [
        pytest.param(Shard(run_id="gone", number=0, photos=1), "gone.plan.parquet", id="no-plan"),
        pytest.param(Shard(run_id="r", number=7, photos=1), "no shard 7", id="no-such-shard"),
        pytest.param(Shard(run_id="r", number=0, photos=9), "expected 9 photos, got 1", id="other"),
    ],
)
def test_a_shard_that_the_plan_does_not_have_is_refused(tmp_path, shard, message):
    store = Store(str(tmp_path))
    plan_run(store, [ref(1)], run_id="r", key=KEY, shard_size=8)
    with pytest.raises(RunError, match=message):
        read_shard(store, shard)


def test_run_ids_sort_by_time():

    rng = random.Random(7)
    earlier = new_run_id(datetime(2026, 11, 23, 16, 45, 0, tzinfo=UTC), rng)
    later = new_run_id(datetime(2026, 11, 23, 16, 45, 1, tzinfo=UTC), rng)
    assert earlier < later
    assert earlier.startswith("20261123T164500Z-")
    assert len(earlier) == len("20261123T164500Z-3f9a1c")


def test_a_limit_ends_the_listing_early_with_the_same_photos(tmp_path):
    seen = []

    def listing():
        for number in range(1_000_000):
            seen.append(number)
            yield ref(number)

    store = Store(str(tmp_path))
    plan = plan_run(store, listing(), run_id="r", key=KEY, shard_size=8, limit=10)
    photos = [photo for shard in plan.shards for photo in read_shard(store, shard)]
    assert photos == [ref(number) for number in range(10)]
    assert plan.counts.listed == len(seen) < 10_000


def test_a_limit_looks_on_past_photos_that_are_done_or_doubled(tmp_path):
    store = Store(str(tmp_path))
    photos = [ref(number // 2) for number in range(12_000)]  # each twice
    plan_run(store, photos, run_id="r", key=KEY, shard_size=8000)
    plan = plan_run(store, photos, run_id="r", key=KEY, shard_size=8000, limit=3000)
    planned = [photo for shard in plan.shards for photo in read_shard(store, shard)]
    assert planned == [ref(number) for number in range(3000)]


def test_a_time_that_64_bits_cannot_hold_is_no_time(tmp_path):
    store = Store(str(tmp_path))
    far = replace(ref(1), modified_us=9_000_000_000_000_000_000_000)
    plan = plan_run(store, [far], run_id="r", key=KEY, shard_size=8)
    assert read_shard(store, plan.shards[0]) == [replace(far, modified_us=None)]


def test_a_temporary_folder_that_is_full_is_one_line(small_disk, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    photos = (
        replace(ref(number), etag=random.Random(number).randbytes(40).hex())
        for number in range(80_000)
    )
    with pytest.raises(RunError, match=r"no scratch room .*TMPDIR") as caught:
        plan_run(Store(str(tmp_path / "out")), photos, run_id="r", key=KEY, shard_size=8)
    assert "\n" not in str(caught.value)
    assert list(small_disk.iterdir()) == []
    assert not (tmp_path / "out").exists()


def test_a_temporary_folder_that_is_absent_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(RunError, match=r"no scratch room .*No such file"):
        plan_run(Store(str(tmp_path)), [ref(1)], run_id="r", key=KEY, shard_size=8)
