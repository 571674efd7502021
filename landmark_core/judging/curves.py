"""Figures that are drawn as curves, and the numbers that they come down to. Pure.

GAP is the micro average precision of Google Landmarks v2 (Weyand et al. 2020, section 3.4,
https://arxiv.org/abs/2004.01804); calibration follows Guo et al. 2017, section 2
(https://arxiv.org/abs/1706.04599); risk and coverage follow Geifman et al. 2019, section 2
(https://arxiv.org/abs/1805.08206); FPR95 is that of Liu et al. 2020 (arXiv:2010.03759).

Photos of equal confidence cannot be told apart, so they enter together: no figure depends on the
order of the photos.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15  # of confidence, equally wide

Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The photos of one range of confidence."""

    low: float  # confidence, not included but for 0
    high: float  # included
    photos: int
    confidence: float  # mean; the range's middle where there is no photo
    accuracy: float  # share of right tags; 0 where there is no photo


def reliability(confidence: Shares, right: NDArray[np.bool_], bins: int = BINS) -> tuple[Bin, ...]:
    """Return the bins of a reliability diagram, in order of confidence.

    Args:
        confidence: (N,) in [0, 1].
        right: (N,) whether the tag is.
        bins: how many, equally wide; the edge belongs to the lower one.
    """
    # torchmetrics gives an edge to the upper bin, and a confidence of 1 a bin of its own.
    number = _bin_numbers(confidence, bins)
    photos = np.bincount(number, minlength=bins)
    sure = np.bincount(number, weights=confidence, minlength=bins)
    hits = np.bincount(number, weights=right.astype(np.float64), minlength=bins)
    return tuple(
        Bin(
            low=n / bins,
            high=(n + 1) / bins,
            photos=int(photos[n]),
            confidence=float(sure[n] / photos[n]) if photos[n] else (n + 0.5) / bins,
            accuracy=float(hits[n] / photos[n]) if photos[n] else 0.0,
        )
        for n in range(bins)
    )


def calibration_error(bins: tuple[Bin, ...]) -> float | None:
    """Return the mean gap of confidence and accuracy over the photos; null without photos."""
    photos = sum(one.photos for one in bins)
    gaps = sum(one.photos * abs(one.confidence - one.accuracy) for one in bins if one.photos)
    return gaps / photos if photos else None


def calibration_error_by_chance(confidence: Shares, bins: int = BINS) -> float | None:
    """Return the error that a perfectly calibrated model would show, on average, on so few photos.

    In each bin the share of right tags is off by chance; its mean size is that of a normal
    distribution with the variance of the tags' own coins.

    Args:
        confidence: (N,) in [0, 1].
        bins: how many, equally wide.
    """
    if not len(confidence):
        return None
    coins = confidence * (1 - confidence)
    variance = np.bincount(_bin_numbers(confidence, bins), weights=coins, minlength=bins)
    return float(np.sqrt(2 / np.pi * variance).sum() / len(confidence))


def _bin_numbers(confidence: Shares, bins: int) -> NDArray[np.int64]:
    return np.asarray(np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1), dtype=np.int64)


def global_average_precision(
    confidence: Shares,
    right: NDArray[np.bool_],
    landmarks: int,
    counts: NDArray[np.int64] | None = None,
) -> float | None:
    """Return GAP: the mean, over landmark photos, of the precision down to each right tag.

    All photos are ranked by confidence, photos of other things among them: their tags are wrong.

    Args:
        confidence: (N,) of every photo, in [0, 1].
        right: (N,) whether the tag is; false for photos of other things.
        landmarks: photos that show one, which is what a perfect model has right; counted as often
            as `counts` says.
        counts: (N,) how often each photo counts; once where null.

    Returns:
        A share in [0, 1]; null without landmark photos.
    """
    if landmarks == 0:
        return None
    order = np.argsort(-confidence, kind="stable")
    times = np.ones(len(order), dtype=np.int64) if counts is None else counts[order]
    hits = np.cumsum(times * right[order])
    ranks = np.cumsum(times)
    last = last_of_equals(confidence[order])
    precision = hits[last] / np.maximum(ranks[last], 1)
    gained = np.diff(hits[last], prepend=0)
    return float((precision * gained).sum() / landmarks)


def risk_coverage(confidence: Shares, right: NDArray[np.bool_]) -> tuple[Shares, Shares]:
    """Return coverage and risk: answering only the surest photos, which share of tags is wrong.

    Args:
        confidence: (N,) in [0, 1].
        right: (N,) whether the tag is.

    Returns:
        Ascending coverages in (0, 1], and the share of wrong tags at each; empty without photos.
    """
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order])
    last = last_of_equals(confidence[order])
    return (last + 1) / max(len(order), 1), wrong[last] / (last + 1)


def area_under_risk(confidence: Shares, right: NDArray[np.bool_]) -> float | None:
    """Return the mean risk over all coverages 1/N, 2/N, ... 1; null without photos.

    Among photos of equal confidence the risk is that of all of them.
    """
    if not len(confidence):
        return None
    coverage, risk = risk_coverage(confidence, right)
    return float((np.diff(coverage, prepend=0) * risk).sum())


def false_positives_at(landmarks: Shares, others: Shares, share: float = 0.95) -> float:
    """Return the share of others at or above the confidence that this share of landmarks reach.

    Args:
        landmarks: (n,) confidences, n >= 1.
        others: (m,) confidences, m >= 1.
        share: of the landmarks that has to be at or above the limit.
    """
    needed = math.ceil(share * len(landmarks) - 1e-9)
    limit = np.sort(landmarks)[::-1][max(needed, 1) - 1]
    return float((others >= limit).mean())


def last_of_equals(ordered: Shares) -> NDArray[np.int64]:
    """Return the positions of the last of each run of equal values, ascending."""
    if not len(ordered):
        return np.empty(0, dtype=np.int64)
    return np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
