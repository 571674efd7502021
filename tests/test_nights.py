"""Nights: figures by hand, the index's properties, and how often chance raises an alarm."""

import math
from dataclasses import fields, replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.drift import merge_sparse, noise_level, stability_index
from landmark_core.errors import ConfigError
from landmark_core.nights import (
    Drift,
    Limits,
    Night,
    PassedLimit,
    Spread,
    compare,
    night_of,
    passed_limits,
    read_night,
)
from landmark_core.report import Counts, ModelIdentity, PlanSummary, RunSummary, StageSeconds

BINS = 20
HISTOGRAMS = st.lists(st.integers(0, 5000), min_size=BINS, max_size=BINS).filter(sum)


def night(number: int, **changes: object) -> Night:
    """Return an ordinary night: 100 photos, 60 tagged, 25 to review, 13 without, 2 unreadable."""
    ordinary = Night(
        run_id=f"202601{number:02d}T020000Z-000000",
        finished_at=datetime(2026, 1, number, 3, tzinfo=UTC),
        model_id="m1",
        preprocess_id="p1",
        photos=100,
        tagged=60,
        review=25,
        no_landmark=13,
        failed=2,
        confidences=(*[2] * 10, *[3] * 6, *[15] * 4),
    )
    return replace(ordinary, **changes)


def values(**changes: object) -> dict:
    counts = {"photos": 9, "ok": 7, "tagged": 4, "review": 2, "no_landmark": 1, "corrupt": 2}
    return {
        "run_id": "r1",
        "finished_at": "2026-01-02T03:04:05+00:00",
        "model": {"model_id": "m", "preprocess_id": "p"},
        "counts": counts,
        "confidences": list(range(BINS)),
        **changes,
    }


def test_a_run_file_is_read():
    assert read_night(values()) == Night(
        run_id="r1",
        finished_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        model_id="m",
        preprocess_id="p",
        photos=9,
        tagged=4,
        review=2,
        no_landmark=1,
        failed=2,
        confidences=tuple(range(BINS)),
    )


def test_confidences_that_an_old_run_file_lacks_are_unknown():
    old = values()
    del old["confidences"]
    assert read_night(old).confidences is None
    assert read_night(values(confidences=[1, 2])).confidences is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"counts": {}}, id="no-counts"),
        pytest.param({"finished_at": "yesterday"}, id="no-time"),
        pytest.param({"model": None}, id="no-model"),
    ],
)
def test_other_json_is_no_night(change):
    with pytest.raises(ValueError, match="expected the content of a run file"):
        read_night(values(**change))


def test_the_index_by_hand():
    # 90:10 against 50:50, without the half photos: (.9-.5) ln(.9/.5) + (.1-.5) ln(.1/.5)
    by_hand = 0.4 * math.log(1.8) - 0.4 * math.log(0.2)
    assert by_hand == pytest.approx(0.8789, abs=1e-4)
    assert stability_index((900_000, 100_000), (500_000, 500_000)) == pytest.approx(by_hand, 1e-4)
    # 4 and 0 of 4 photos against 2 and 2 of 4, half a photo in each bin: 4.5/5 and .5/5, as above
    assert stability_index((4, 0), (2, 2)) == pytest.approx(by_hand, 1e-12)


@given(HISTOGRAMS, HISTOGRAMS)
def test_the_index_is_never_negative_and_symmetric(one, other):
    value = stability_index(one, other)
    assert value >= 0
    assert value == pytest.approx(stability_index(other, one), abs=1e-12)


@given(HISTOGRAMS, st.integers(1, 50))
def test_equal_shares_have_no_drift_whatever_the_sizes(one, times):
    assert stability_index(one, [times * photos for photos in one]) == pytest.approx(0, abs=1e-12)


def test_one_photo_on_each_side_is_enough_for_an_index():
    # half a photo in each bin: 1.5/2 and .5/2 against the same turned round
    assert stability_index((1, 0), (0, 1)) == pytest.approx(2 * 0.5 * math.log(3))


def test_an_empty_side_has_no_index():
    with pytest.raises(ValueError, match="photos on both sides, got 0 and 3"):
        stability_index((0, 0), (1, 2))


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [
        pytest.param(1, 10.828, id="1"),
        pytest.param(4, 18.467, id="4"),
        pytest.param(9, 27.877, id="9"),
        pytest.param(19, 43.820, id="19"),
    ],
)
def test_noise_is_chi_squared_of_the_tables(freedom, quantile):
    expected = quantile * (1 / 200 + 1 / 5000)
    assert expected <= noise_level(200, 5000, freedom + 1) <= 1.031 * expected


def test_one_bin_has_no_noise():
    assert noise_level(10, 10, 1) == 0


def test_shares_have_the_median_and_the_middle_half_of_the_past():
    past = [night(number, tagged=tagged) for number, tagged in enumerate((10, 20, 30, 40, 50), 1)]
    comparison = compare(night(6, tagged=70), past)
    share = comparison.shares[0]
    assert (share.name, share.tonight) == ("tagged", 0.7)
    assert share.past == Spread(low=0.2, median=pytest.approx(0.3), high=0.4)
    assert [one.name for one in comparison.shares] == ["tagged", "review", "no_landmark", "failed"]
    assert comparison.shares[3].past.median == 0.02
    assert (comparison.nights, comparison.model_changed, comparison.other_models) == (
        5,
        False,
        False,
    )


