"""Turn the state of a library into what people and machines read.

Pure but for the records that it reads. Names of photos come from outside and are shown escaped.
"""

import dataclasses
from typing import Any

from landmark_core.report_text import printable
from landmark_core.tables import LibraryStatus, RunSeen

RUNS_SHOWN = 5


def status_to_json(status: LibraryStatus) -> dict[str, Any]:
    """Return the state as plain JSON values; times are ISO 8601 in UTC."""
    values = dataclasses.asdict(status)
    values["tags"] = dict(status.tags)
    for model in values["models"]:
        for moment in ("first_tagged_at", "last_tagged_at"):
            model[moment] = model[moment].isoformat()
    return values


def status_to_text(status: LibraryStatus, out: str) -> str:
    """Return the state as the lines that `landmarks status` prints."""
    unreadable = sum(kind.photos for kind in status.failures)
    lines = [
        f"{status.photos:,} photos in {out}",
        f"  tagged       {status.tagged:>9,}",
        f"  review       {status.review:>9,}  waiting for a person; {status.reviewed:,} settled",
        f"  no landmark  {status.no_landmark:>9,}",
        f"  unreadable   {unreadable:>9,}",
        *_people(status),
    ]
    if status.tags:
        lines += ["Most seen:"]
        lines += [f"  {count:>9,}  {printable(tag)}" for tag, count in status.tags]
    if status.failures:
        lines += ["Unreadable:"]
        lines += [
            f"  {kind.photos:>9,}  {kind.status}, for example "
            f"{printable(kind.uri)}: {printable(kind.error)}"
            for kind in status.failures
        ]
    lines += ["Models:"]
    lines += [
        f"  {model.rows:>9,}  rows by {model.model_id}, "
        f"{model.first_tagged_at:%Y-%m-%d %H:%M} to {model.last_tagged_at:%Y-%m-%d %H:%M} UTC"
        for model in status.models
    ]
    lines += [_runs_title(status)]
    lines += [f"  {run.run_id}  {_run(run)}" for run in status.runs[-RUNS_SHOWN:]]
    return "\n".join(lines)


def _people(status: LibraryStatus) -> list[str]:
    """Say who decided, and what is left between people."""
    if not (status.reviewers or status.skipped):
        return []
    named = ", ".join(f"{printable(name)} {photos:,}" for name, photos in status.reviewers)
    between = f"skipped {status.skipped:,}, disagreements {status.disagreements:,}"
    return [f"Settled by people: {named or 'none'}; {between}"]


def _run(run: RunSeen) -> str:
    state = "backfill, open" if run.state == "open" else run.state
    merged = f", {run.merged:,} of them merged" if run.merged else ""
    return f"{state}, {run.parts:,} parts{merged}"


def _runs_title(status: LibraryStatus) -> str:
    total = len(status.runs)
    return f"Runs (the last {RUNS_SHOWN} of {total:,}):" if total > RUNS_SHOWN else "Runs:"
