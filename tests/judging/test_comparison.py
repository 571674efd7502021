"""Comparisons: McNemar by hand and by scipy, the interval, and how often equal models differ."""

import numpy as np
import pytest

from landmark_core.judging import Calibration, compare, take
from landmark_core.judging.comparison import mcnemar_p
from landmark_core.model import Thresholds

PLAIN = Calibration(temperature=1.0, thresholds=Thresholds(tagged_from=0.8))


def versus(champion, challenger, **more):
    return compare(champion, PLAIN, challenger, PLAIN, **more)


@pytest.fixture
def voted(answers_from):
    """Answers to landmark photos that are right where told, all equally sure."""

    def make(right, *, groups=None, names=("A", "B"), labels=None, sure=3.0):
        logits = [[sure, 0] if hit else [0, sure] for hit in right]
        rows = np.reshape(logits, (len(right), 2))
        return answers_from(rows, labels or ["A"] * len(right), names=names, groups=groups)

    return make


@pytest.mark.parametrize(
    ("wins", "losses", "p"),
    [
        pytest.param(0, 0, 1.0, id="no-difference"),
        pytest.param(5, 5, 1.0, id="even"),
        pytest.param(6, 0, 2 / 64, id="six-to-none"),
        pytest.param(1, 8, 2 * (1 + 9) / 512, id="one-to-eight"),
    ],
)
def test_mcnemar_by_hand(wins, losses, p):
    assert mcnemar_p(wins, losses) == pytest.approx(p)
    assert mcnemar_p(losses, wins) == pytest.approx(p)


@pytest.mark.parametrize(("wins", "losses"), [(40, 22), (700, 812), (6_000, 5_700)])
def test_mcnemar_is_the_binomial_test_of_scipy(wins, losses):
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")
    expected = stats.binomtest(wins, wins + losses, 0.5).pvalue
    assert mcnemar_p(wins, losses) == pytest.approx(expected, rel=1e-6)


def test_a_clearly_better_model_wins(voted):
    champion = voted([True] * 30 + [False] * 10)
    challenger = voted([True] * 39 + [False])
    found = versus(champion, challenger)
    assert (found.photos, found.groups, found.wins, found.losses) == (40, 40, 9, 0)
    assert found.mcnemar_p == pytest.approx(2 / 2**9)
    # all equally sure: GAP is the precision times the share of landmarks that are right
    assert found.gap_difference == pytest.approx((39 / 40) ** 2 - (30 / 40) ** 2)
    assert found.gap_interval[0] > 0
    assert found.better
    assert "9 photos" in found.reason
    assert "0 worse" in found.reason
    assert "\n" not in found.reason
    assert not versus(challenger, champion).better


def test_near_duplicates_are_one_witness(voted):
    groups = [f"alone{n}" for n in range(30)] + ["burst"] * 10
    champion = voted([True] * 30 + [False] * 10, groups=groups)
    challenger = voted([True] * 40, groups=groups)
    found = versus(champion, challenger)
    assert (found.wins, found.losses, found.groups) == (1, 0, 31)
    assert found.mcnemar_p == 1
    assert not found.better


def test_a_model_is_not_better_than_itself(drawn_answers):
    answers = drawn_answers()
    found = versus(answers, answers)
    assert (found.wins, found.losses, found.gap_difference) == (0, 0, 0)
    assert found.gap_interval == (0, 0)
    assert not found.better
    assert found.reason.startswith("no significant difference")


def test_leaving_other_things_alone_counts(answers_from):
    labels = ["A"] * 30 + [None] * 20
    loud = answers_from([[5, 0]] * 50, labels, names=("A", "B"))
    quiet = answers_from([[5, 0]] * 30 + [[0.1, 0]] * 20, labels, names=("A", "B"))
    found = versus(loud, quiet)
    assert (found.wins, found.losses) == (20, 0)
    assert found.better


def test_classes_are_compared_by_name(voted):
    labels = ["A"] * 20 + ["C"] * 20
    champion = voted([True] * 20 + [False] * 20, names=("A", "B"), labels=labels)
    turned = voted([False] * 20 + [True] * 20, names=("C", "A"), labels=labels)
    found = versus(champion, turned)  # right everywhere; the champion has no C
    assert (found.wins, found.losses) == (20, 0)
    assert found.better


def test_only_shared_photos_count_whatever_their_order(drawn_answers):
    answers = drawn_answers()
    odd, turned = np.arange(1, 600, 2), np.arange(600)[::-1]
    found = versus(take(answers, odd), take(answers, turned))
    assert (found.photos, found.wins, found.losses) == (300, 0, 0)


@pytest.mark.parametrize("photos", [0, 29])
def test_too_few_shared_photos_cannot_tell(voted, photos):
    champion, challenger = voted([False] * photos), voted([True] * photos)
    found = versus(champion, challenger)
    assert not found.better
    assert f"{photos} of the same photos" in found.reason
    assert (found.photos, found.groups, found.wins, found.losses) == (photos, 0, 0, 0)
    assert (found.mcnemar_p, found.gap_difference, found.gap_interval) == (1.0, 0.0, (-1.0, 1.0))


def test_without_landmarks_there_is_no_difference_in_gap(answers_from):
    answers = answers_from([[1, 0]] * 40, [None] * 40, names=("A", "B"))
    assert versus(answers, answers).gap_interval == (0, 0)


def test_the_seed_decides_the_interval(drawn_answers):
    one, other = drawn_answers(seed=1), drawn_answers(seed=2)
    assert versus(one, other, seed=3) == versus(one, other, seed=3)
    assert versus(one, other, seed=3).gap_interval != versus(one, other, seed=4).gap_interval


def test_equal_models_are_promoted_at_most_one_time_in_twenty(drawn_answers):
    # two models of one skill, their errors independent: the hardest case for the tests
    promoted = [
        versus(
            drawn_answers(landmarks=80, others=40, seed=2 * seed, skill=3),
            drawn_answers(landmarks=80, others=40, seed=2 * seed + 1, skill=3),
        ).better
        for seed in range(50)
    ]
    assert sum(promoted) <= 2


def test_a_model_of_more_skill_is_found_to_be_better(drawn_answers):
    better = [
        versus(
            drawn_answers(landmarks=200, others=80, seed=seed, skill=3),
            drawn_answers(landmarks=200, others=80, seed=seed + 50, skill=5),
        ).better
        for seed in range(5)
    ]
    assert all(better)
