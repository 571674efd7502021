"""What the rounds came to: for each case its contestants and its floor, from the pairs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.comparison.cases import BY_NAME, FLOOR, Case
from benchmarks.comparison.marginal import Pair, Spread, costs, floors, ratios, spread

FLOOR_LABEL = "decode + forward alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One contestant in one case, or the floor."""

    label: str
    name: str  # of the contestant; "floor" for the floor
    cost: Spread  # ms a photo
    against_ours: Spread | None  # times the cost of this project in the same round
    start_s: float | None  # seconds of a run without its photos; null for the floor
    photos: int | None  # N


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One comparison, cheapest contestant first, the floor and its parts after them."""

    label: str
    name: str
    lines: tuple[Line, ...]


def add_up(cases: Sequence[tuple[Case, Sequence[str]]], pairs: Sequence[Pair]) -> list[CaseResult]:
    """Return the results of the cases that have any."""
    results = []
    for case, members in cases:
        ours = costs(pairs, case.name, "ours")
        lines = [line for name in members if (line := _line(pairs, case, name, ours))]
        lines.sort(key=lambda line: (line.name in FLOOR, line.cost.median))
        if floor := floors(pairs, case.name, f"forward-{case.model.name}"):
            lines.append(
                Line(
                    label=FLOOR_LABEL,
                    name="floor",
                    cost=spread(list(floor.values())),
                    against_ours=ratios(floor, ours),
                    start_s=None,
                    photos=None,
                )
            )
        if lines:
            results.append(CaseResult(label=case.label, name=case.name, lines=tuple(lines)))
    return results


def _line(pairs: Sequence[Pair], case: Case, name: str, ours: dict[int, float]) -> Line | None:
    mine = [pair for pair in pairs if pair.case == case.name and pair.contestant == name]
    if not mine:
        return None
    values = costs(pairs, case.name, name)
    return Line(
        label=BY_NAME[name].label,
        name=name,
        cost=spread(list(values.values())),
        against_ours=ratios(values, ours),
        start_s=spread([pair.start_s for pair in mine]).median,
        photos=mine[0].photos,
    )
