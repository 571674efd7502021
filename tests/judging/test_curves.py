"""Curves and their areas: values by hand, slow plain versions, torchmetrics, scikit-learn."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.classification import binary_calibration_error

from landmark_core.judging.curves import (
    Bin,
    area_under_risk,
    calibration_error,
    calibration_error_by_chance,
    false_positives_at,
    global_average_precision,
    reliability,
    risk_coverage,
)

SURE = np.array([0.9, 0.8, 0.7, 0.6])
HIT = np.array([True, False, True, False])

sure_and_right = st.lists(
    st.tuples(st.floats(0, 1).map(lambda x: round(x, 2)), st.booleans()), min_size=1, max_size=40
)


def test_gap_by_hand():
    # right at ranks 1 and 3 of 4 photos, 3 of which show a landmark: (1/1 + 2/3) / 3
    assert global_average_precision(SURE, HIT, 3) == pytest.approx((1 + 2 / 3) / 3)


def test_gap_of_equals_is_that_of_their_last():
    # both at rank 2 with one hit in two: 1/2 of one landmark
    assert global_average_precision(np.array([0.5, 0.5]), np.array([True, False]), 1) == 0.5


def test_gap_without_landmarks_is_null():
    assert global_average_precision(SURE, HIT & False, 0) is None


@given(rows=st.lists(st.booleans(), min_size=1, max_size=30), seed=st.integers(0, 99))
@settings(deadline=None)  # the first example pays for the import
def test_gap_is_micro_average_precision(rows, seed):
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    right = np.array(rows)
    sure = np.random.default_rng(seed).permutation(len(rows)) / len(rows)
    if right.any():
        expected = metrics.average_precision_score(right, sure)
        assert global_average_precision(sure, right, int(right.sum())) == pytest.approx(expected)


@given(pairs=sure_and_right, data=st.data())
def test_counts_are_copies(pairs, data):
    sure, right = (np.array(column) for column in zip(*pairs, strict=True))
    counts = np.array(
        data.draw(st.lists(st.integers(0, 3), min_size=len(sure), max_size=len(sure)))
    )
    copied = global_average_precision(np.repeat(sure, counts), np.repeat(right, counts), 7)
    assert global_average_precision(sure, right, 7, counts) == pytest.approx(copied)


def test_calibration_error_by_hand():
    # two photos in (0.8, 0.867] with mean 0.85 and one right; one at 0.3, wrong
    bins = reliability(np.array([0.84, 0.86, 0.3]), np.array([True, False, False]))
    assert calibration_error(bins) == pytest.approx((2 * abs(0.85 - 0.5) + 1 * 0.3) / 3)
    assert sum(one.photos for one in bins) == 3
    assert len(bins) == 15


def test_a_confidence_of_one_is_in_the_last_bin_and_zero_in_the_first():
    bins = reliability(np.array([1.0, 0.0]), np.array([True, False]))
    assert (bins[-1].photos, bins[0].photos) == (1, 1)
    assert calibration_error(bins) == 0


def test_calibration_error_without_photos_is_null():
    assert calibration_error(reliability(np.empty(0), np.empty(0, bool))) is None


@given(pairs=sure_and_right)
def test_calibration_error_is_that_of_torchmetrics_off_the_edges(pairs):
    # its edges belong to the upper bin, so photos are kept off them
    sure = np.array([min(max(value, 0.001), 0.999) + 0.0003 for value, _ in pairs])
    right = np.array([hit for _, hit in pairs])
    ours = calibration_error(reliability(sure, right))
    bins = np.floor(sure * 15)
    slow = sum(
        abs(sure[bins == n].mean() - right[bins == n].mean()) * (bins == n).mean()
        for n in np.unique(bins)
    )
    assert ours == pytest.approx(slow)


def test_calibration_error_agrees_with_torchmetrics():
    generator = np.random.default_rng(0)
    sure = generator.uniform(0.5, 1, 500)
    right = generator.uniform(size=500) < sure
    # torchmetrics' binary error bins the probability of the positive class by its truth
    theirs = binary_calibration_error(torch.tensor(sure), torch.tensor(right.astype(int)), 15)
    assert calibration_error(reliability(sure, right)) == pytest.approx(float(theirs), abs=1e-6)


def test_calibration_error_by_chance_is_that_of_a_simulation():
    generator = np.random.default_rng(0)
    sure = generator.beta(4, 1, 160)
    drawn = [
        calibration_error(reliability(sure, generator.uniform(size=160) < sure))
        for _ in range(1000)
    ]
    assert calibration_error_by_chance(sure) == pytest.approx(np.mean(drawn), rel=0.05)


def test_sure_photos_and_none_leave_nothing_to_chance():
    assert calibration_error_by_chance(np.ones(5)) == 0
    assert calibration_error_by_chance(np.empty(0)) is None


def test_risk_and_coverage_by_hand():
    coverage, risk = risk_coverage(SURE, HIT)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert area_under_risk(SURE, HIT) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


@given(pairs=sure_and_right)
def test_risk_at_a_limit_is_the_share_of_errors_at_or_above_it(pairs):
    sure, right = (np.array(column) for column in zip(*pairs, strict=True))
    coverage, risk = risk_coverage(sure, right)
    limits = np.unique(sure)[::-1]
    assert coverage.tolist() == pytest.approx([(sure >= limit).mean() for limit in limits])
    assert risk.tolist() == pytest.approx([(~right[sure >= limit]).mean() for limit in limits])


def test_no_photos_have_no_area():
    assert area_under_risk(np.empty(0), np.empty(0, bool)) is None


def test_fpr95_by_hand():
    landmarks = np.arange(1, 21) / 20  # 19 of 20 reach 0.1
    assert false_positives_at(landmarks, np.array([0.05, 0.09, 0.1, 0.2])) == 0.5


def test_fpr95_of_one_landmark_is_at_its_confidence():
    assert false_positives_at(np.array([0.5]), np.array([0.4, 0.5, 0.6, 0.7])) == 0.75


def test_bins_are_equally_wide_and_an_empty_one_lies_on_the_diagonal():
    bins = reliability(np.array([0.5, 0.52]), np.array([True, False]), bins=10)
    assert bins[3] == Bin(low=0.3, high=0.4, photos=0, confidence=0.35, accuracy=0.0)
    assert bins[4] == Bin(low=0.4, high=0.5, photos=1, confidence=0.5, accuracy=1.0)
    assert bins[5] == Bin(low=0.5, high=0.6, photos=1, confidence=0.52, accuracy=0.0)
    assert (bins[0].low, bins[9].high, len(bins)) == (0.0, 1.0, 10)


def test_an_error_among_the_surest_weighs_most():
    # wrong at ranks 1 and 3 of 4
    assert area_under_risk(SURE, ~HIT) == pytest.approx((1 + 1 / 2 + 2 / 3 + 1 / 2) / 4)


def test_fpr_at_other_shares_counts_the_landmarks_up():
    landmarks, others = np.array([0.9, 0.7, 0.5, 0.3]), np.array([0.8, 0.6, 0.4, 0.2])
    found = [false_positives_at(landmarks, others, share) for share in (0.0, 0.25, 0.5, 0.51, 1)]
    assert found == [0.0, 0.0, 0.25, 0.5, 0.75]
