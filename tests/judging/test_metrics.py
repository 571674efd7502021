"""Figures: one small set worked out by hand, then invariants and other implementations."""

import dataclasses

import numpy as np
import pytest

from landmark_core.judging import (
    Calibration,
    decide,
    measure,
    measure_folds,
    per_class,
    spread_of,
)
from landmark_core.judging.metrics import confused_pairs, confusion
from landmark_core.judging.verdicts import probabilities_of
from landmark_core.model import Thresholds

NAMES = ("A", "B", "C")
# Softmax of the logarithms gives these rows back.
ROWS = (
    (0.90, 0.06, 0.04, "A"),  # right, tagged
    (0.20, 0.70, 0.10, "A"),  # wrong: B, tagged
    (0.25, 0.55, 0.20, "B"),  # right, review
    (0.10, 0.30, 0.60, "C"),  # right, review: C's own threshold
    (0.35, 0.33, 0.32, "C"),  # wrong: A, no_landmark, third of five
    (0.80, 0.10, 0.10, None),  # tagged
    (0.36, 0.34, 0.30, None),  # no_landmark
)
CUT = Thresholds(tagged_from=0.65, per_class={"C": 0.8}, no_landmark_below=0.4)
PLAIN = Calibration(temperature=1.0, thresholds=CUT)


@pytest.fixture
def answers(answers_from):
    logits = np.log([row[:3] for row in ROWS])
    return answers_from(logits, [row[3] for row in ROWS], names=NAMES)


def test_every_figure_by_hand(answers):
    figures = measure(answers, PLAIN)
    assert (figures.photos, figures.landmarks, figures.others) == (7, 5, 2)
    assert (figures.unknown, figures.classes) == (0, 3)
    assert figures.top1 == pytest.approx(3 / 5)
    assert figures.top5 == 1
    # F1: A has 1 hit of 2 named, 2 there; B 1 of 2 named, 1 there; C 1 of 1 named, 2 there
    assert figures.macro_f1 == pytest.approx((2 / 4 + 2 / 3 + 2 / 3) / 3)
    # alone in their bins: .9 right, .7 wrong, .55 right, .6 right (edge of its bin), .35 wrong
    assert figures.ece == pytest.approx((0.1 + 0.7 + 0.45 + 0.4 + 0.35) / 5)
    own = (0.90, 0.20, 0.55, 0.60, 0.32)
    squares = [sum(p * p for p in row[:3]) for row in ROWS[:5]]
    assert figures.brier == pytest.approx(
        sum(s - 2 * p + 1 for s, p in zip(squares, own, strict=True)) / 5
    )
    assert figures.mean_confidence == pytest.approx((0.9 + 0.7 + 0.55 + 0.6 + 0.35) / 5)
    # errors at ranks 2 and 5 of the landmarks
    assert figures.aurc == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4 + 2 / 5) / 5)
    # .9 right, .8 other, .7 wrong, .6 right, .55 right, .36 other, .35 wrong; 5 landmarks
    assert figures.gap == pytest.approx((1 / 1 + 2 / 4 + 3 / 5) / 5)
    # .8 is below one landmark of five, .36 below four
    assert figures.auroc == pytest.approx((1 + 4) / 10)
    assert figures.fpr95 == 1  # all five landmarks have to be reached: .35
    assert figures.tagged == 3
    assert figures.tagged_precision == pytest.approx(1 / 3)
    assert figures.landmarks_tagged == pytest.approx(2 / 5)
    assert figures.landmarks_review == pytest.approx(2 / 5)
    assert figures.landmarks_lost == pytest.approx(1 / 5)
    assert (figures.others_tagged, figures.others_review) == (0.5, 0)
    assert figures.others_left_alone == 0.5


def test_every_class_by_hand(answers):
    a, b, c = per_class(answers, PLAIN)
    assert (a.photos, a.precision, a.recall, a.f1) == (2, 0.5, 0.5, 0.5)
    assert (b.photos, b.precision, b.recall) == (1, 0.5, 1)
    assert (c.photos, c.precision, c.recall) == (2, 1, 0.5)
    assert (a.tagged, a.tagged_precision, a.others_tagged) == (1, 0.5, 1)
    assert (b.tagged, b.tagged_precision, b.others_tagged) == (0, 0, 0)
    assert (c.tagged, c.tagged_precision) == (0, None)
    assert [(one.confused_with, one.confused) for one in (a, b, c)] == [
        ("B", 1),
        (None, 0),
        ("A", 1),
    ]


