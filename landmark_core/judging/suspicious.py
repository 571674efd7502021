"""Find labels that are probably wrong, from answers of models that had not seen the photo.

Confident learning (Northcutt et al. 2021, sections 3.1 and 3.2, https://arxiv.org/abs/1911.00068):
a photo belongs, confidently, to the classes whose probability is at least the mean that photos of
that label get; where the likeliest of these is not its label, the label is in doubt. "None of the
landmarks" is one more class here. A softmax has no probability for it, so that one comes from a
logistic regression on confidence and energy, fitted on the labels themselves.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmark_core.judging.answers import Answers
from landmark_core.judging.calibration import Calibrated
from landmark_core.judging.verdicts import Verdicts, decide, probabilities_of
from landmark_core.records import OTHER

_STEPS = 30  # of Newton's method, which needs about eight
_RIDGE = 1.0  # pull towards zero, in photos: without it photos that part cleanly have no optimum
_SURE_ENOUGH = 0.8  # belongs confidently, even where photos of that label usually get more
_LEAST_PHOTOS = 5  # of a label, before a photo can be suspected to belong there


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspiciousLabel:
    """A label in doubt; null names stand for none of the landmarks."""

    digest: str
    uri: str
    label: str | None  # as it is now
    suggested: str | None  # what the photo may show instead
    confidence_in_label: float  # in [0, 1]
    confidence_in_suggested: float


def suspicious_labels(
    answers: Answers, calibration: Calibrated, *, limit: int | None = None
) -> tuple[SuspiciousLabel, ...]:
    """Return the labels in doubt, the most doubtful first.

    Photos of classes that the model lacks are left out: it cannot know.

    Args:
        answers: to photos that the answering model had not seen.
        calibration: of that model, or by fold.
        limit: at most so many; all where null.
    """
    verdicts = decide(answers, calibration)
    labelled = np.flatnonzero(verdicts.labels >= OTHER)
    if not len(labelled):
        return ()
    p = _with_other(verdicts)[labelled]  # (n, C + 1), the last column is other things
    own = verdicts.labels[labelled]  # OTHER, -1, is the last column
    limits = _usual_confidence(p, own)
    rows = np.arange(len(labelled))
    confident = np.where(p >= limits, p, -1.0)
    suggested = confident.argmax(axis=1)
    gap = p[rows, own] - confident[rows, suggested]  # the normalised margin of section 3.2
    doubted = (confident[rows, suggested] >= 0) & (gap < 0)
    doubted &= suggested != own % p.shape[1]
    order = [row for row in np.argsort(gap, kind="stable").tolist() if doubted[row]][:limit]
    names: tuple[str | None, ...] = (*answers.class_names, None)
    return tuple(
        SuspiciousLabel(
            digest=answers.photos[labelled[row]].digest,
            uri=answers.photos[labelled[row]].uri,
            label=names[own[row]],
            suggested=names[suggested[row]],
            confidence_in_label=float(p[row, own[row]]),
            confidence_in_suggested=float(p[row, suggested[row]]),
        )
        for row in order
    )


def _usual_confidence(p: NDArray[np.float64], own: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (C + 1,) the probability from which a photo belongs to a label: its photos' mean.

    Capped, as half of the photos of a class that is easy to tell lie below its mean; and above 1
    where a label has few photos.
    """
    columns = own % p.shape[1]
    photos = np.bincount(columns, minlength=p.shape[1])
    total = np.bincount(columns, weights=p[np.arange(len(p)), columns], minlength=p.shape[1])
    usual = np.minimum(total / np.maximum(photos, 1), _SURE_ENOUGH)
    return np.where(photos >= _LEAST_PHOTOS, usual, 2.0)


def _with_other(verdicts: Verdicts) -> NDArray[np.float64]:
    """Return (N, C + 1) probabilities; the last one says that the photo shows no landmark."""
    p = probabilities_of(verdicts)
    other = verdicts.other
    if not other.any() or other.all():
        return np.hstack([p, np.zeros((len(p), 1))])
    odds = np.log(np.clip(verdicts.confidence, 1e-6, 1 - 1e-6))
    odds -= np.log1p(-np.clip(verdicts.confidence, 1e-6, 1 - 1e-6))
    signals = [odds, verdicts.energy] if verdicts.answers.energies else [odds]
    chance = _regress(np.stack(signals, axis=1), other)
    return np.hstack([p * (1 - chance[:, None]), chance[:, None]])


def _regress(signals: NDArray[np.float64], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (N,) the chance of truth by logistic regression on (N, k) signals, both sides equal.

    Equal: each side has the same weight in all, as nobody knows how many photos of a library show
    a landmark.
    """
    spread = np.maximum(signals.std(axis=0), 1e-9)
    x = np.hstack([(signals - signals.mean(axis=0)) / spread, np.ones((len(signals), 1))])
    weight = np.where(truth, 0.5 / truth.mean(), 0.5 / (~truth).mean())
    pull = np.diag([_RIDGE] * signals.shape[1] + [1e-6])
    slopes = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ slopes, -30, 30)))
        gradient = x.T @ (weight * (p - truth)) + pull @ slopes
        curvature = (x * (weight * np.maximum(p * (1 - p), 1e-9))[:, None]).T @ x + pull
        slopes -= np.linalg.solve(curvature, gradient)
    return np.asarray(1 / (1 + np.exp(-np.clip(x @ slopes, -30, 30))))
