"""Tell what a finished run did: events for automations, artifacts and a page for people."""

from collections.abc import Collection, Sequence

from prefect import get_run_logger

from flows.alerts import emit_passed_limits, emit_run_finished
from flows.artifacts import publish_run
from landmark_core.addresses import without_secrets
from landmark_core.gallery import write_gallery
from landmark_core.nights import Limits, PassedLimit, compare, night_of, passed_limits
from landmark_core.nights_text import limit_to_text
from landmark_core.past_nights import read_past_nights
from landmark_core.report import RunSummary
from landmark_core.tables import Store


def publish_finished(
    summary: RunSummary, out: str, limits: Limits | None = None, *, leave_out: Collection[str] = ()
) -> Sequence[PassedLimit]:
    """Compare a run with the nights before it and tell everybody; call it within a flow run.

    Args:
        summary: of the run, whose run file is written.
        out: OUT as the user typed it.
        limits: what an ordinary run keeps to; null for the defaults.
        leave_out: run ids that were no nights: backfills.

    Returns:
        The limits that the run is beyond.
    """
    store = Store(out)
    out = without_secrets(out)  # what is told goes to Prefect's database
    past = read_past_nights(store, before=summary.run_id, leave_out=leave_out)
    comparison = compare(night_of(summary), past)
    passed = passed_limits(comparison, limits or Limits())
    for one in passed:
        get_run_logger().warning("limit passed: %s", limit_to_text(one, comparison.tonight))
    emit_run_finished(comparison, passed, out)
    emit_passed_limits(comparison, passed, out)
    publish_run(summary, past, comparison, passed, write_gallery(store, summary), out)
    return passed