def test_confusion_by_hand(answers):
    matrix = confusion(decide(answers, PLAIN))
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1]]


def test_pairs_are_those_of_the_matrix(drawn_answers):
    verdicts = decide(drawn_answers(skill=1), PLAIN_FOUR)
    matrix = confusion(verdicts)
    pairs = confused_pairs(verdicts)
    assert [photos for *_, photos in pairs] == sorted((p for *_, p in pairs), reverse=True)
    for truth, tag, photos in pairs:
        assert truth != tag
        assert matrix[truth, tag] == photos
    assert sum(photos for *_, photos in pairs) == matrix.sum() - matrix.trace()


def test_a_class_figure_takes_no_pass_over_all_classes(answers_from):
    """Fifty thousand classes: their square does not fit into any memory."""
    classes = 50_000
    logits = np.zeros((3, classes), np.float32)
    logits[[0, 1, 2], [7, 7, 49_999]] = 9
    names = [f"c{number}" for number in range(classes)]
    figures = per_class(answers_from(logits, ["c7", "c8", None], names=names), PLAIN)
    assert len(figures) == classes
    assert (figures[7].precision, figures[7].recall) == (0.5, 1)
    assert (figures[8].confused_with, figures[8].confused, figures[8].f1) == ("c7", 1, 0)


def test_energy_separates_by_hand(answers_from):
    # energies -ln(e^3 + 1), -ln(2), and for the others -ln(e^2 + 1), -ln(2 e)
    answers = answers_from([[3, 0], [0, 0], [2, 0], [1, 1]], ["A", "B", None, None], names="AB")
    assert measure(answers, PLAIN_TWO).auroc_energy == pytest.approx(2 / 4)
    assert measure(dataclasses.replace(answers, energies=False), PLAIN_TWO).auroc_energy is None


PLAIN_TWO = Calibration(temperature=1.0, thresholds=Thresholds(no_landmark_energy_above=-1.0))


def test_energy_of_log_probabilities_decides_nothing(answers_from):
    answers = answers_from(np.log([[0.5, 0.5]]), ["A"], names="AB", energies=False)
    assert decide(answers, PLAIN_TWO).decisions == ("tagged",)
    as_logits = dataclasses.replace(answers, energies=True)
    assert decide(as_logits, PLAIN_TWO).decisions == ("no_landmark",)


def test_without_others_their_figures_are_null(answers_from):
    answers = answers_from(np.eye(3) * 9, list(NAMES), names=NAMES)
    figures = measure(answers, PLAIN)
    missing = {name for name, value in dataclasses.asdict(figures).items() if value is None}
    assert missing == {
        "auroc",
        "auroc_energy",
        "fpr95",
        "others_tagged",
        "others_review",
        "others_left_alone",
    }
    assert figures.gap == 1


def test_without_landmarks_their_figures_are_null(answers_from):
    figures = measure(answers_from(np.eye(3), [None] * 3, names=NAMES), PLAIN)
    assert figures.top1 is figures.macro_f1 is figures.ece is figures.gap is figures.aurc is None
    assert figures.tagged_precision in {0, None}


def test_no_photos_at_all(answers_from):
    figures = measure(answers_from(np.empty((0, 3)), [], names=NAMES), PLAIN)
    assert (figures.photos, figures.tagged, figures.top1) == (0, 0, None)


def test_a_landmark_that_the_model_lacks_is_wrong(answers_from):
    answers = answers_from(np.eye(3)[[0, 1]] * 9, ["A", "Z"], names=NAMES)
    figures = measure(answers, PLAIN)
    assert (figures.unknown, figures.top1, figures.top5) == (1, 0.5, 0.5)
    assert figures.gap == 0.25  # both at rank 2, one of two right, of two landmarks
    assert figures.macro_f1 == pytest.approx(1 / 3)  # A 1, B named in vain 0, Z 0; C is nowhere
    *_, lacking = per_class(answers, PLAIN)
    assert (lacking.name, lacking.known, lacking.recall) == ("Z", False, 0)
    assert lacking.confused_with == "B"


def test_one_class(answers_from):
    answers = answers_from([[1.0], [2.0]], ["A", None], names=("A",))
    figures = measure(answers, PLAIN)
    assert (figures.top1, figures.macro_f1, figures.others_tagged) == (1, 1, 1)


