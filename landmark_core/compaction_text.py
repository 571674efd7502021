"""Turn what a compaction did into what people and machines read. Pure but for the record."""

import dataclasses
from typing import Any

from landmark_core.tables import CompactionReport

_WHY_LEFT = {
    "recent": "of runs that began lately",
    "unfinished": "of runs that are not finished",
    "large": "large already",
    "alone": "without another one to go with",
    "foreign": "not written by this project",
}


def compaction_to_json(report: CompactionReport) -> dict[str, Any]:
    """Return the report as plain JSON values."""
    return {**dataclasses.asdict(report), "left": dict(report.left)}


def compaction_to_text(report: CompactionReport, out: str, *, is_preview: bool = False) -> str:
    """Return the report as the lines that `landmarks compact` prints."""
    merged = sum(len(merge.replaced) for merge in report.merges)
    rows = sum(merge.rows for merge in report.merges)
    verb = "would be merged" if is_preview else "merged"
    lines = [
        f"{report.parts_before:,} parts in {out}",
        f"  {verb}: {merged:,} parts with {rows:,} rows into {len(report.merges):,}",
    ]
    lines += [f"  left: {count:,} {_WHY_LEFT[reason]}" for reason, count in report.left]
    if report.removed:
        lines += [f"  removed: {report.removed:,} files that were replaced"]
    if report.waiting:
        lines += [f"  {report.waiting:,} replaced files stay until the next compaction"]
    if report.forgotten:
        lines += [f"  removed: {report.forgotten:,} files of a compaction that was killed"]
    if not is_preview:
        lines += [f"{report.parts_after:,} parts now; OUT was held for {report.locked_s:.1f} s"]
    return "\n".join(lines)


def compaction_to_markdown(report: CompactionReport, out: str) -> str:
    """Return the report as a page for Prefect."""
    lines = [
        f"# {report.parts_before:,} parts are {report.parts_after:,} now",
        "",
        f"`{out}`, held for {report.locked_s:.1f} s",
    ]
    if report.merges:
        lines += ["", "| file | of parts | rows |", "|---|--:|--:|"]
        lines += [
            f"| {merge.merged} | {len(merge.replaced):,} | {merge.rows:,} |"
            for merge in report.merges
        ]
    left = [f"| {_WHY_LEFT[reason]} | {count:,} |" for reason, count in report.left]
    if left:
        lines += ["", "| left alone | parts |", "|---|--:|", *left]
    lines += [
        "",
        f"Replaced files removed: {report.removed:,}; still to be removed: {report.waiting:,}.",
    ]
    return "\n".join(lines)
