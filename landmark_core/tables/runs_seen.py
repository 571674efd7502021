"""The runs that left something in OUT, told apart: finished, going on, or killed."""

from collections import Counter

from landmark_core.tables.library_status import RunSeen, RunState
from landmark_core.tables.merges import merged_parts
from landmark_core.tables.names import (
    COMPACTED,
    finished_runs,
    open_backfills,
    planned_runs,
    run_of_part,
)
from landmark_core.tables.store import Store


def list_runs(store: Store) -> tuple[RunSeen, ...]:
    """Return the runs, oldest first.

    One without its run file was killed, or is the one going on now.
    """
    names = store.place.list_names("runs")
    merged = merged_parts(store.place)
    parts = Counter(dict.fromkeys((*planned_runs(names), *finished_runs(names)), 0))
    parts.update(run for part in store.list_parts() if (run := run_of_part(part)))
    parts.update(merged)
    finished, backfills = set(finished_runs(names)), set(open_backfills(names))
    runs = sorted(run_id for run_id in parts if not run_id.startswith(COMPACTED))
    unfinished = [run_id for run_id in runs if run_id not in finished | backfills]
    running = unfinished[-1:] if store.holder() else []

    def state(run_id: str) -> RunState:
        if run_id in finished:
            return "finished"
        if run_id in backfills:
            return "open"
        return "running" if run_id in running else "interrupted"

    return tuple(
        RunSeen(run_id=run, state=state(run), parts=parts[run], merged=merged[run]) for run in runs
    )
