"""Marginal cost, ratios within rounds and the floor, worked out by hand."""

import pytest

from benchmarks.comparison.cases import BY_NAME, CASES, choose_cases
from benchmarks.comparison.marginal import Pair, Spread, costs, floors, ratios, spread
from landmark_core.errors import ConfigError


def pair(contestant: str, number: int, ms: float, case: str = "2mp", start: float = 5.0) -> Pair:
    """Two runs of a contestant that takes `start` seconds and then `ms` a photo."""
    return Pair(
        case=case,
        contestant=contestant,
        round=number,
        photos=100,
        short_s=start + 100 * ms / 1000,
        long_s=start + 300 * ms / 1000,
    )


def test_start_up_cancels_out():
    slow_to_start = Pair(
        case="2mp", contestant="ours", round=1, photos=100, short_s=21.0, long_s=23.0
    )
    assert slow_to_start.marginal_ms == pytest.approx(10.0)  # 2 s over 200 photos
    assert slow_to_start.start_s == pytest.approx(20.0)  # 21 s less 100 photos at 10 ms


def test_spread_is_median_least_and_most():
    assert spread([3.0, 1.0, 8.0]) == Spread(3.0, 1.0, 8.0)


def test_ratios_are_taken_within_a_round():
    # The second round ran on a machine that was four times slower: both felt it.
    pairs = [pair("ours", 1, 10), pair("plain", 1, 30), pair("plain", 2, 120), pair("ours", 2, 40)]
    found = ratios(costs(pairs, "2mp", "plain"), costs(pairs, "2mp", "ours"))
    assert found is not None
    assert (found.median, found.least, found.most) == pytest.approx((3, 3, 3))


def test_rounds_without_ours_have_no_ratio():
    assert ratios({1: 30.0}, {}) is None
    assert ratios({1: 30.0}, {1: -0.5}) is None  # noise was greater than the work


def test_the_floor_is_decode_and_the_better_forward_of_the_same_round():
    pairs = [
        pair("decode", 1, 3),
        pair("decode", 2, 4),
        pair("decode", 3, 5),  # in this round no forward came to an end
        pair("forward", 1, 7, "forward-resnet18"),
        pair("engine", 1, 6, "forward-resnet18"),
        pair("forward", 2, 8, "forward-resnet18"),
        pair("engine", 2, 1, "forward-starter"),  # another network
    ]
    assert floors(pairs, "2mp", "forward-resnet18") == pytest.approx({1: 9.0, 2: 12.0})


def test_photos_of_a_run_are_whole_batches_that_take_about_as_long():
    case = next(case for case in CASES if case.name == "2mp")  # plain: 30 ms
    assert case.count_photos(BY_NAME["plain"], 8.0) == 128  # 8 s / 2 / 30 ms = 133
    assert case.count_photos(BY_NAME["decode"], 4.0) == 544  # the same, a share of 0.12: 556
    assert case.count_photos(BY_NAME["plain"], 0.01) == 96  # three batches at least


def test_only_chooses_cases_and_contestants():
    chosen = choose_cases(["12mp", "ours", "plain"], quick=False)
    assert [(case.name, members) for case, members in chosen] == [("12mp", ("ours", "plain"))]
    assert [case.name for case, _ in choose_cases([], quick=True)] == ["2mp", "forward-resnet18"]
    assert {name for _, members in choose_cases([], quick=False) for name in members} == {*BY_NAME}
    with pytest.raises(ConfigError, match="--only fastest: expected"):
        choose_cases(["ours", "fastest"], quick=False)
