"""What became of a library's sidecars, for people and machines. Pure."""

import dataclasses
import difflib
import sys
from collections.abc import Iterator
from typing import Any

from landmark_core.number_text import count_text
from landmark_core.report_text import printable
from landmark_core.sidecars.outcome import Outcome, SidecarReport

MOST_DIFFS = 3  # of sidecars that are made, and of those that are changed or removed


def sidecars_to_json(report: SidecarReport, *, is_dry: bool) -> dict[str, Any]:
    """Return the report as plain JSON values."""
    values = dataclasses.asdict(report)
    values["reasons"] = [
        {"reason": reason, "sidecars": count, "examples": list(examples)}
        for reason, count, examples in report.reasons
    ]
    values["disagreeing"] = list(report.disagreeing)
    return {"dry_run": is_dry, **values}


def sidecars_to_text(report: SidecarReport, *, is_dry: bool) -> str:
    """Return the report as the lines that a person reads."""
    would = "would be " if is_dry else ""
    lines = [
        count_text(report.photos, "photo"),
        f"  {report.made:>9,}  {'sidecar' if report.made == 1 else 'sidecars'} {would}made",
        f"  {report.changed:>9,}  {would}changed",
        f"  {report.removed:>9,}  {would}removed",
        f"  {report.unchanged:>9,}  {'says' if report.unchanged == 1 else 'say'} it already",
        f"  {report.not_ours:>9,}  of others, with nothing of ours",
        f"  {report.left_alone:>9,}  left alone" + (":" if report.reasons else ""),
    ]
    for reason, count, examples in report.reasons:
        lines.append(f"  {count:>9,}  {reason}, for example {printable(examples[0])}")
    if report.disagreements:
        lines.append(
            f"{count_text(report.disagreements, 'sidecar')} about photos that show different "
            "landmarks, of which the surest is said, for example "
            f"{printable(report.disagreeing[0])}"
        )
    if report.beside_others:
        lines.append(
            f"{count_text(report.beside_others, 'sidecar')} beside one of the other naming (see "
            "--naming); programs may read only one of the two"
        )
    return "\n".join(lines)


class DiffChoice:
    """Owns the choice of the sidecars whose diffs are shown: the first of each kind."""

    def __init__(self, most: int | None = MOST_DIFFS) -> None:
        """Choose so many that are made, and so many that are changed or removed; null is all."""
        self._most = sys.maxsize if most is None else most
        self._made = self._others = 0

    def takes(self, outcome: Outcome) -> bool:
        """Count a sidecar; return whether its diff is one to be shown."""
        if outcome.fate == "made":
            self._made += 1
            return self._made <= self._most
        if outcome.fate in ("changed", "removed"):
            self._others += 1
            return self._others <= self._most
        return False

    def rest_to_text(self) -> str | None:
        """Say how many were not shown; null where all were."""
        made, others = self._made - self._most, self._others - self._most
        rests = [f"{made:,} more are made alike"] if made > 0 else []
        rests += [f"{others:,} more are changed or removed"] if others > 0 else []
        return f"and {', '.join(rests)}: --all-diffs shows all" if rests else None


def diff_lines(outcome: Outcome) -> Iterator[str]:
    """Yield what would change in a sidecar, as a unified diff without line ends."""
    if outcome.fate not in ("made", "changed", "removed"):
        return
    name = printable(outcome.place)
    old, new = (_lines(data) for data in (outcome.before, outcome.after))
    for line in difflib.unified_diff(
        old,
        new,
        fromfile="/dev/null" if outcome.before is None else name,
        tofile="/dev/null" if outcome.after is None else name,
        n=1,
        lineterm="",
    ):
        yield printable(line)


def _lines(data: bytes | None) -> list[str]:
    if data is None:
        return []
    return data.decode("utf-8", "replace").removesuffix("\n").split("\n")
