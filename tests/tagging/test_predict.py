"""rank_and_decide: values worked out by hand, the decision table, invariants and refusals."""

import math
from dataclasses import dataclass, field

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.errors import RunError
from landmark_core.tagging.predict import UnusableScoresError, rank_and_decide

NAMES = ("Alhambra", "Petra", "Taj Mahal")
# log-probabilities, so that softmax gives these rows back
ROWS = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
LOGITS = ROWS.log()


@dataclass(frozen=True)
class Limits:
    tagged_from: float = 0.5
    per_class: dict[str, float] = field(default_factory=dict)
    no_landmark_below: float | None = None
    no_landmark_energy_above: float | None = None


def rank(scores, **changes):
    settings = {
        "class_names": NAMES,
        "k": 3,
        "temperature": 1.0,
        "output": "logits",
        "thresholds": Limits(),
        "review_below": None,
    }
    return rank_and_decide(scores, **(settings | changes))


def tags_of(prediction):
    return [(score.tag, score.confidence) for score in prediction.tags]


def test_ranks_match_values_by_hand():
    first, second = rank(LOGITS, k=2)
    assert tags_of(first) == [("Alhambra", pytest.approx(0.7)), ("Petra", pytest.approx(0.2))]
    assert tags_of(second) == [("Taj Mahal", pytest.approx(0.6)), ("Petra", pytest.approx(0.3))]
    assert first.margin == pytest.approx(0.5)
    assert second.margin == pytest.approx(0.3)
    by_hand = -(0.7 * math.log(0.7) + 0.2 * math.log(0.2) + 0.1 * math.log(0.1))
    assert first.entropy == pytest.approx(by_hand)
    assert first.energy == pytest.approx(0.0, abs=1e-6)  # these exponentials sum to 1


def test_temperature_two_takes_the_square_root_of_the_odds_and_leaves_the_energy():
    (prediction,) = rank(LOGITS[:1] + 3, temperature=2.0)
    assert prediction.tags[0].confidence / prediction.tags[1].confidence == pytest.approx(3.5**0.5)
    assert prediction.energy == pytest.approx(-3.0)


def test_probabilities_are_ranked_like_their_logarithms_and_have_no_energy():
    from_logits, from_probabilities = rank(LOGITS), rank(ROWS, output="probabilities")
    for one, other in zip(from_logits, from_probabilities, strict=True):
        assert [t for t, _ in tags_of(one)] == [t for t, _ in tags_of(other)]
        assert [c for _, c in tags_of(one)] == pytest.approx([c for _, c in tags_of(other)])
        assert other.energy is None


def test_a_probability_of_zero_is_ranked_last_without_nan():
    (prediction,) = rank(torch.tensor([[0.0, 1.0, 0.0]]), output="probabilities", temperature=2.0)
    assert tags_of(prediction) == [("Petra", 1.0), ("Alhambra", 0.0), ("Taj Mahal", 0.0)]
    assert prediction.entropy == 0.0
    assert prediction.margin == 1.0


def test_equal_scores_come_in_class_order():
    (prediction,) = rank(torch.tensor([[2.0, 5.0, 5.0]]))
    assert [tag for tag, _ in tags_of(prediction)] == ["Petra", "Taj Mahal", "Alhambra"]


def test_one_class_has_its_confidence_as_margin():
    (prediction,) = rank(torch.tensor([[-4.0]]), class_names=("Petra",), k=5)
    assert (prediction.tags[0].confidence, prediction.margin) == (1.0, 1.0)
    assert prediction.energy == pytest.approx(4.0)


def test_an_empty_batch_has_no_predictions():
    assert rank(torch.empty(0, 3)) == []
    assert rank(torch.empty(0, 3), output="probabilities") == []


def test_large_logits_do_not_overflow():
    (prediction,) = rank(torch.tensor([[3e38, 0.0, -3e38]]))
    assert prediction.tags[0].confidence == 1.0
    assert prediction.energy == pytest.approx(-3e38)
    assert prediction.entropy == 0.0


