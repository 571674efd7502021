"""Apply a calibration to answers: what the tagger would say of each photo, as arrays.

The decisions are those of `tagging.rank_and_decide` itself, so that a report cannot disagree with
the tags table. Answers of several folds may each have their own calibration.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from landmark_core.judging.answers import Answers, labels_of
from landmark_core.judging.calibration import Calibrated, Calibration
from landmark_core.judging.temperature import energies_of
from landmark_core.model import Thresholds
from landmark_core.records import OTHER, Decision
from landmark_core.tagging import rank_and_decide

_BLOCK = 4096  # photos ranked at once: their probabilities are held in float64
_KEPT = 5  # tags kept per photo, for top-5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdicts:
    """What the tagger says of N photos; row i belongs to answers.photos[i]."""

    answers: Answers
    labels: NDArray[np.int64]  # (N,) column, OTHER or UNKNOWN
    tags: NDArray[np.int64]  # (N, k) columns, best first; k is 5, or C where that is less
    confidence: NDArray[np.float64]  # (N,) of the best tag, in [0, 1]
    decisions: tuple[Decision, ...]
    energy: NDArray[np.float64]  # (N,) -logsumexp; means nothing where answers.energies is false
    temperature: NDArray[np.float64]  # (N,) that the photo's logits were divided by

    @property
    def other(self) -> NDArray[np.bool_]:
        """Which photos show none of the landmarks."""
        return np.asarray(self.labels == OTHER)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which photos have the right best tag; never true for OTHER and UNKNOWN."""
        return np.asarray(self.tags[:, 0] == self.labels)

    def decided(self, decision: Decision) -> NDArray[np.bool_]:
        """Which photos were decided so."""
        return np.array([found == decision for found in self.decisions], dtype=bool)


def decide(answers: Answers, calibration: Calibrated) -> Verdicts:
    """Rank every photo's tags and decide as the tagger does.

    Args:
        answers: of one model, or of the models of several folds.
        calibration: for all photos, or by the number of the photo's fold.

    Raises:
        ValueError: if a photo's fold has no calibration.
    """
    photos, classes = answers.logits.shape
    columns = {name: column for column, name in enumerate(answers.class_names)}
    tags = np.zeros((photos, min(_KEPT, classes)), dtype=np.int64)
    confidence = np.zeros(photos)
    temperature = np.ones(photos)
    decisions: list[Decision] = ["review"] * photos
    for rows, one in _blocks(answers, calibration):
        predictions = rank_and_decide(
            torch.from_numpy(answers.logits[rows]),
            class_names=answers.class_names,
            k=_KEPT,
            temperature=one.temperature,
            output="logits",
            thresholds=_without_energy(one.thresholds, answers),
        )
        temperature[rows] = one.temperature
        for row, prediction in zip(rows.tolist(), predictions, strict=True):
            tags[row] = [columns[score.tag] for score in prediction.tags]
            confidence[row] = prediction.tags[0].confidence
            decisions[row] = prediction.decision
    return Verdicts(
        answers=answers,
        labels=labels_of(answers),
        tags=tags,
        confidence=confidence,
        decisions=tuple(decisions),
        energy=energies_of(answers.logits),
        temperature=temperature,
    )


def probabilities_of(verdicts: Verdicts) -> NDArray[np.float64]:
    """Return (N, C) calibrated probabilities."""
    scores = verdicts.answers.logits / verdicts.temperature[:, None]
    top = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(top / top.sum(axis=1, keepdims=True))


def _blocks(
    answers: Answers, calibration: Calibrated
) -> Iterator[tuple[NDArray[np.int64], Calibration]]:
    """Yield the numbers of rows that share a calibration, at most _BLOCK at once."""
    if isinstance(calibration, Mapping):
        folds = [photo.fold for photo in answers.photos]
        missing = {fold for fold in folds if fold is None or fold not in calibration}
        if missing:
            known = ", ".join(map(str, sorted(calibration)))
            raise ValueError(f"fold {missing.pop()} has no calibration; there are {known}")
        numbers = np.array(folds, dtype=np.int64)
        shared = [((numbers == fold).nonzero()[0], one) for fold, one in calibration.items()]
    else:
        shared = [(np.arange(len(answers.photos)), calibration)]
    for rows, one in shared:
        for start in range(0, len(rows), _BLOCK):
            yield rows[start : start + _BLOCK], one


def _without_energy(thresholds: Thresholds, answers: Answers) -> Thresholds:
    """Return the thresholds that apply: log p has no energy, as for the tagger."""
    if answers.energies or thresholds.no_landmark_energy_above is None:
        return thresholds
    return Thresholds(
        tagged_from=thresholds.tagged_from,
        per_class=thresholds.per_class,
        no_landmark_below=thresholds.no_landmark_below,
    )
