"""Judge logits of photos that the model has not seen: figures, temperature, thresholds.

Temperature scaling and the expected calibration error follow Guo et al. 2017
(https://arxiv.org/abs/1706.04599, sections 2 and 4.2).
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starter.photos import OTHER

BINS = 15  # of confidence, equally wide
MOST_OTHERS_TAGGED = 0.010  # share of photos of other things that may be tagged
LEAST_PRECISION = 0.97  # of `tagged`, over landmarks and other things together
MOST_LANDMARKS_LOST = 0.03  # share of landmark photos that may be called no_landmark


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where the decisions change (the rule of the tagger)."""

    tagged_from: float  # confidence
    no_landmark_below: float  # confidence
    no_landmark_energy_above: float  # of -logsumexp(logits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the model reaches on photos it has not seen; shares in [0, 1]."""

    top1: float
    macro_f1: float
    calibration_error: float
    auroc: float  # highest confidence, landmark against other
    fpr95: float  # others above the confidence that 95 % of landmarks reach
    precision: float  # of `tagged`: right tag, over landmarks and others
    landmarks_tagged: float
    landmarks_lost: float  # called no_landmark
    others_tagged: float
    others_review: float


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the temperature with the least mean loss over the landmark photos."""
    known = labels != OTHER
    grid = torch.logspace(-1, 1, 401)  # 0.1 to 10, steps of 1.2 %
    losses = [
        float(torch.nn.functional.cross_entropy(logits[known] / value, labels[known]))
        for value in grid
    ]
    return round(float(grid[int(np.argmin(losses))]), 3)


def confidences(
    logits: Tensor, temperature: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return each photo's highest probability and its class."""
    best, tag = (logits / temperature).double().softmax(1).max(1)
    return best.numpy(), tag.numpy()


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error: mean gap of confidence and accuracy over bins."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [
        abs(confidence[bins == number].mean() - right[bins == number].mean())
        * (bins == number).sum()
        for number in np.unique(bins)
    ]
    return float(sum(gaps) / len(confidence))


def auroc(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float:
    """Return the chance that a positive scores above a negative, ties counted half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    up_to = np.searchsorted(ordered, positive, side="right")
    return float((below + up_to).mean() / (2 * len(negative)))


def macro_f1(tags: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    """Return the mean over classes of the harmonic mean of precision and recall."""
    scores = []
    for label in np.unique(labels):
        hits = int(((tags == label) & (labels == label)).sum())
        scores.append(2 * hits / (int((tags == label).sum()) + int((labels == label).sum())))
    return float(np.mean(scores))


def choose_cut(logits: Tensor, labels: Tensor, temperature: float) -> Cut:
    """Return the thresholds that keep the limits at the top of this module.

    `tagged_from` is the lowest that keeps both limits on `tagged`, to leave few landmarks in
    review; of the pairs of no_landmark thresholds that lose few enough landmarks, the one
    that leaves the fewest other photos in review.
    """
    best, tag = confidences(logits, temperature)
    energy = -logits.double().logsumexp(1).numpy()
    other = labels.numpy() == OTHER
    right = tag == labels.numpy()
    tagged_from = next(
        value
        for value in np.arange(0.30, 1.0, 0.01)
        if (best[other] >= value).mean() <= MOST_OTHERS_TAGGED
        and right[best >= value].mean() >= LEAST_PRECISION
    )
    pairs = [
        (below, above)
        for below in np.arange(0.08, tagged_from, 0.01)
        for above in np.quantile(energy, np.linspace(0.5, 1, 51))
    ]

    def others_left(pair: tuple[float, float]) -> float:
        dropped = (best < pair[0]) | (energy > pair[1])
        if dropped[~other].mean() > MOST_LANDMARKS_LOST:
            return 1.0
        return float((~dropped[other]).mean())

    below, above = min(pairs, key=others_left)
    return Cut(
        tagged_from=round(float(tagged_from), 2),
        no_landmark_below=round(float(below), 2),
        no_landmark_energy_above=round(float(above), 3),
    )


def measure(logits: Tensor, labels: Tensor, temperature: float, cut: Cut) -> Figures:
    """Return every figure for (N, classes) logits and N labels, OTHER among them."""
    best, tag = confidences(logits, temperature)
    truth = labels.numpy()
    other = truth == OTHER
    energy = -logits.double().logsumexp(1).numpy()
    dropped = (best < cut.no_landmark_below) | (energy > cut.no_landmark_energy_above)
    tagged = (best >= cut.tagged_from) & ~dropped
    right = tag == truth
    reached = np.quantile(best[~other], 0.05)
    return Figures(
        top1=float(right[~other].mean()),
        macro_f1=macro_f1(tag[~other], truth[~other]),
        calibration_error=calibration_error(best[~other], right[~other]),
        auroc=auroc(best[~other], best[other]),
        fpr95=float((best[other] >= reached).mean()),
        precision=float(right[tagged].mean()) if tagged.any() else 1.0,
        landmarks_tagged=float(tagged[~other].mean()),
        landmarks_lost=float(dropped[~other].mean()),
        others_tagged=float(tagged[other].mean()),
        others_review=float((~tagged & ~dropped)[other].mean()),
    )