def test_only_the_last_thirty_nights_count():
    past = [night(1, tagged=0), *[night(2 + number % 20) for number in range(30)]]
    assert compare(night(30), past).nights == 30
    assert compare(night(30), past).shares[0].past.low == 0.6


def test_the_first_night_has_nothing_to_compare():
    comparison = compare(night(1), [])
    assert comparison.nights == 0
    assert comparison.shares[0].past is None
    assert comparison.drift is None
    assert not comparison.model_changed


def test_a_new_model_is_compared_in_shares_and_said_so():
    comparison = compare(night(9, model_id="m2"), [night(1), night(2), night(3)])
    assert comparison.model_changed
    assert comparison.other_models
    assert comparison.nights == 3
    assert comparison.drift is None


def test_few_nights_of_a_new_model_have_drift_and_many_have_shares_alone():
    new = [night(number, model_id="m2", tagged=50) for number in (4, 5, 6)]
    few = compare(night(9, model_id="m2"), [night(1), night(2), night(3), *new[:2]])
    assert (few.nights, few.other_models, few.model_changed) == (5, True, False)
    assert few.drift.nights == 2
    enough = compare(night(9, model_id="m2"), [night(1), night(2), night(3), *new])
    assert (enough.nights, enough.other_models) == (3, False)
    assert enough.shares[0].past.median == 0.5


def test_another_preprocessing_is_another_scale():
    assert compare(night(9, preprocess_id="p2"), [night(1)]).drift is None


def test_drift_pools_the_nights_that_have_confidences():
    past = [night(1), night(2, confidences=None), night(3)]
    drift = compare(night(4), past).drift
    assert isinstance(drift, Drift)
    assert drift.nights == 2
    assert drift.past == tuple(2 * photos for photos in night(1).confidences)
    assert drift.value == pytest.approx(0, abs=1e-12)
    assert drift.usual == Spread(low=0, median=0, high=0)


def test_photos_that_all_moved_to_an_empty_bin_do_not_vanish_there():
    sure, unsure = (*[0] * 19, 1000), (60, *[0] * 19)
    drift = compare(night(4, confidences=unsure), [night(1, confidences=sure)]).drift
    assert drift.value > 4
    assert drift.value > 10 * drift.noise


@pytest.mark.parametrize(
    ("tonight", "expected"),
    [
        pytest.param(night(9), (), id="ordinary"),
        pytest.param(
            night(9, failed=6),
            (PassedLimit(limit="failures", value=0.06, allowed=0.05),),
            id="fail",
        ),
        pytest.param(
            night(9, review=51),
            (PassedLimit(limit="review", value=0.51, allowed=0.5),),
            id="review",
        ),
        pytest.param(night(9, failed=5, review=50), (), id="at-the-limit-is-within"),
        pytest.param(night(9, photos=49, failed=49), (), id="too-few-photos"),
    ],
)
def test_limits(tonight, expected):
    assert passed_limits(compare(tonight, [night(1)]), Limits()) == expected


def test_drift_counts_only_beyond_what_chance_makes_of_a_small_night():
    past = [night(number, confidences=tuple([100] * BINS)) for number in range(1, 4)]
    moved = (*[0] * 10, *[6] * 10)
    comparison = compare(night(9, confidences=moved), past)
    assert comparison.drift.value > comparison.drift.noise > 0.25
    (passed,) = passed_limits(comparison, Limits())
    assert passed == PassedLimit(
        limit="drift", value=comparison.drift.value, allowed=comparison.drift.noise
    )
    uneven = (*[2] * 10, *[4] * 10)  # an index of 0.1 or so, from 60 photos: chance does that
    comparison = compare(night(9, confidences=uneven), past)
    assert 0.05 < comparison.drift.value < comparison.drift.noise
    assert passed_limits(comparison, Limits(max_drift=0.05)) == ()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param({"max_failures": 1.5}, "max_failures must be between", id="share"),
        pytest.param({"max_failures": -0.01}, "max_failures must be between", id="below-none"),
        pytest.param({"max_review": 1.01}, "max_review must be between", id="above-all"),
        pytest.param({"max_review": math.nan}, "max_review must be between", id="nan"),
        pytest.param({"max_drift": -1}, "max_drift must be at least 0", id="drift"),
        pytest.param({"min_photos": 0}, "min_photos must be at least 1", id="photos"),
    ],
)
def test_limits_refuse(values, message):
    with pytest.raises(ConfigError, match=message):
        Limits(**values)


SHAPES = {
    "peaked": np.array([0.3 / 19] * 19 + [0.7]),
    "two-humps": np.array([8, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 5, 9, 20, 36]) / 100,
    "flat": np.full(BINS, 1 / BINS),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("photos", "share"), [(60, 0.8), (250, 0.5), (2000, 0.5)])
