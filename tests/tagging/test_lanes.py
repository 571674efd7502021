"""Lanes: in order, bounded, several at once, and whatever fails is heard of."""

import threading
import time
from itertools import count, islice

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_core.tagging.lanes import GPU_LANES, LanePlan, Lanes, plan_lanes, usable_cores

CPU = torch.device("cpu")


def lanes(number: int) -> Lanes:
    return Lanes(CPU, LanePlan(lanes=number, threads=1))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=20), st.integers(1, 4))
def test_results_come_in_the_order_of_the_items(pauses, number):
    def wait(item: tuple[int, int]) -> int:
        time.sleep(item[1] / 1000)  # later items often end first
        return item[0]

    with lanes(number) as several:
        assert list(several.map(wait, enumerate(pauses))) == list(range(len(pauses)))


def test_all_lanes_work_at_once():
    together = threading.Barrier(3, timeout=20)  # breaks unless three come
    with lanes(3) as several:
        assert len(list(several.map(lambda _: together.wait(), range(3)))) == 3


@pytest.mark.parametrize("number", [1, 2, 4])
def test_no_more_than_twice_the_lanes_are_taken_ahead(number):
    taken: list[int] = []

    def take(item: int) -> int:
        taken.append(item)
        return item

    with lanes(number) as several:
        results = several.map(lambda item: item, map(take, count()))
        for seen in islice(results, 50):
            assert taken[-1] - seen <= 2 * number
        results.close()


def test_the_first_failure_is_raised_and_nothing_after_it_comes():
    def fail_at_two(item: int) -> int:
        if item >= 2:
            raise ValueError(str(item))
        return item

    with lanes(2) as several:
        results = several.map(fail_at_two, range(9))
        assert [next(results), next(results)] == [0, 1]
        with pytest.raises(ValueError, match=r"^2$"):
            next(results)
        assert list(results) == []


def test_what_nobody_waits_for_any_more_is_not_begun():
    begun = []

    def slow(item: int) -> int:
        begun.append(item)
        time.sleep(0.02)
        return item

    with lanes(1) as several:
        results = several.map(slow, range(100))
        assert next(results) == 0
        results.close()
    assert len(begun) <= 3


def test_a_lane_computes_with_its_own_threads_and_leaves_others_alone():
    before = torch.get_num_threads()
    with Lanes(CPU, LanePlan(lanes=2, threads=1)) as several:
        assert list(several.map(lambda _: torch.get_num_threads(), range(4))) == [1] * 4
    assert torch.get_num_threads() == before


def test_a_cpu_gets_a_lane_for_each_core_until_there_are_many():
    assert plan_lanes(CPU, 1) == LanePlan(lanes=1, threads=1)
    assert plan_lanes(CPU, 6) == LanePlan(lanes=6, threads=1)
    assert plan_lanes(CPU, 64) == LanePlan(lanes=16, threads=4)
    assert plan_lanes(torch.device("cuda"), 64) == LanePlan(lanes=GPU_LANES, threads=1)
    assert usable_cores() >= 1
