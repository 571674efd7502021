"""Remove what killed runs left behind: unfinished files, and heatmaps that no row names.

Only for folders, and only while their lock is held: nothing else writes there then. Reviews are
left alone, since a person may be deciding while a run goes on.
"""

from pathlib import PurePosixPath

import pyarrow as pa

from landmark_core.tables.folder import Folder
from landmark_core.tables.parts import read_parts
from landmark_core.tables.schema import TAGS_SCHEMA

_HEATMAP_COLUMN = pa.schema([TAGS_SCHEMA.field("heatmap")])


def sweep_folder(folder: Folder) -> int:
    """Remove the leftovers of dead runs.

    A finished run has none. Of the others, heatmaps stay where a part names them: a shard that
    was killed between its heatmaps and its part is done again under another run.

    Returns:
        How many files were removed.

    Raises:
        ConfigError: if a part of an unfinished run is broken.
        RunError: if a file cannot be removed.
    """
    leftovers = folder.list_temporary("runs")
    # Finished runs are passed over unopened: an old library holds millions of their heatmaps.
    for run_id in _unfinished(folder, "tags"):
        leftovers += folder.list_temporary(f"tags/run={run_id}")
    for run_id in _unfinished(folder, "heatmaps"):
        leftovers += folder.list_temporary(f"heatmaps/run={run_id}")
        leftovers += _orphans(folder, run_id)
    for name in leftovers:
        folder.remove(name)
    return len(leftovers)


def _unfinished(folder: Folder, place: str) -> list[str]:
    """Return the runs that have a folder in a place of OUT and no run file."""
    runs = (PurePosixPath(run).name for run in folder.list_folders(place))
    ids = (run.removeprefix("run=") for run in runs if run.startswith("run="))
    return [run_id for run_id in ids if not folder.exists(f"runs/{run_id}.json")]


def _orphans(folder: Folder, run_id: str) -> list[str]:
    """Return the heatmaps of a run that none of its rows names."""
    heatmaps = set(folder.list_names(f"heatmaps/run={run_id}"))
    parts = [name for name in folder.list_names(f"tags/run={run_id}") if name.endswith(".parquet")]
    for rows in read_parts(folder, parts, _HEATMAP_COLUMN):
        heatmaps.difference_update(rows["heatmap"].to_pylist())
    return sorted(heatmaps)
