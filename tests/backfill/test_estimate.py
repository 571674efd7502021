"""Hours and cost by hand, and groups of shards: nothing lost, none too long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.backfill import estimate_work, group_shards
from landmark_core.records import Shard


def test_ten_million_photos_at_fifty_a_second_by_hand():
    found = estimate_work(
        10_000_000, photos_per_second=50.0, basis="given", processes=8, cost_per_hour=2.0
    )
    assert found.process_hours == pytest.approx(55.5556, abs=1e-4)  # 200,000 s
    assert found.hours == pytest.approx(6.9444, abs=1e-4)
    assert found.cost == pytest.approx(111.11, abs=0.01)


def test_one_process_takes_as_many_hours_as_all_together():
    found = estimate_work(7200, photos_per_second=1.0, basis="given", cost_per_hour=0.5)
    assert (found.hours, found.process_hours, found.cost, found.processes) == (2.0, 2.0, 1.0, 1)


def test_no_price_no_cost():
    assert estimate_work(10, photos_per_second=1.0, basis="given").cost is None


@pytest.mark.parametrize(
    ("rate", "processes"),
    [
        pytest.param(0.0, 1, id="no-rate"),
        pytest.param(float("nan"), 1, id="nan"),
        pytest.param(float("inf"), 1, id="infinite"),
        pytest.param(1.0, 0, id="no-process"),
    ],
)
def test_refuses(rate, processes):
    with pytest.raises(ValueError, match="expected"):
        estimate_work(1, photos_per_second=rate, basis="given", processes=processes)


def shards(sizes: list[int]) -> list[Shard]:
    return [Shard(run_id="r", number=n, photos=size) for n, size in enumerate(sizes)]


@given(
    sizes=st.lists(st.integers(1, 5000), max_size=60),
    rate=st.floats(0.5, 5000),
    processes=st.integers(1, 16),
    most=st.none() | st.integers(1, 10),
)
def test_groups_hold_every_shard_once_and_in_order(sizes, rate, processes, most):
    groups = group_shards(
        shards(sizes), photos_per_second=rate, processes=processes, shards_per_group=most
    )
    assert [shard for group in groups for shard in group] == shards(sizes)
    assert all(groups)
    if most:
        assert all(len(group) <= most for group in groups)
        return
    for group in groups:  # one shard alone may be longer than twenty minutes; two together not
        assert len(group) == 1 or sum(s.photos for s in group) <= rate * 1200


def test_four_processes_get_four_groups_each_where_there_is_work_enough():
    groups = group_shards(shards([1500] * 64), photos_per_second=20.0, processes=4)
    assert [len(group) for group in groups] == [4] * 16  # 6,000 photos are 300 s


def test_a_little_work_is_shared_by_all_processes_without_more_starts_than_that():
    groups = group_shards(shards([100] * 64), photos_per_second=50.0, processes=4)
    assert [len(group) for group in groups] == [16] * 4  # 1,600 photos are 32 s


def test_one_process_starts_once():
    groups = group_shards(shards([100] * 64), photos_per_second=50.0, processes=1)
    assert [len(group) for group in groups] == [64]


def test_a_long_archive_is_cut_by_time():
    groups = group_shards(shards([2048] * 5000), photos_per_second=50.0, processes=4)
    assert {len(group) for group in groups} == {29, 12}  # 29 x 2048 / 50 = 1,188 s; the rest


@pytest.mark.parametrize(
    ("photos", "processes", "sizes"),
    [
        pytest.param(2500, 1, [1200, 1200, 100], id="twenty-minutes-at-most"),
        pytest.param(1600, 4, [300] * 5 + [100], id="five-minutes-at-least"),
        pytest.param(9600, 4, [600] * 16, id="four-for-each-process"),
        pytest.param(40_000, 4, [1200] * 33 + [400], id="twenty-minutes-of-many"),
    ],
)
def test_groups_are_full_to_the_second(photos, processes, sizes):
    groups = group_shards(shards([1] * photos), photos_per_second=1.0, processes=processes)
    assert [len(group) for group in groups] == sizes
