"""Remove what killed runs left behind: unfinished files, and heatmaps that no row names.

Only while OUT is held: no other run writes there then. Two kinds of writers hold nothing, and
theirs is left alone: people's reviews, and the executors of open backfills.
"""

from pathlib import PurePosixPath

import pyarrow as pa

from landmark_core.tables.names import finished_runs, open_backfills
from landmark_core.tables.parts import read_parts
from landmark_core.tables.place import Place
from landmark_core.tables.schema import TAGS_SCHEMA

_HEATMAP_COLUMN = pa.schema([TAGS_SCHEMA.field("heatmap")])


def sweep_place(place: Place) -> int:
    """Remove the leftovers of dead runs.

    Heatmaps stay where a part names them: a shard that was killed between its heatmaps and its
    part is done again under another run. A finished run has none that are orphans; but where it
    was a backfill, an executor may have died over a part that another one wrote.

    Returns:
        How many files were removed.

    Raises:
        ConfigError: if a part of an unfinished run is broken.
        RunError: if a file cannot be removed.
    """
    runs = place.list_names("runs")
    alive = set(open_backfills(runs))
    # Heatmaps of finished runs are passed over unopened: an old library holds millions of them.
    passed = alive | set(finished_runs(runs))
    leftovers = [name for name in place.list_temporary("runs") if _run_of(name) not in alive]
    for run_id in _runs_in(place, "tags", alive):
        leftovers += place.list_temporary(f"tags/run={run_id}")
    for run_id in _runs_in(place, "heatmaps", passed):
        leftovers += place.list_temporary(f"heatmaps/run={run_id}")
        leftovers += _orphans(place, run_id)
    for name in leftovers:
        place.remove(name)
    return len(leftovers)


def _runs_in(place: Place, folder: str, passed: set[str]) -> list[str]:
    """Return the runs that have a folder in a place of OUT, but for those that are passed over."""
    runs = (PurePosixPath(run).name for run in place.list_folders(folder))
    ids = (run.removeprefix("run=") for run in runs if run.startswith("run="))
    return [run_id for run_id in ids if run_id not in passed]


def _run_of(temporary: str) -> str:
    """Return the run whose plan, record or run file an unfinished file would have become."""
    return PurePosixPath(temporary).name.removeprefix(".").partition(".")[0]


def _orphans(place: Place, run_id: str) -> list[str]:
    """Return the heatmaps of a run that none of its rows names."""
    heatmaps = set(place.list_names(f"heatmaps/run={run_id}"))
    parts = [name for name in place.list_names(f"tags/run={run_id}") if name.endswith(".parquet")]
    for rows in read_parts(place, parts, _HEATMAP_COLUMN):
        heatmaps.difference_update(rows["heatmap"].to_pylist())
    return sorted(heatmaps)
