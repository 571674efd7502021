"""Tell whether one model is better than another, by photos that both have answered.

Two paired tests at 5 %. McNemar 1947 (https://doi.org/10.1007/BF02295996), exact: of the groups
that one model handled better than the other, how many did each win. And the 95 % interval of the
difference in GAP, by resampling (Efron and Tibshirani 1993, section 13.3). Near-duplicates are one
group and count as one photo would: ten shots of one moment are not ten witnesses.

Better is who wins one of the tests and loses neither. Classes are compared by name: a model that
lacks a class is wrong on its photos.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from landmark_core.judging.answers import Answers, take
from landmark_core.judging.calibration import Calibrated
from landmark_core.judging.curves import last_of_equals
from landmark_core.judging.verdicts import Verdicts, decide

LEAST_PHOTOS = 30  # that both have answered; fewer cannot tell models apart
SIGNIFICANCE = 0.05
RESAMPLES = 2000
_BLOCK = 2**22  # numbers held at once while resampling


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A challenger beside the champion, on the same photos."""

    photos: int  # that both have answered
    groups: int  # of near-duplicates among them; most have one photo
    wins: int  # groups that the challenger handled better
    losses: int  # groups that it handled worse
    mcnemar_p: float  # chance of so uneven a split between equal models
    gap_difference: float  # challenger's GAP minus champion's
    gap_interval: tuple[float, float]  # that covers the difference with 95 %
    better: bool
    reason: str  # one line for a person


def compare(
    champion: Answers,
    champion_calibration: Calibrated,
    challenger: Answers,
    challenger_calibration: Calibrated,
    *,
    seed: int = 0,
) -> Comparison:
    """Compare two models on the photos that both have answered.

    A landmark is handled rightly where its tag is the best one, other things where they are not
    `tagged`. What a photo shows is what the challenger's answers say: they are the newer ones.

    Args:
        champion: answers of the model in use, to photos that it has not been trained on.
        champion_calibration: its temperature and thresholds.
        challenger: answers of the model that may replace it, likewise.
        challenger_calibration: its temperature and thresholds.
        seed: of the resampling.
    """
    old, new = _pair(champion, challenger)
    if len(new.photos) < LEAST_PHOTOS:
        return _too_few(len(new.photos))
    before, after = decide(old, champion_calibration), decide(new, challenger_calibration)
    names = [photo.label for photo in new.photos]
    right_before, right_after = _right(before, names), _right(after, names)
    groups = np.unique([photo.group for photo in new.photos], return_inverse=True)[1]

    balance = np.bincount(
        groups,
        weights=_handled(after, right_after, names).astype(np.float64)
        - _handled(before, right_before, names),
    )
    wins, losses = int((balance > 0).sum()), int((balance < 0).sum())
    difference, interval = _gap_difference(
        (before, right_before), (after, right_after), names, groups, seed
    )
    p = mcnemar_p(wins, losses)
    better, reason = _judge(wins, losses, p, difference, interval)
    return Comparison(
        photos=len(names),
        groups=int(groups.max()) + 1,
        wins=wins,
        losses=losses,
        mcnemar_p=p,
        gap_difference=difference,
        gap_interval=interval,
        better=better,
        reason=f"{reason} ({len(names):,} photos)",
    )


def mcnemar_p(wins: int, losses: int) -> float:
    """Return the two-sided chance that fair coins split `wins + losses` at least so unevenly."""
    throws = wins + losses
    ways = tail = 1  # whole numbers of any size: exact however many photos there are
    for few in range(min(wins, losses)):
        ways = ways * (throws - few) // (few + 1)
        tail += ways
    return min(float(Fraction(tail, 2 ** max(throws - 1, 0))), 1.0)


def _pair(champion: Answers, challenger: Answers) -> tuple[Answers, Answers]:
    """Return both models' answers to the photos that they share, in the same order."""
    rows = {photo.digest: row for row, photo in enumerate(champion.photos)}
    shared = [
        (rows[photo.digest], row)
        for row, photo in enumerate(challenger.photos)
        if photo.digest in rows
    ]
    return take(champion, [old for old, _ in shared]), take(challenger, [new for _, new in shared])


