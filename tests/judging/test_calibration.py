"""Temperature and thresholds: against a slow search, by hand, and on photos kept aside."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_core.judging import (
    Aims,
    calibrate,
    cross_calibrate,
    decide,
    labels_of,
    measure,
    take,
)
from landmark_core.judging.calibration import (
    _GRID,
    _choose_no_landmark,
    _choose_tagged,
    _highest_energy,
    _Seen,
    wilson_interval,
)
from landmark_core.judging.temperature import confidences_of, energies_of, fit_temperature
from landmark_core.model import Thresholds


def fit(answers, aims=None):
    return calibrate(
        answers.logits,
        labels_of(answers),
        class_names=answers.class_names,
        aims=aims,
        energies=answers.energies,
    )


def test_temperature_is_that_of_a_slow_search(drawn_answers):
    answers = drawn_answers()
    labels = labels_of(answers)
    known = labels >= 0
    logits, targets = torch.tensor(answers.logits[known]), torch.tensor(labels[known])
    doubt = 1 / (len(targets) + 2)
    grid = np.exp(np.linspace(-1, 1, 801))
    losses = [
        float(
            torch.nn.functional.cross_entropy(
                logits.double() / value, targets, label_smoothing=doubt
            )
        )
        for value in grid
    ]
    assert fit_temperature(answers.logits, labels) == pytest.approx(
        grid[np.argmin(losses)], rel=3e-3
    )


@given(factor=st.floats(0.1, 10), seed=st.integers(0, 20))
@settings(max_examples=20)
def test_scaled_logits_get_a_scaled_temperature(drawn_answers_, factor, seed):
    answers = drawn_answers_(seed=seed, landmarks=60, others=0)
    labels = labels_of(answers)
    once = fit_temperature(answers.logits, labels)
    assert fit_temperature(answers.logits * np.float32(factor), labels) == pytest.approx(
        once * factor, rel=1e-3, abs=1e-4
    )


@pytest.fixture(scope="module")
def drawn_answers_(request):
    from pathlib import Path  # the fixture is wanted inside of hypothesis
    from runpy import run_path

    return run_path(str(Path(__file__).with_name("conftest.py")))["draw_answers"]


def test_a_model_without_an_error_is_not_infinitely_sure(answers_from):
    answers = answers_from(np.eye(4) * 5, ["Arch", "Dome", "Pyramid", "Tower"])
    confidence, _ = confidences_of(answers.logits, fit_temperature(answers.logits, np.arange(4)))
    assert confidence == pytest.approx(1 - 3 / 4 / 6, abs=1e-4)  # Platt: right with 5 of 6


@pytest.mark.parametrize(
    ("logits", "labels"),
    [
        pytest.param(np.zeros((0, 4)), [], id="no-photos"),
        pytest.param(np.ones((2, 4)), [-1, -2], id="no-landmarks"),
        pytest.param(np.ones((2, 1)), [0, 0], id="one-class"),
    ],
)
def test_temperature_is_one_where_nothing_can_be_fitted(logits, labels):
    assert fit_temperature(logits.astype(np.float32), np.array(labels, dtype=np.int64)) == 1.0


def test_confidence_and_energy_are_torchs(drawn_answers):
    logits = drawn_answers(landmarks=20, others=5).logits
    best = (torch.tensor(logits).double() / 1.7).softmax(dim=1).max(dim=1)
    confidence, tags = confidences_of(logits, 1.7)
    assert confidence == pytest.approx(best.values.numpy(), abs=1e-7)
    assert tags.tolist() == best.indices.tolist()
    assert energies_of(logits) == pytest.approx(
        -torch.tensor(logits).logsumexp(1).numpy(), abs=1e-5
    )


def test_huge_logits_do_not_overflow():
    logits = np.array([[3e38, -3e38], [0, 1]], np.float32)
    assert confidences_of(logits, 0.5)[0][0] == 1.0
    assert np.isfinite(energies_of(logits)).all()
    assert np.isfinite(fit_temperature(logits, np.array([0, 1])))


def test_wilson_by_hand():
    # Wilson 1927 for 8 of 10 at 95 %: (0.8 + 0.19208) / 1.38416 -+ 1.96 * 0.1607 / 1.38416 ...
    low, high = wilson_interval(8, 10)
    assert (low, high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("right", "photos"), [(0, 5), (3, 9), (40, 41), (500, 500)])
def test_wilson_is_that_of_scipy(right, photos):
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")
    theirs = stats.binomtest(right, photos).proportion_ci(method="wilson")
    assert wilson_interval(right, photos, z=1.959964) == pytest.approx(tuple(theirs), abs=1e-6)


def test_the_aims_hold_on_the_photos_that_they_were_chosen_on(drawn_answers):
    answers = drawn_answers(seed=3, skill=6)
    figures = measure(answers, fit(answers))
    assert figures.tagged_precision >= 0.97
    assert figures.others_tagged <= 0.01
    assert figures.landmarks_lost <= 0.03
    assert figures.landmarks_tagged > 0.4  # not by tagging nothing


def test_the_aims_nearly_hold_on_photos_kept_aside(drawn_answers):
    answers = drawn_answers(landmarks=1000, others=500, seed=4)
    half = np.arange(0, 1500, 2)
    figures = measure(take(answers, half + 1), fit(take(answers, half)))
    assert figures.tagged_precision >= 0.95
    assert figures.others_tagged <= 0.03
    assert figures.landmarks_lost <= 0.045
    assert figures.ece <= 0.05


def test_a_higher_aim_tags_fewer(drawn_answers):
    answers = drawn_answers(seed=5, skill=3)
    shares = [
        measure(answers, fit(answers, Aims(precision=aim))).landmarks_tagged
        for aim in (0.8, 0.97, 0.995)
    ]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[-1]


def test_without_others_nothing_is_called_no_landmark_and_tagging_is_careful(drawn_answers):
    thresholds = fit(drawn_answers(others=0, skill=9)).thresholds
    assert thresholds.no_landmark_below is None
    assert thresholds.no_landmark_energy_above is None
    assert thresholds.tagged_from >= 0.8


def test_log_probabilities_get_no_energy_threshold(drawn_answers):
    answers = drawn_answers(seed=6)
    logits = np.log(torch.tensor(answers.logits).softmax(1).numpy())
    labels = labels_of(answers)
    thresholds = calibrate(
        logits, labels, class_names=answers.class_names, energies=False
    ).thresholds
    assert thresholds.no_landmark_energy_above is None
    assert thresholds.no_landmark_below is not None


@pytest.mark.parametrize("photos", [0, 1, 4])
def test_tiny_sets_give_careful_thresholds(drawn_answers, photos):
    found = fit(drawn_answers(landmarks=photos, others=min(photos, 2)))
    assert np.isfinite(found.temperature)
    assert found.thresholds.tagged_from >= 0.8
    assert found.thresholds.per_class == {}
    assert found.thresholds.no_landmark_below is None


def test_only_others_tag_nothing(drawn_answers):
    thresholds = fit(drawn_answers(landmarks=0, others=100)).thresholds
    assert thresholds.tagged_from >= 0.97
    assert thresholds.no_landmark_below is None  # it would lose photos that nobody has seen


def test_a_class_that_attracts_wrong_photos_is_held_back(drawn_answers, answers_from):
    answers = drawn_answers(landmarks=800, others=100, skill=7)
    wrong = np.zeros((25, 4))
    wrong[:, 2] = 9  # surely Pyramid, and never one
    labels = [photo.label for photo in answers.photos] + ["Dome"] * 25
    mixed = answers_from(np.concatenate([answers.logits, wrong]), labels)
    thresholds = fit(mixed).thresholds
    assert set(thresholds.per_class) == {"Pyramid"}
    assert thresholds.tagged_from < thresholds.per_class["Pyramid"] <= 1


def test_few_wrong_photos_hold_no_class_back(drawn_answers, answers_from):
    answers = drawn_answers(landmarks=40, others=40, skill=7)
    wrong = np.zeros((4, 4))
    wrong[:, 2] = 9
    labels = [photo.label for photo in answers.photos] + ["Dome"] * 4
    mixed = answers_from(np.concatenate([answers.logits, wrong]), labels)
    assert fit(mixed).thresholds.per_class == {}


def test_equal_classes_are_rarely_told_apart(drawn_answers):
    raised = [len(fit(drawn_answers(seed=seed)).thresholds.per_class) for seed in range(25)]
    assert sum(raised) <= 0.05 * 25 * 4  # of 100 classes that are all alike


def test_a_fold_has_no_say_in_its_own_calibration(drawn_answers):
    answers = drawn_answers(folds=4)
    found = cross_calibrate(answers)
    assert sorted(found) == [0, 1, 2, 3]
    rows = [row for row, photo in enumerate(answers.photos) if photo.fold != 2]
    assert found[2] == fit(take(answers, rows))
    decided = decide(answers, found).decisions
    mine = [row for row, photo in enumerate(answers.photos) if photo.fold == 2]
    assert decide(take(answers, mine), found[2]).decisions == tuple(decided[row] for row in mine)


def test_cross_calibration_needs_folds(drawn_answers):
    with pytest.raises(ValueError, match="two folds"):
        cross_calibrate(drawn_answers())


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        pytest.param(np.zeros((2, 3)), [0, 1], "expected", id="classes"),
        pytest.param(np.zeros((2, 4)), [0], "expected", id="photos"),
        pytest.param(np.zeros((2, 4)), [0, 4], "beyond", id="label"),
    ],
)
def test_calibrate_refuses(logits, labels, message):
    with pytest.raises(ValueError, match=message):
        calibrate(logits.astype(np.float32), np.array(labels), class_names=("a", "b", "c", "d"))


def test_temperature_of_two_classes_by_hand():
    # 6 of 8 right; with the doubt of 1 of 10, the sure class is wanted 0.9 * 0.75 + 0.1 * 0.5
    logits = np.array([[1, 0]] * 8, np.float32)
    found = fit_temperature(logits, np.array([0] * 6 + [1] * 2))
    assert found == pytest.approx(1 / np.log(0.725 / 0.275), abs=1e-4)


def test_temperatures_end_at_a_hundred_and_its_inverse():
    always_wrong = fit_temperature(np.array([[5, 0]] * 9, np.float32), np.ones(9, np.int64))
    too_mild = fit_temperature(np.array([[1e-6, 0]] * 9, np.float32), np.zeros(9, np.int64))
    assert (always_wrong, too_mild) == (100.0, 0.01)


def seen(*groups):
    """Photos as the rule sees them: (how many, confidence, best tag, right, other) each."""
    sizes, confidence, best, right, other = zip(*groups, strict=True)
    return _Seen(
        confidence=np.repeat(confidence, sizes).astype(float),
        best=np.repeat(best, sizes),
        energy=np.zeros(sum(sizes)),
        right=np.repeat(right, sizes),
        other=np.repeat(other, sizes),
    )


def tagged_by(*groups):
    found = _choose_tagged(seen(*groups), Aims(), Thresholds(), ("A", "B"))
    return found.tagged_from, dict(found.per_class)


def test_one_of_a_hundred_other_photos_may_be_tagged_and_two_may_not():
    landmarks = (400, 0.9, 0, True, False)
    one = tagged_by(landmarks, (1, 0.95, 0, False, True), (99, 0.1, 0, False, True))
    assert one == (0.5, {})  # 400 + 10 * 0.5 of 411 are more than 97 %
    two = tagged_by(landmarks, (2, 0.95, 0, False, True), (98, 0.1, 0, False, True))
    assert two == (0.97, {})  # nothing is tagged; ten imagined ones are right with 97 %


def test_few_other_photos_leave_tags_below_80_percent_to_a_person():
    landmarks = (400, 0.9, 0, True, False)
    assert tagged_by(landmarks, (19, 0.1, 0, False, True)) == (0.8, {})
    assert tagged_by(landmarks, (20, 0.1, 0, False, True)) == (0.5, {})


def test_a_class_is_held_back_half_way_by_twenty_photos():
    good, others = (400, 0.9, 0, True, False), (30, 0.1, 0, False, True)
    # Right from 0.97 on; 20 photos of 20 + 20 go half of the way there from 0.5.
    assert tagged_by(good, (20, 0.5, 1, False, False), others) == (0.5, {"B": 0.735})
    # 19 cannot say so: everything waits until they are out.
    assert tagged_by(good, (19, 0.5, 1, False, False), others) == (0.51, {})


def no_landmark(*groups, most=0.9):
    found = _choose_no_landmark(seen(*groups), Aims(), most=most, energies=False)
    return found.no_landmark_below


def test_the_cut_leaves_no_other_photo_and_loses_as_many_landmarks_as_allowed():
    others = (20, 0.3, 0, False, True)
    assert no_landmark((100, 0.9, 0, True, False), others) == 0.31
    # Of 100 landmarks 3 % may be lost, counting one more than are: two.
    two, three = ((n, 0.2, 0, True, False) for n in (2, 3))
    assert no_landmark((98, 0.9, 0, True, False), two, others) == 0.31
    assert no_landmark((97, 0.9, 0, True, False), three, others) is None


@pytest.mark.parametrize(
    ("landmarks", "others", "confidence", "below"),
    [
        pytest.param(33, 20, 0.3, 0.31, id="just-enough"),
        pytest.param(32, 20, 0.3, None, id="too-few-landmarks"),
        pytest.param(33, 19, 0.3, None, id="too-few-others"),
        pytest.param(33, 20, 0.895, None, id="only-at-the-threshold-of-tagged"),
        pytest.param(33, 20, 0.885, 0.89, id="just-below-it"),
    ],
)
def test_small_sets_get_no_cut(landmarks, others, confidence, below):
    found = no_landmark((landmarks, 0.95, 0, True, False), (others, confidence, 0, False, True))
    assert found == below


def test_the_highest_energy_loses_no_more_than_may_be_spared():
    energies = np.array([-3.0, -1.23456, -2.0])
    found = [_highest_energy(energies, spare) for spare in (0, 1, 2, 3)]
    assert found == [-1.234, -2.0, -3.0, None]


def test_thresholds_are_round_numbers():
    assert [*_GRID] == [*(number / 100 for number in range(100)), 0.995, 0.999]


def test_aims_are_those_of_the_guide_and_shares():
    assert Aims() == Aims(
        precision=0.97,
        most_others_tagged=0.01,
        most_landmarks_lost=0.03,
        least_tagged_from=0.5,
        untested_tagged_from=0.8,
        least_evidence=20,
        prior_photos=10.0,
    )
    for name in ("precision", "most_others_tagged", "most_landmarks_lost"):
        assert Aims(**{name: 0})
        assert Aims(**{name: 1})
        for wrong in (-0.01, 1.01, float("nan")):
            with pytest.raises(ValueError, match=f"{name} must be in 0..1, got"):
                Aims(**{name: wrong})