def test_the_order_of_photos_does_not_matter(drawn_answers, answers_from):
    answers = drawn_answers(landmarks=120, others=60)
    order = np.random.default_rng(1).permutation(180)
    labels = [answers.photos[row].label for row in order]
    turned = measure(answers_from(answers.logits[order], labels), PLAIN_FOUR)
    straight = measure(answers, PLAIN_FOUR)
    for name, value in dataclasses.asdict(straight).items():
        assert getattr(turned, name) == pytest.approx(value), name


PLAIN_FOUR = Calibration(temperature=1.3, thresholds=Thresholds(tagged_from=0.9))


def test_figures_are_those_of_scikit_learn(drawn_answers):
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    answers = drawn_answers(skill=2)
    verdicts = decide(answers, PLAIN_FOUR)
    figures = measure(answers, PLAIN_FOUR)
    landmark = ~verdicts.other
    truth, best = verdicts.labels[landmark], verdicts.tags[landmark, 0]
    assert figures.top1 == pytest.approx(metrics.accuracy_score(truth, best))
    assert figures.macro_f1 == pytest.approx(metrics.f1_score(truth, best, average="macro"))
    assert figures.auroc == pytest.approx(metrics.roc_auc_score(landmark, verdicts.confidence))
    assert figures.auroc_energy == pytest.approx(metrics.roc_auc_score(landmark, -verdicts.energy))
    assert confusion(verdicts).tolist() == metrics.confusion_matrix(truth, best).tolist()


def test_folds_have_a_mean_and_a_spread(answers_from):
    logits = np.eye(3)[[0, 1, 0, 0]] * 9
    answers = answers_from(logits, ["A", "B", "A", "C"], names=NAMES, folds=[3, 3, 7, 7])
    folds = measure_folds(answers, PLAIN)
    assert [one.top1 for one in folds] == [1, 0.5]
    spread = spread_of(folds)
    assert (spread["top1"].mean, spread["top1"].folds) == (0.75, 2)
    assert spread["top1"].deviation == pytest.approx(0.5 / 2**0.5)
    assert "auroc" not in spread


def test_one_split_has_no_folds(answers):
    assert measure_folds(answers, PLAIN) == ()


def test_a_fold_without_a_calibration_is_refused(answers_from):
    answers = answers_from(np.eye(3), list(NAMES), names=NAMES, folds=[0, 1, 2])
    with pytest.raises(ValueError, match="fold 2 has no calibration"):
        decide(answers, {0: PLAIN, 1: PLAIN})


def test_the_best_five_of_seven_are_kept_and_asked(answers_from):
    names = tuple("ABCDEFG")
    logits = [[7, 6, 5, 4, 3, 2, 1]] * 3
    answers = answers_from(logits, ["E", "F", "A"], names=names)
    verdicts = decide(answers, PLAIN_FOUR)
    assert verdicts.tags.tolist() == [[0, 1, 2, 3, 4]] * 3
    assert measure(answers, PLAIN_FOUR).top5 == pytest.approx(2 / 3)


def test_verdicts_by_hand(answers_from):
    answers = answers_from([[2, 0], [0, 2], [1, 0]], ["A", None, "Z"], names="AB", folds=[0, 1, 0])
    cool = Calibration(temperature=0.5, thresholds=Thresholds(tagged_from=0.9))
    warm = Calibration(temperature=2.0, thresholds=Thresholds(tagged_from=0.9))
    verdicts = decide(answers, {0: cool, 1: warm})
    assert verdicts.temperature.tolist() == [0.5, 2.0, 0.5]
    sure = [1 / (1 + np.exp(-gap)) for gap in (4, 1, 2)]
    assert verdicts.confidence == pytest.approx(sure)
    assert verdicts.decisions == ("tagged", "review", "review")
    assert verdicts.decided("tagged").tolist() == [True, False, False]
    assert verdicts.other.tolist() == [False, True, False]
    assert verdicts.right.tolist() == [True, False, False]
    assert verdicts.energy == pytest.approx(-np.log(np.exp([[2, 0], [0, 2], [1, 0]]).sum(1)))
    assert probabilities_of(verdicts)[1] == pytest.approx([1 - sure[1], sure[1]])


def test_a_photo_without_a_fold_has_no_calibration_among_folds(answers_from):
    answers = answers_from(np.eye(2), ["A", "B"], names="AB", folds=[0, None])
    with pytest.raises(ValueError, match="fold None has no calibration; there are 0, 1"):
        decide(answers, {1: PLAIN_TWO, 0: PLAIN_TWO})