@pytest.mark.parametrize(
    ("changes", "decisions"),
    [
        pytest.param({}, ["tagged", "tagged"], id="both-over-the-default"),
        pytest.param({"thresholds": Limits(0.65)}, ["tagged", "review"], id="model-threshold"),
        pytest.param(
            {"thresholds": Limits(0.5, {"Taj Mahal": 0.9})}, ["tagged", "review"], id="own-stricter"
        ),
        pytest.param(
            {"thresholds": Limits(0.9, {"Alhambra": 0.1})}, ["tagged", "review"], id="own-looser"
        ),
        pytest.param(
            {"thresholds": Limits(0.9, {"Alhambra": 0.1}), "review_below": 0.65},
            ["tagged", "review"],
            id="the-user-goes-before-the-model",
        ),
        pytest.param({"review_below": 0.0}, ["tagged", "tagged"], id="review-nothing"),
        pytest.param({"review_below": 1.0}, ["review", "review"], id="review-everything"),
        pytest.param(
            {"thresholds": Limits(0.9, no_landmark_below=0.65)},
            ["review", "no_landmark"],
            id="below-the-floor",
        ),
        pytest.param(
            {"thresholds": Limits(0.5, no_landmark_energy_above=-0.1)},
            ["no_landmark", "no_landmark"],
            id="energy-too-high",
        ),
        pytest.param(
            {"thresholds": Limits(0.5, no_landmark_energy_above=0.1)},
            ["tagged", "tagged"],
            id="energy-low-enough",
        ),
        pytest.param(
            {"thresholds": Limits(no_landmark_below=0.99), "review_below": 0.5},
            ["no_landmark", "no_landmark"],
            id="the-floor-goes-before-the-user",
        ),
        pytest.param(
            {"thresholds": Limits(no_landmark_below=0.99), "review_below": 1},
            ["review", "review"],
            id="everything-means-everything",
        ),
    ],
)
def test_decisions(changes, decisions):
    assert [prediction.decision for prediction in rank(LOGITS, **changes)] == decisions


def test_energy_limits_say_nothing_about_probabilities():
    limits = Limits(no_landmark_energy_above=-100.0)
    decisions = [p.decision for p in rank(ROWS, output="probabilities", thresholds=limits)]
    assert decisions == ["tagged", "tagged"]


finite = st.floats(-50, 50, width=32)
batches = st.integers(1, 6).flatmap(
    lambda classes: st.lists(
        st.lists(finite, min_size=classes, max_size=classes), min_size=1, max_size=5
    )
)


@given(batches, st.floats(0.25, 4.0), st.integers(1, 8))
def test_ranking_keeps_its_invariants_for_any_scores(rows, temperature, k):
    names = tuple(f"class {i}" for i in range(len(rows[0])))
    together = rank(torch.tensor(rows), class_names=names, k=k, temperature=temperature)
    for row, prediction in zip(rows, together, strict=True):
        (alone,) = rank(torch.tensor([row]), class_names=names, k=k, temperature=temperature)
        assert alone == prediction
        confidences = [score.confidence for score in prediction.tags]
        assert len(confidences) == min(k, len(names))
        assert confidences == sorted(confidences, reverse=True)
        assert sum(confidences) <= 1 + 1e-5
        assert row[names.index(prediction.tags[0].tag)] == max(row)
        assert 0 <= prediction.entropy <= math.log(len(names)) + 1e-9
        assert 0 <= prediction.margin <= 1


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")], ids=str)
def test_scores_that_are_no_numbers_name_their_rows(bad):
    scores = LOGITS.repeat(2, 1)
    scores[1, 2] = bad
    scores[3, 0] = bad
    with pytest.raises(UnusableScoresError, match=r"2 of 4 photos with .*rows 1, 3") as caught:
        rank(scores)
    assert caught.value.rows == (1, 3)
    assert isinstance(caught.value, RunError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [-0.1, 1.5, float("nan")], ids=str)
def test_values_that_are_no_probabilities_name_their_rows(bad):
    scores = ROWS.clone()
    scores[1, 0] = bad
    with pytest.raises(UnusableScoresError) as caught:
        rank(scores, output="probabilities")
    assert caught.value.rows == (1,)


@pytest.mark.parametrize(
    ("scores", "changes", "message"),
    [
        pytest.param(LOGITS[0], {}, r"expected \(N, 3\) scores, got \(3,\)", id="one-dimension"),
        pytest.param(LOGITS[:, :2], {}, r"expected \(N, 3\)", id="fewer-columns-than-names"),
        pytest.param(LOGITS, {"k": 0}, "k must be", id="k-zero"),
        pytest.param(LOGITS, {"temperature": 0.0}, "temperature", id="temperature-zero"),
        pytest.param(LOGITS, {"temperature": float("nan")}, "temperature", id="temperature-nan"),
        pytest.param(torch.empty(2, 0), {"class_names": ()}, "expected", id="no-classes"),
    ],
)
def test_rank_refuses(scores, changes, message):
    with pytest.raises(ValueError, match=message):
        rank(scores, **changes)
