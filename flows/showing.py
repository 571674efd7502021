"""What a finished run leaves on Prefect's page and tells automations: one call at its end.

The rows are safe by then: nothing here changes what was tagged.
"""

from collections.abc import Sequence

from prefect.artifacts import create_table_artifact

from flows import alerts, artifacts
from landmark_core.backfill import ShardFailure
from landmark_core.gallery import write_gallery
from landmark_core.nights import (
    NIGHTS,
    Limits,
    Night,
    compare,
    night_of,
    passed_limits,
    read_night,
)
from landmark_core.report import RunSummary
from landmark_core.tables import Store, list_backfills

_LOOKED_AT = 3 * NIGHTS  # run files; runs without photos are no nights


def show_run(summary: RunSummary, out: str, limits: Limits | None = None) -> None:
    """Publish the artifacts of a run and the events that automations wait for.

    Args:
        summary: of the run, whose run file is written.
        out: OUT as the user typed it.
        limits: beyond which people are told; null tells them of none.
    """
    store = Store(out)
    past = past_nights(store, summary.run_id)
    comparison = compare(night_of(summary), past)
    passed = passed_limits(comparison, limits) if limits else ()
    gallery = write_gallery(store, summary)
    artifacts.publish_run(summary, past, comparison, passed, gallery, out)
    alerts.emit_run_finished(comparison, passed, out)
    alerts.emit_passed_limits(comparison, passed, out)


def past_nights(store: Store, run_id: str) -> list[Night]:
    """Return the nights before a run, oldest first: finished runs with photos, no backfills."""
    others = set(list_backfills(store))
    names = [name for name in store.list_finished() if name < run_id and name not in others]
    nights = [read_night(store.read_run(name).summary) for name in names[-_LOOKED_AT:]]
    return [night for night in nights if night.photos][-NIGHTS:]


def show_failed_shards(failures: Sequence[ShardFailure]) -> None:
    """List the shards that could not be done, each with its reason."""
    create_table_artifact(
        key="failed-shards",
        table=[{"shard": failure.shard, "why": failure.reason} for failure in failures],
        description=f"{len(failures)} shards failed; a further run does them",
    )
