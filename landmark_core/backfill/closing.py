"""End a backfill: add up what its parts report and write its run file, the commit marker.

From then on its parts count like those of any run, its photos are no longer set aside, and an
executor that comes late writes nothing.
"""

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from landmark_core import __version__
from landmark_core.backfill.executing import remaining_shards
from landmark_core.errors import ConfigError, RunError
from landmark_core.records import Shard
from landmark_core.report import (
    ModelIdentity,
    PlanSummary,
    RunSummary,
    ShardReport,
    add_confidences,
    add_counts,
    add_failures,
    add_stages,
    add_tags,
)
from landmark_core.report_text import to_json
from landmark_core.tables import (
    BackfillRecord,
    Store,
    find_report,
    read_backfill,
    read_shards,
)

_AT_ONCE = 8  # parts whose metadata is read side by side; hides the latency of a bucket


def close_backfill(out: str, run_id: str, *, now: datetime) -> RunSummary:
    """Write the run file of a backfill whose shards are all done.

    Raises:
        ConfigError: if there is no such backfill.
        RunError: if a shard is missing, or OUT fails.
    """
    store = Store(out)
    missing = remaining_shards(store, run_id)
    if missing:
        raise RunError(
            f"{len(missing)} shards of backfill {run_id} are missing (the first is "
            f"{missing[0].number}); run it again, or end it: "
            f"landmarks backfill cancel {out} {run_id}"
        )
    return _end(store, run_id, now)


def cancel_backfill(out: str, run_id: str, *, now: datetime) -> RunSummary:
    """Write the run file though shards are missing: what is done stays, the rest is free.

    The photos of the missing shards are ordinary missing work for the next run.

    Raises:
        ConfigError: if there is no such backfill, or it has ended.
        RunError: if OUT fails.
    """
    return _end(Store(out), run_id, now)


def _end(store: Store, run_id: str, now: datetime) -> RunSummary:
    record = read_backfill(store, run_id)
    if store.is_finished(run_id):
        raise RunError(f"backfill {run_id} has ended already")
    reports = _read_reports(store, read_shards(store, run_id))
    try:
        summary = _add_up(record, reports, now)
    except (KeyError, TypeError) as error:
        raise ConfigError(
            f"the record of backfill {run_id} is not as it was written "
            f"({type(error).__name__}: {error}); restore it"
        ) from error
    store.write_run(run_id, {**to_json(summary), "shards_missing": record.shards - len(reports)})
    return summary


def _read_reports(store: Store, shards: Sequence[Shard]) -> list[ShardReport]:
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="reports") as pool:
        found = pool.map(lambda shard: find_report(store, shard), shards)
        return [report for report in found if report is not None]


def _add_up(record: BackfillRecord, reports: Sequence[ShardReport], now: datetime) -> RunSummary:
    tuples = {
        "class_names": tuple(record.model["class_names"]),
        "notes": tuple(record.model["notes"]),
    }
    known = {field.name for field in dataclasses.fields(PlanSummary)}
    return RunSummary(
        run_id=record.run_id,
        version=__version__,
        started_at=record.created_at,
        finished_at=now,
        settings=dict(record.settings),
        plan=PlanSummary(**{name: value for name, value in record.plan.items() if name in known}),
        model=ModelIdentity(**{**record.model, **tuples}),
        counts=add_counts(report.counts for report in reports),
        tags=add_tags(reports),
        failures=add_failures(reports),
        stages=add_stages(report.stages for report in reports),
        start_seconds=0.0,
        confidences=add_confidences(report.confidences for report in reports),
    )