def _right(verdicts: Verdicts, names: list[str | None]) -> NDArray[np.bool_]:
    """Say whose best tag is this name."""
    classes = verdicts.answers.class_names
    best = verdicts.tags[:, 0].tolist()
    return np.array([classes[tag] == name for tag, name in zip(best, names, strict=True)])


def _handled(
    verdicts: Verdicts, right: NDArray[np.bool_], names: list[str | None]
) -> NDArray[np.bool_]:
    """Say which photos were handled rightly."""
    landmark = np.array([name is not None for name in names])
    return np.where(landmark, right, ~verdicts.decided("tagged"))


def _gap_difference(
    champion: tuple[Verdicts, NDArray[np.bool_]],
    challenger: tuple[Verdicts, NDArray[np.bool_]],
    names: list[str | None],
    groups: NDArray[np.int64],
    seed: int,
) -> tuple[float, tuple[float, float]]:
    """Return challenger's GAP minus champion's, and the interval that covers it with 95 %."""
    landmark = np.array([name is not None for name in names])
    (before, right_before), (after, right_after) = champion, challenger
    differences = np.concatenate(
        [
            _gaps(after.confidence, right_after, landmark, counts)
            - _gaps(before.confidence, right_before, landmark, counts)
            for counts in _draw(int(groups.max()) + 1, groups, seed)
        ]
    )
    # The first is the photos themselves; without a landmark there is no GAP, and no difference.
    low, high = np.quantile(differences[1:], [SIGNIFICANCE / 2, 1 - SIGNIFICANCE / 2])
    return float(differences[0]), (float(low), float(high))


def _draw(groups: int, group_of: NDArray[np.int64], seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield blocks of (n, N) counts of each photo: first once each, then the resamples."""
    generator = np.random.default_rng(seed)
    step = max(_BLOCK // max(len(group_of), 1), 1)
    yield np.ones((1, len(group_of)), dtype=np.int64)
    share = np.full(groups, 1 / groups)
    for start in range(0, RESAMPLES, step):
        drawn = generator.multinomial(groups, share, size=min(step, RESAMPLES - start))
        yield drawn[:, group_of]


def _gaps(
    confidence: NDArray[np.float64],
    right: NDArray[np.bool_],
    landmark: NDArray[np.bool_],
    counts: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return (n,) the GAP of each row of (n, N) counts; 0 where it holds no landmark."""
    order = np.argsort(-confidence, kind="stable")
    times = counts[:, order]
    last = last_of_equals(confidence[order])
    hits = np.cumsum(times * right[order], axis=1)[:, last]
    ranks = np.cumsum(times, axis=1)[:, last]
    gained = np.diff(hits, axis=1, prepend=0)
    total = (counts * landmark).sum(axis=1)
    precision = hits / np.maximum(ranks, 1)
    return np.asarray((precision * gained).sum(axis=1) / np.maximum(total, 1))


def _judge(
    wins: int, losses: int, p: float, difference: float, interval: tuple[float, float]
) -> tuple[bool, str]:
    """Return whether the challenger is better, and why, in one line."""
    low, high = interval
    uneven = p < SIGNIFICANCE
    won = (uneven and wins > losses) or low > 0
    lost = (uneven and losses > wins) or high < 0
    figures = (
        f"{wins} photos or groups of duplicates handled better, {losses} worse, p = {p:.3g}; "
        f"GAP {difference:+.4f}, 95 % interval {low:+.4f} to {high:+.4f}"
    )
    if won and not lost:
        return True, f"better: {figures}"
    if lost:
        return False, f"{'better in one way, worse in another' if won else 'worse'}: {figures}"
    return False, f"no significant difference: {figures}"


def _too_few(photos: int) -> Comparison:
    return Comparison(
        photos=photos,
        groups=0,
        wins=0,
        losses=0,
        mcnemar_p=1.0,
        gap_difference=0.0,
        gap_interval=(-1.0, 1.0),
        better=False,
        reason=(
            f"cannot be compared: both have answered {photos} of the same photos, "
            f"at least {LEAST_PHOTOS} are needed"
        ),
    )
