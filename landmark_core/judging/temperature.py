"""Fit the temperature, and turn logits into confidences and energies. Pure.

Temperature scaling follows Guo et al. 2017, section 4.2 (https://arxiv.org/abs/1706.04599), with
the targets of Platt 1999, section 2.2 ("Probabilistic outputs for support vector machines"): a
label is right with n + 1 of n + 2, so that a model without a single error is not calibrated to be
infinitely sure. Energy is that of Liu et al. 2020, section 3 (https://arxiv.org/abs/2010.03759).
"""

import math

import numpy as np
from numpy.typing import NDArray

MOST_TEMPERATURE = 100.0  # the least is its inverse


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the temperature with the least mean loss over the photos whose label is a column.

    The loss is convex in 1/temperature, so its slope changes sign once; halving finds where.
    1 where there is nothing to fit.
    """
    known = labels >= 0
    scores = logits[known].astype(np.float64)  # (n, C)
    photos, classes = scores.shape
    if photos == 0 or classes < 2:
        return 1.0
    scores -= scores.max(axis=1, keepdims=True)
    doubt = 1 / (photos + 2)
    own = scores[np.arange(photos), labels[known]]
    wanted = float(np.mean((1 - doubt) * own + doubt * scores.mean(axis=1)))
    low, high = -math.log(MOST_TEMPERATURE), math.log(MOST_TEMPERATURE)
    for _ in range(50):  # to far less than the last digit kept
        middle = (low + high) / 2
        weights = np.exp(scores * math.exp(middle))
        expected = float(np.mean((weights * scores).sum(axis=1) / weights.sum(axis=1)))
        low, high = (middle, high) if expected < wanted else (low, middle)
    return round(math.exp(-(low + high) / 2), 4)


def confidences_of(
    logits: NDArray[np.float32], temperature: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return each photo's highest probability, rounded to float32 as it is stored, and its class.

    Args:
        logits: (N, C).
        temperature: positive.
    """
    scores = logits.astype(np.float64) / temperature
    best = scores.argmax(axis=1)
    top = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (1 / top.sum(axis=1)).astype(np.float32).astype(np.float64), best


def energies_of(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (N,) -logsumexp of the logits: low where the model knows something in the photo."""
    scores = logits.astype(np.float64)
    most = scores.max(axis=1)
    return np.asarray(-most - np.log(np.exp(scores - most[:, None]).sum(axis=1)))
