"""Why a model decides nothing by itself; the numbers against the calibration's own rule."""

import dataclasses

import numpy as np
import pytest

from landmark_core.judging import Aims, Calibration, Evidence, Figures, advise, calibrate
from landmark_core.judging.calibration import least_landmarks, least_right
from landmark_core.model import Thresholds

NOTHING = Figures(**{field.name: None for field in dataclasses.fields(Figures)})
FIGURES = dataclasses.replace(NOTHING, landmarks=6, others=2)


def advice(*, tagged=1, cut=None, begins=0.97, found=(5, 2), most=(48, 12), folds=False):
    thresholds = Thresholds(tagged_from=begins, no_landmark_below=cut)
    return advise(
        dataclasses.replace(FIGURES, tagged=tagged),
        Calibration(temperature=1.0, thresholds=thresholds),
        Evidence(
            landmarks=found[0],
            others=found[1],
            most_landmarks=most[0],
            most_others=most[1],
            folds=folds,
        ),
    )


def thresholds_of(landmarks: int, others: int) -> Thresholds:
    """The thresholds of a model that knows everything."""
    labels = np.concatenate([np.arange(landmarks) % 4, np.full(others, -1)])
    logits = np.zeros((len(labels), 4), np.float32)
    logits[np.arange(landmarks), labels[:landmarks]] = 20
    return calibrate(logits, labels, class_names="abcd").thresholds


def test_the_numbers_are_those_of_the_rule():
    landmarks, others = least_landmarks(Aims()), Aims().least_evidence
    assert (landmarks, others) == (33, 20)

    def has_cut(cut: Thresholds) -> bool:
        return cut.no_landmark_below is not None or cut.no_landmark_energy_above is not None

    assert has_cut(thresholds_of(landmarks, others))
    assert not has_cut(thresholds_of(landmarks - 1, others))
    assert not has_cut(thresholds_of(landmarks, others - 1))
    right = least_right(0.8, Aims())
    assert right == 57
    assert thresholds_of(right, 20).tagged_from <= 0.8 < thresholds_of(right - 1, 20).tagged_from


def test_a_model_that_decides_needs_no_advice():
    assert advice(cut=0.2) == ()


@pytest.mark.parametrize(
    ("more", "helps"),
    [
        pytest.param(
            {"found": (30, 12), "folds": True},
            "Give about 3 more landmark photos and 8 more photos of other things.",
            id="folds-were-given",
        ),
        pytest.param(
            {"found": (40, 12), "folds": True},
            "Give about 8 more photos of other things.",
            id="landmarks-are-enough",
        ),
        pytest.param(
            {"most": (48, 25)},
            "With --folds 5, 48 landmark photos and 25 photos of other things calibrate it.",
            id="folds-are-enough",
        ),
        pytest.param(
            {},
            "Give 33 landmark photos and 20 photos of other things in all and --folds 5, or about "
            "220 landmark photos and 134 photos of other things without --folds.",
            id="too-few-for-folds-too",
        ),
    ],
)
def test_why_nothing_is_called_no_landmark_and_what_helps(more, helps):
    (line,) = advice(**more)
    found = more.get("found", (5, 2))
    assert line == (
        "It calls nothing no_landmark, so whatever it does not tag waits for a person: "
        f"{found[0]} landmark photos and {found[1]} photos of other things calibrate it, "
        f"at least 33 and 20 are needed. {helps}"
    )
    assert ("--folds" in line) != more.get("folds", False)


def test_enough_photos_that_look_alike():
    (line,) = advice(found=(100, 50))
    assert "nothing tells these apart" in line


@pytest.mark.parametrize(
    ("more", "said"),
    [
        pytest.param({}, "With --folds 5, 60 landmark photos calibrate it.", id="few"),
        pytest.param({"folds": True}, "Give about 52 more landmark photos.", id="few-in-folds"),
        pytest.param({"begins": 1.0}, "surest tags among them were too often wrong", id="wrong"),
        pytest.param({"found": (99, 50)}, "of other things make it surer", id="many"),
    ],
)
def test_why_nothing_is_tagged_and_what_helps(more, said):
    (line,) = advice(tagged=0, cut=0.2, most=(60, 12), **more)
    assert line.startswith("It tags nothing without review: ")
    assert said in line
    assert ("confidence of about 0.97" in line) == ("begins" not in more)
