"""What people's decisions say of the model: how often it is right, what it confuses. Pure.

The photos that wait for a person are the unsure ones, so nothing here is the model's accuracy over
the library. Each band of confidence speaks for itself; what nobody checks is measured by the audit
alone, a random sample of it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from landmark_core.records import Decision, Verdict
from landmark_core.review.interval import wilson

BANDS = 10
PAIRS_SHOWN, CLASSES_SHOWN = 20, 50
_BIN = 0.01  # of confidence: thresholds are suggested in such steps

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One photo that a person settled, and what the model had said of it."""

    model_tag: str | None  # the best, also where the model was too unsure to use it
    model_confidence: float | None
    model_decision: Decision | None
    verdict: Verdict  # not skipped
    tag: str | None  # null: not a landmark
    by_audit: bool  # drawn at random among what the machine had settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share that was counted, and how far the true one may lie from it (95 %)."""

    count: int
    total: int
    low: float  # in [0, 1]
    high: float

    @property
    def share(self) -> float:
        """The share itself; 0 of nothing."""
        return self.count / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Photos whose best tag has a confidence in [low, high)."""

    low: float
    high: float
    right: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """The model said one thing, people another."""

    model_tag: str
    tag: str | None  # null: not a landmark
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRecord:
    """What became of the photos whose best tag was this one."""

    tag: str
    right: Share
    missed: int  # photos that people gave this tag and the model another


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """The lowest confidence from which on the model's tag can be taken unseen."""

    precision: float  # that is wanted
    threshold: float | None  # null: none can be named
    right: Share | None  # at and above the threshold
    reason: str  # what it rests on, or why there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """How often the machine is wrong where nobody checks."""

    wrong: Share
    pool: int  # photos that the machine settled by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSummary:
    """What people's decisions say of the model."""

    photos: int
    right: Share  # the best tag is the person's, audit left out
    not_landmarks: int
    bands: tuple[Band, ...]
    confusions: tuple[Confusion, ...]  # most photos first
    classes: tuple[ClassRecord, ...]  # most photos first
    suggestion: Suggestion
    audit: Audit


def share_of(count: int, total: int) -> Share:
    """Return a share with its interval."""
    low, high = wilson(count, total)
    return Share(count=count, total=total, low=low, high=high)


def summarise(
    judged: Iterable[Judged], *, precision: float = 0.95, audit_pool: int = 0
) -> ReviewSummary:
    """Sum up decisions.

    Args:
        judged: one for each photo; any number, they are not kept.
        precision: share of right tags that is wanted at and above a threshold, in (0, 1).
        audit_pool: photos that the machine settled by itself.

    Raises:
        ValueError: if precision is not within (0, 1).
    """
    if not 0 < precision < 1:
        raise ValueError(f"expected a precision between 0 and 1, got {precision}")
    counts = _Counts()
    for one in judged:
        counts.add(one)
    return ReviewSummary(
        photos=counts.photos,
        right=share_of(int(counts.right.sum()), int(counts.all.sum())),
        not_landmarks=counts.not_landmarks,
        bands=_bands(counts),
        confusions=tuple(
            Confusion(model_tag=model_tag, tag=tag, photos=photos)
            for (model_tag, tag), photos in _most(counts.confused, PAIRS_SHOWN)
        ),
        classes=tuple(
            ClassRecord(
                tag=tag,
                right=share_of(counts.class_right[tag], photos),
                missed=counts.class_missed[tag],
            )
            for tag, photos in _most(counts.class_all, CLASSES_SHOWN)
        ),
        suggestion=_suggest(counts, precision),
        audit=Audit(wrong=share_of(counts.audit_wrong, counts.audited), pool=audit_pool),
    )


class _Counts:
    """What is counted while the decisions stream by."""

    def __init__(self) -> None:
        bins = round(1 / _BIN)
        self.photos = self.not_landmarks = self.audited = self.audit_wrong = 0
        self.all, self.right = np.zeros(bins, np.int64), np.zeros(bins, np.int64)
        self.confused = Counter[tuple[str, str | None]]()
        self.class_all, self.class_right = Counter[str](), Counter[str]()
        self.class_missed = Counter[str]()

    def add(self, one: Judged) -> None:
        self.photos += 1
        self.not_landmarks += one.verdict == "not_a_landmark"
        tag_right = one.tag is not None and one.tag == one.model_tag
        if one.by_audit:
            rejected = one.model_decision == "no_landmark"
            self.audited += 1
            self.audit_wrong += one.tag is not None if rejected else not tag_right
            return
        if one.model_tag is None:
            return
        if one.model_confidence is not None and np.isfinite(one.model_confidence):
            place = min(int(one.model_confidence / _BIN + 1e-6), len(self.all) - 1)
            self.all[max(place, 0)] += 1
            self.right[max(place, 0)] += tag_right
        self.class_all[one.model_tag] += 1
        self.class_right[one.model_tag] += tag_right
        if not tag_right:
            self.confused[one.model_tag, one.tag] += 1
            if one.tag is not None:
                self.class_missed[one.tag] += 1


def _most(counter: Counter[T], count: int) -> list[tuple[T, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], str(item[0])))[:count]


def _bands(counts: _Counts) -> tuple[Band, ...]:
    alls, rights = counts.all.reshape(BANDS, -1).sum(1), counts.right.reshape(BANDS, -1).sum(1)
    return tuple(
        Band(low=number / BANDS, high=(number + 1) / BANDS, right=share_of(right, total))
        for number, (right, total) in enumerate(zip(rights.tolist(), alls.tolist(), strict=True))
    )


def _suggest(counts: _Counts, precision: float) -> Suggestion:
    """Find the lowest threshold whose precision is as wanted, at the low end of its interval.

    At the low end, because many thresholds are tried and a few lucky photos would do otherwise.
    """
    above_all = counts.all[::-1].cumsum()[::-1]
    above_right = counts.right[::-1].cumsum()[::-1]
    for place in np.flatnonzero(counts.all).tolist():
        right = share_of(int(above_right[place]), int(above_all[place]))
        if right.low >= precision:
            threshold = round(place * _BIN, 2)
            reason = f"{right.count} of {right.total} reviewed photos at or above it were right"
            return Suggestion(precision=precision, threshold=threshold, right=right, reason=reason)
    needed = _needed(precision)
    total = int(counts.all.sum())
    reason = (
        f"{total} decisions are too few: {needed} right ones in a row are needed at least"
        if total < needed
        else "no confidence among the reviewed photos is right often enough"
    )
    return Suggestion(precision=precision, threshold=None, right=None, reason=reason)


def _needed(precision: float) -> int:
    """Return how many photos, all of them right, show such a precision."""
    number = 1
    while wilson(number, number)[0] < precision:
        number += max(1, number // 20)
    while wilson(number - 1, number - 1)[0] >= precision:
        number -= 1
    return number
