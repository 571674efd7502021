"""Marginal cost: what one photo more costs, start-up left out. Pure arithmetic.

A run of 3N photos minus a run of N, over 2N, both as whole processes: imports, loading, planning
and closing are in both and cancel out.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.comparison.cases import FORWARDS

FACTOR = 3  # the long run has so many times the photos of the short one


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two runs of one contestant in one round."""

    case: str
    contestant: str
    round: int
    photos: int  # N, of the short run
    short_s: float
    long_s: float

    @property
    def marginal_ms(self) -> float:
        """Milliseconds that one photo more costs."""
        return 1000 * (self.long_s - self.short_s) / ((FACTOR - 1) * self.photos)

    @property
    def start_s(self) -> float:
        """Seconds that a run takes whatever it has to do."""
        return self.short_s - self.photos * self.marginal_ms / 1000


@dataclass(frozen=True, slots=True)
class Spread:
    """What the rounds gave."""

    median: float
    least: float
    most: float


def spread(values: Sequence[float]) -> Spread:
    """Return median, least and most."""
    return Spread(statistics.median(values), min(values), max(values))


def costs(pairs: Sequence[Pair], case: str, contestant: str) -> dict[int, float]:
    """Return the milliseconds a photo of a contestant by round."""
    return {
        pair.round: pair.marginal_ms
        for pair in pairs
        if pair.case == case and pair.contestant == contestant
    }


def floors(pairs: Sequence[Pair], case: str, forward_case: str) -> dict[int, float]:
    """Return decode alone plus the better forward alone, by round.

    Args:
        pairs: of all cases.
        case: whose decoding counts.
        forward_case: the case that measured the same network without photos.
    """
    decode = costs(pairs, case, "decode")
    forwards = [costs(pairs, forward_case, name) for name in FORWARDS]
    result = {}
    for number, value in decode.items():
        if found := [forward[number] for forward in forwards if number in forward]:
            result[number] = value + min(found)
    return result


def ratios(values: dict[int, float], base: dict[int, float]) -> Spread | None:
    """Compare within each round, so that what slows the machine for a while slows both."""
    found = [values[number] / base[number] for number in values if base.get(number, 0) > 0]
    return spread(found) if found else None
