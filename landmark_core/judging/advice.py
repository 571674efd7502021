"""Say why a model decides nothing by itself, and how many more photos would change that. Pure."""

import math
from dataclasses import dataclass

from landmark_core.judging.calibration import Aims, Calibration, least_landmarks, least_right
from landmark_core.judging.metrics import Figures
from landmark_core.model import Thresholds
from landmark_core.number_text import count_text

_CALIBRATING = 0.15  # share of the photos that calibrate where they are divided by their hash
_USUAL = 0.8  # a threshold that many tags reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The photos that chose a model's thresholds, and those that could have."""

    landmarks: int
    others: int
    most_landmarks: int  # that would calibrate with --folds
    most_others: int
    folds: bool  # whether --folds was given


def advise(figures: Figures, released: Calibration, evidence: Evidence) -> tuple[str, ...]:
    """Return a line for each decision that the model never takes by itself: why, and what helps."""
    cut, lines = released.thresholds, []
    if figures.landmarks and not figures.tagged:
        lines.append(f"It tags nothing without review: {_why_not_tagged(cut, evidence)}")
    if cut.no_landmark_below is None and cut.no_landmark_energy_above is None:
        waits = "It calls nothing no_landmark, so whatever it does not tag waits for a person"
        lines.append(f"{waits}: {_why_not_left(evidence)}")
    return tuple(lines)


def _why_not_tagged(cut: Thresholds, evidence: Evidence) -> str:
    found, needed = _found(evidence), least_right(_USUAL, Aims())
    if cut.tagged_from >= 1:
        often = "even its surest tags among them were too often wrong"
        return f"{found}, and {often}. More photos of both kinds help."
    why = f"a tag needs a confidence of about {cut.tagged_from:g}, and none was so sure. {found}"
    if evidence.landmarks >= needed:
        return f"{why}; more photos of each landmark and of other things make it surer."
    enough = f"only from {needed} landmark photos on that it names rightly can {_USUAL:g} be enough"
    return f"{why}; {enough}. {_help(evidence, needed, 0)}"


def _why_not_left(evidence: Evidence) -> str:
    found, landmarks, others = _found(evidence), least_landmarks(Aims()), Aims().least_evidence
    if evidence.landmarks >= landmarks and evidence.others >= others:
        return (
            f"{found}, and nothing tells these apart for certain. More photos of both kinds help."
        )
    needed = f"at least {landmarks} and {others} are needed"
    return f"{found}, {needed}. {_help(evidence, landmarks, others)}"


def _found(evidence: Evidence) -> str:
    landmarks = count_text(evidence.landmarks, "landmark photo")
    return f"{landmarks} and {count_text(evidence.others, 'photo')} of other things calibrate it"


def _help(evidence: Evidence, landmarks: int, others: int) -> str:
    """Say how so many photos would come to calibrate; --folds only where it was not given."""
    if evidence.folds:
        lacking = _both(landmarks - evidence.landmarks, others - evidence.others, word="more ")
        return f"Give about {lacking}."
    if evidence.most_landmarks >= landmarks and evidence.most_others >= others:
        most = _both(evidence.most_landmarks, evidence.most_others if others else 0)
        return f"With --folds 5, {most} calibrate it."
    without = _both(math.ceil(landmarks / _CALIBRATING), math.ceil(others / _CALIBRATING))
    fewest = f"Give {_both(landmarks, others)} in all and --folds 5"
    return f"{fewest}, or about {without} without --folds."


def _both(landmarks: int, others: int, word: str = "") -> str:
    """Return the counts that are above zero, in words."""
    of_landmarks = [count_text(landmarks, f"{word}landmark photo")] if landmarks > 0 else []
    of_others = [f"{count_text(others, f'{word}photo')} of other things"] if others > 0 else []
    return " and ".join(of_landmarks + of_others)
