"""Turn a run's summary into what people and machines read: text, Markdown, JSON.

Pure. Names of photos come from outside: control and direction characters are shown escaped.
"""

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

from landmark_core.number_text import count_text, percent_text
from landmark_core.report import FAILURES, PlanSummary, RunSummary, ShardReport
from landmark_core.report_time import time_lines

TOP_TAGS = 10
_MARKUP = re.compile(r"[\\`*_\[\]<>!|~#&$]")
DECISIONS = ("tagged", "review", "no_landmark")


def printable(text: str) -> str:
    """Return the text with every unprintable character as its escape, on one line."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def to_json(summary: RunSummary) -> dict[str, Any]:
    """Return the summary as plain JSON values; times are ISO 8601 in UTC."""
    values = dataclasses.asdict(summary)
    values["format_version"] = 1
    values["started_at"] = summary.started_at.isoformat()
    values["finished_at"] = summary.finished_at.isoformat()
    values["seconds"] = round(summary.seconds, 3)
    values["photos_per_second"] = round(_rate(summary), 2)
    values["tags"] = dict(summary.tags)
    return values


def shard_line(run_id: str, report: ShardReport) -> str:
    """Return what a shard did as one line of JSON in ASCII, for the log and its collectors."""
    counts = dataclasses.asdict(report.counts)
    rate = report.counts.photos / report.seconds if report.seconds > 0 else 0.0
    stages = dataclasses.asdict(report.stages)
    return json.dumps(
        {
            "event": "shard",
            "run_id": run_id,
            "shard": report.shard,
            "photos": counts["photos"],
            "status": {name: counts[name] for name in ("ok", *FAILURES)},
            "decision": {name: counts[name] for name in DECISIONS},
            "heatmaps": counts["heatmaps"],
            "seconds": round(report.seconds, 3),
            "photos_per_second": round(rate, 2),
            "stages": {name: round(seconds, 3) for name, seconds in stages.items()},
        }
    )


def to_text(summary: RunSummary, out: str) -> str:
    """Return the closing summary that a person reads."""
    plan, counts = summary.plan, summary.counts
    lines = [
        f"{count_text(counts.photos, 'photo')} done in {duration(summary.seconds)}"
        + (f" ({_rate(summary):.1f} photos/s)" if counts.photos else ""),
        *_done_before("already done before", plan, summary.settings),
        *_aside("left to an open backfill", plan.claimed),
        *_aside("unreadable before (--retry-failed tries them again)", plan.failed_before),
        *_aside("other files, left alone", plan.not_photos),
        *_aside("older than --since, left alone", plan.older),
        *_aside("named more than once in the list, done once", plan.duplicates),
        *_aside("symbolic links not followed (--follow-links)", plan.links_not_followed),
        *_aside("folders that could not be opened", plan.unreadable_folders),
    ]
    if counts.photos:
        lines += [
            f"  tagged       {counts.tagged:>8,}  {_share(counts.tagged, counts.photos)}",
            f"  review       {counts.review:>8,}  {_share(counts.review, counts.photos)}",
            f"  no landmark  {counts.no_landmark:>8,}  {_share(counts.no_landmark, counts.photos)}",
            f"  unreadable   {counts.failed:>8,}  {_share(counts.failed, counts.photos)}",
        ]
    if summary.tags:
        shown = ", ".join(f"{tag} {count:,}" for tag, count in summary.tags[:TOP_TAGS])
        lines.append(f"Most seen: {shown}")
    lines += _failure_lines(summary)
    lines += time_lines(summary)
    lines += [f"Note: {note}" for note in summary.model.notes]
    lines.append(f"Tags: {out}/tags   run {summary.run_id}")
    if counts.heatmaps:
        lines.append(f"Heatmaps of photos to review: {out}/heatmaps/run={summary.run_id}")
    return "\n".join(lines)


def plan_to_text(plan: PlanSummary, out: str, settings: Mapping[str, Any]) -> str:
    """Return what --dry-run says of a plan.

    Args:
        plan: of the run that would be.
        out: where it would write.
        settings: that it was given.
    """
    to_do = count_text(plan.to_do, "photo")
    lines = [
        f"{to_do} to do of {plan.listed:,} found; nothing was written to {out}",
        *_done_before("already done", plan, settings),
        *_aside("unreadable before, tried again", plan.retried),
        *_aside("left to an open backfill", plan.claimed),
        *_aside("unreadable before (--retry-failed tries them again)", plan.failed_before),
        *_aside("other files, left alone", plan.not_photos),
        *_aside("older than --since, left alone", plan.older),
        *_aside("left out by --include and --exclude", plan.excluded),
        *_aside("symbolic links not followed (--follow-links)", plan.links_not_followed),
        *_aside("folders that could not be opened", plan.unreadable_folders),
    ]
    return "\n".join(lines)


def to_markdown(summary: RunSummary, out: str) -> str:
    """Return the run as a Markdown artifact: counts, tags, failures, where the heatmaps are."""
    counts = summary.counts
    rows = [(name, getattr(counts, name)) for name in DECISIONS]
    rows += [(kind, getattr(counts, kind)) for kind in FAILURES if getattr(counts, kind)]
    source = markdown_cell(str(summary.settings["source"]))
    lines = [
        f"# {count_text(counts.photos, 'photo')} from {source}",
        _markdown_head(summary),
        "",
        "| result | photos | share |",
        "|---|---:|---:|",
        *(f"| {name} | {number:,} | {_share(number, counts.photos)} |" for name, number in rows),
        "",
        "| tag | photos |",
        "|---|---:|",
        *(f"| {markdown_cell(tag)} | {count:,} |" for tag, count in summary.tags[:TOP_TAGS]),
    ]
    if summary.failures:
        lines += ["", "| failure | photo | why |", "|---|---|---|"]
        lines += [
            f"| {failure.status} | {markdown_cell(failure.uri)} | {markdown_cell(failure.error)} |"
            for failure in summary.failures
        ]
    lines += ["", f"Heatmaps to review: `{out}/heatmaps/run={summary.run_id}`"]
    return "\n".join(lines)


def _markdown_head(summary: RunSummary) -> str:
    model = summary.model
    return (
        f"{_rate(summary):.1f} photos/s, {duration(summary.seconds)}; "
        f"{summary.plan.already_done:,} already done; model {markdown_cell(model.name)} "
        f"({model.model_id}) on {model.device}, {model.precision}"
    )


def _failure_lines(summary: RunSummary) -> list[str]:
    lines = []
    for kind in FAILURES:
        if number := getattr(summary.counts, kind):
            example = next(item for item in summary.failures if item.status == kind)
            shown = f"{printable(example.uri)}: {printable(example.error)}"
            lines.append(f"{kind}: {number:,}, for example {shown}")
    return lines


def _aside(what: str, number: int) -> list[str]:
    return [f"  {what}: {number:,}"] if number else []


def _done_before(what: str, plan: PlanSummary, settings: Mapping[str, Any]) -> list[str]:
    """Count the photos that were done; who asks for other decisions is told that theirs stay."""
    lines = _aside(what, plan.already_done)
    if lines and settings.get("review_below") is not None:
        lines[0] += (
            " (decided with the settings of their run, not by this --review-below; another --out "
            "or another --model decides anew)"
        )
    return lines


def _share(part: int, whole: int) -> str:
    return f"{percent_text(part / whole, 1):>7}" if whole else ""


def _rate(summary: RunSummary) -> float:
    return summary.counts.photos / summary.seconds if summary.seconds > 0 else 0.0


def duration(seconds: float) -> str:
    """Return a length of time as a person says it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def markdown_cell(text: str) -> str:
    """Return a name from outside for a Markdown table: no cell, picture or markup comes of it."""
    return _MARKUP.sub(r"\\\g<0>", printable(text))
