"""Labels in doubt: planted ones are found, right ones are left in peace."""

import dataclasses

import numpy as np
import pytest

from landmark_core.judging import Calibration, calibrate, labels_of, suspicious_labels
from landmark_core.judging.suspicious import _regress
from landmark_core.model import Thresholds

PLAIN = Calibration(temperature=1.0, thresholds=Thresholds())


def plant(answers, rows, label):
    """Answers whose photos in these rows have another label."""
    photos = list(answers.photos)
    for row in rows:
        photos[row] = dataclasses.replace(photos[row], label=label(photos[row].label))
    return dataclasses.replace(answers, photos=tuple(photos))


def fitted(answers):
    return calibrate(answers.logits, labels_of(answers), class_names=answers.class_names)


def next_name(name):
    names = ("Arch", "Dome", "Pyramid", "Tower")
    return names[(names.index(name) + 1) % 4]


@pytest.mark.parametrize(
    ("rows", "label", "suggests"),
    [
        pytest.param(range(0, 400, 16), next_name, lambda true: true, id="another-landmark"),
        pytest.param(range(405, 600, 8), lambda _: "Dome", lambda _: None, id="shows-nothing"),
        pytest.param(range(2, 400, 16), lambda _: None, lambda true: true, id="not-so-empty"),
    ],
)
def test_planted_labels_are_found_with_few_false_alarms(drawn_answers, rows, label, suggests):
    answers = drawn_answers(skill=8, seed=1, noise=1.0)
    truth = {photo.digest: photo.label for photo in answers.photos}
    planted = plant(answers, rows, label)
    wrong = {planted.photos[row].digest for row in rows}
    found = suspicious_labels(planted, fitted(planted))
    hits = [one for one in found if one.digest in wrong]
    assert len(hits) >= 0.8 * len(wrong)
    assert len(found) - len(hits) <= 0.04 * len(answers.photos)
    named = [one for one in hits if one.suggested == suggests(truth[one.digest])]
    assert len(named) >= 0.9 * len(hits)
    assert all(one.confidence_in_label < one.confidence_in_suggested for one in found)


def test_the_most_doubtful_comes_first_and_the_limit_keeps_it(drawn_answers):
    answers = drawn_answers(skill=8)
    planted = plant(answers, range(0, 400, 10), next_name)
    found = suspicious_labels(planted, fitted(planted))
    gaps = [one.confidence_in_label - one.confidence_in_suggested for one in found]
    assert gaps == sorted(gaps)
    assert suspicious_labels(planted, fitted(planted), limit=3) == found[:3]


def test_confident_learning_by_hand(answers_from):
    # Photos labelled A have a mean p(A) of (.9 * 5 + .2) / 6 = .783; those of B .8 of B.
    rows = [[0.9, 0.1]] * 5 + [[0.2, 0.8]] + [[0.2, 0.8]] * 4 + [[0.2, 0.8]]
    answers = answers_from(np.log(rows), ["A"] * 6 + ["B"] * 5, names=("A", "B"), energies=False)
    (found,) = suspicious_labels(answers, PLAIN)
    assert (found.uri, found.label, found.suggested) == ("/photos/5.jpg", "A", "B")
    assert found.confidence_in_label == pytest.approx(0.2)
    assert found.confidence_in_suggested == pytest.approx(0.8)


def test_classes_that_the_model_lacks_are_left_out(answers_from):
    answers = answers_from(np.eye(2) * 5, ["Z", "Y"], names=("A", "B"))
    assert suspicious_labels(answers, PLAIN) == ()


def test_no_photos_have_no_suspicious_labels(answers_from):
    assert suspicious_labels(answers_from(np.empty((0, 2)), [], names=("A", "B")), PLAIN) == ()


def test_the_regression_is_that_of_scikit_learn():
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    generator = np.random.default_rng(0)
    truth = generator.uniform(size=300) < 0.3
    signals = generator.normal(size=(300, 2)) + truth[:, None] * [1.0, -2.0]
    scaled = (signals - signals.mean(axis=0)) / signals.std(axis=0)
    theirs = linear.LogisticRegression(C=1.0, class_weight="balanced", tol=1e-8)
    expected = theirs.fit(scaled, truth).predict_proba(scaled)[:, 1]
    assert _regress(signals, truth) == pytest.approx(expected, abs=1e-3)
