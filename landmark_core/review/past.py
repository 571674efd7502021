"""What people decided so far, as the summary takes it."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime

from landmark_core.errors import ConfigError
from landmark_core.review.decisions import DecisionLog
from landmark_core.review.summary import Judged, ReviewSummary, summarise
from landmark_core.tables import Store, status_counts


def judged(log: DecisionLog) -> Iterator[Judged]:
    """Yield the standing decision of each photo and version."""
    for _, opinion in log.settled():
        yield Judged(
            model_tag=opinion.model_tag,
            model_confidence=opinion.model_confidence,
            model_decision=opinion.model_decision,
            verdict=opinion.verdict,
            tag=opinion.tag,
            by_audit=opinion.shown_by == "audit",
        )


def summarise_out(store: Store) -> ReviewSummary:
    """Sum up the decisions on an OUT.

    Raises:
        ConfigError: if a table is broken or foreign, or nothing was tagged.
        RunError: if scratch room runs out.
    """
    if not store.list_parts():
        raise ConfigError(f"nothing was tagged in {store.out}; give the --out of a run")
    # Only reads: no row is made, so neither clock nor chance matters.
    log = DecisionLog(store, clock=lambda: datetime.now(UTC), rng=random.Random(0))  # noqa: S311
    log.load()
    status = status_counts(store)
    machine = status.tagged + status.no_landmark - status.reviewed
    return summarise(judged(log), audit_pool=machine)
