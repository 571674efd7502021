"""What became of sidecars, one and all. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Fate = Literal["made", "changed", "removed", "unchanged", "not_ours", "nothing", "left_alone"]
EXAMPLES = 5  # sidecars that a report names for each reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one sidecar."""

    place: str  # its path or URL, for people
    fate: Fate  # nothing: there is none, and none is wanted; not_ours: nor is anything of ours
    reason: str | None = None  # why it was left alone
    disagree: bool = False  # they show different landmarks; the sidecar says the surest
    beside_other: bool = False  # a new one, beside one of the other naming
    before: bytes | None = None  # in a dry run, what it says
    after: bytes | None = None  # and what it would say; null where it would be removed


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarReport:
    """What became of a library's sidecars."""

    photos: int
    made: int
    changed: int
    removed: int
    unchanged: int  # hold what they should
    not_ours: int  # hold nothing of ours, and none is wanted
    left_alone: int
    reasons: tuple[tuple[str, int, tuple[str, ...]], ...]  # why, how many, a few of them
    disagreeing: tuple[str, ...]  # a few sidecars whose photos show different landmarks
    disagreements: int
    beside_others: int  # sidecars beside one of the other naming


class Tally:
    """Owns the counts while sidecars come in."""

    def __init__(self) -> None:
        self._fates: Counter[Fate] = Counter()
        self._reasons: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}
        self._disagreeing: list[str] = []
        self._disagreements = 0
        self._beside_others = 0

    def take(self, outcomes: Iterable[Outcome]) -> None:
        """Count some."""
        for one in outcomes:
            self._fates[one.fate] += 1
            if one.reason is not None:
                self._reasons[one.reason] += 1
                _keep(self._examples.setdefault(one.reason, []), one.place)
            if one.disagree:
                self._disagreements += 1
                _keep(self._disagreeing, one.place)
            self._beside_others += one.beside_other

    def report(self, photos: int) -> SidecarReport:
        """Return the counts, for so many photos."""
        return SidecarReport(
            photos=photos,
            made=self._fates["made"],
            changed=self._fates["changed"],
            removed=self._fates["removed"],
            unchanged=self._fates["unchanged"],
            not_ours=self._fates["not_ours"],
            left_alone=self._fates["left_alone"],
            reasons=tuple(
                (reason, count, tuple(self._examples[reason]))
                for reason, count in self._reasons.most_common()
            ),
            disagreeing=tuple(self._disagreeing),
            disagreements=self._disagreements,
            beside_others=self._beside_others,
        )


def _keep(examples: list[str], place: str) -> None:
    if len(examples) < EXAMPLES:
        examples.append(place)
