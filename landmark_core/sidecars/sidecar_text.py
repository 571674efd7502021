"""What became of a library's sidecars, for people and machines. Pure."""

import dataclasses
import difflib
from collections.abc import Iterator
from typing import Any

from landmark_core.report_text import printable
from landmark_core.sidecars.outcome import Outcome, SidecarReport


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
        f"{report.photos:,} photos",
        f"  {report.made:>9,}  sidecars {would}made",
        f"  {report.changed:>9,}  {would}changed",
        f"  {report.removed:>9,}  {would}removed",
        f"  {report.unchanged:>9,}  say it already",
        f"  {report.left_alone:>9,}  left alone" + (":" if report.reasons else ""),
    ]
    for reason, count, examples in report.reasons:
        lines.append(f"  {count:>9,}  {reason}, for example {printable(examples[0])}")
    if report.disagreements:
        lines.append(
            f"{report.disagreements:,} sidecars are about photos that show different landmarks and "
            f"say the surest, for example {printable(report.disagreeing[0])}"
        )
    if report.beside_others:
        lines.append(
            f"{report.beside_others:,} lie beside a sidecar of the other naming (see --naming); "
            "programs may read only one of the two"
        )
    return "\n".join(lines)


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