def test_unchanged_nights_rarely_alarm_and_a_real_shift_does(shape, photos, share):
    """At most one of 100 unchanged nights (one of 1000 is meant); at least 99 of 100 shifted ones.

    In a night of 60 photos, a shift of half of them would be seen in 61 of 100 nights.
    """
    rng = np.random.default_rng(photos)
    past = [
        night(number, confidences=tuple(rng.multinomial(photos, SHAPES[shape]).tolist()))
        for number in range(1, 29)
    ]

    def alarms(shares: np.ndarray, nights: int) -> int:
        return sum(
            bool(
                passed_limits(compare(night(30, photos=photos, confidences=found), past), Limits())
            )
            for found in map(tuple, rng.multinomial(photos, shares, nights).tolist())
        )

    # A share of the photos, wherever they were, is now below 0.3: photos of another kind.
    shifted = (1 - share) * SHAPES[shape] + share * np.array([1 / 6] * 6 + [0] * 14)
    assert alarms(SHAPES[shape], 100) <= 1
    assert alarms(shifted, 100) >= 99


def test_a_run_that_has_just_finished_is_a_night():
    counts = Counts(photos=9, ok=7, tagged=4, review=2, no_landmark=1, corrupt=2)
    plan = PlanSummary(**{field.name: 0 for field in fields(PlanSummary)})
    texts = {"name": "n", "explanation": "", "device": "cpu", "precision": "fp32"}
    summary = RunSummary(
        run_id="r1",
        version="0",
        started_at=datetime(2026, 1, 2, 3, tzinfo=UTC),
        finished_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        settings={},
        plan=plan,
        model=ModelIdentity(
            model_id="m", preprocess_id="p", classes=1, class_names=("A",), notes=(), **texts
        ),
        counts=counts,
        tags=(),
        failures=(),
        stages=StageSeconds(),
        confidences=tuple(range(BINS)),
        start_seconds=0.0,
    )
    assert night_of(summary) == read_night(values())


def test_a_night_without_photos_has_shares_of_nothing():
    empty = night(9, photos=0, tagged=0, review=0, no_landmark=0, failed=0, confidences=(0,) * BINS)
    comparison = compare(empty, [night(1)])
    assert [share.tonight for share in comparison.shares] == [0.0] * 4
    assert comparison.drift is None
    assert compare(night(9), [replace(night(1), confidences=(0,) * BINS)]).drift is None
    assert compare(night(9, confidences=None), [night(1)]).drift is None


def test_limits_are_those_of_the_docs_and_reach_their_ends():
    assert Limits() == Limits(max_failures=0.05, max_review=0.5, max_drift=0.25, min_photos=50)
    assert Limits(max_failures=0, max_review=1, max_drift=0, min_photos=1)
    assert Limits(max_failures=1, max_review=0)


def test_a_night_of_the_least_photos_is_held_to_the_limits_and_one_less_is_not():
    fifty, less = night(9, photos=50, failed=50), night(9, photos=49, failed=49)
    assert [one.limit for one in passed_limits(compare(fifty, []), Limits())] == ["failures"]
    assert passed_limits(compare(less, []), Limits()) == ()


def test_drift_needs_the_least_photos_that_have_confidences():
    past = [night(number, confidences=(1000, *[0] * 19)) for number in range(1, 4)]
    for readable, limits in ((50, ["drift"]), (49, [])):
        tonight = night(9, confidences=(*[0] * 19, readable))
        assert [one.limit for one in passed_limits(compare(tonight, past), Limits())] == limits


def test_one_past_night_is_its_own_spread_and_has_no_other_to_be_compared_with():
    comparison = compare(night(9), [night(1, tagged=40)])
    assert comparison.shares[0].past == Spread(low=0.4, median=0.4, high=0.4)
    assert comparison.drift.usual is None
    assert compare(night(9), [night(1), night(2)]).drift.usual is not None


def test_usual_drift_is_each_night_against_the_others():
    shapes = [(100, 300, *[0] * 18), (200, 200, *[0] * 18), (300, 100, *[0] * 18)]
    past = [night(number, confidences=shape) for number, shape in enumerate(shapes, 1)]
    usual = compare(night(9), past).drift.usual
    one, other = stability_index((100, 300), (500, 300)), stability_index((200, 200), (400, 400))
    assert usual.high == pytest.approx(one)
    assert (usual.low, usual.median) == (pytest.approx((one + other) / 2), pytest.approx(one))


def test_neighbouring_bins_are_joined_until_each_expects_five_photos():
    # 20 photos against 40: a bin is wide enough where the mean of both shares is a quarter.
    assert merge_sparse((5, 5, 5, 5), (10, 10, 10, 10)) == ((5, 5, 5, 5), (10, 10, 10, 10))
    assert merge_sparse((4, 6, 5, 5), (10, 10, 10, 10)) == ((10, 5, 5), (20, 10, 10))
    assert merge_sparse((5, 5, 6, 4), (10, 10, 10, 10)) == ((5, 5, 10), (10, 10, 20))
    assert merge_sparse((0, 20), (20, 20)) == ((0, 20), (20, 20))  # one side alone has it
    assert merge_sparse((1, 1), (1, 1)) == ((2,), (2,))
