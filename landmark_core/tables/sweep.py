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
    leftovers = [
        name for place in ("tags", "heatmaps", "runs") for name in folder.list_temporary(place)
    ]
    for run in folder.list_folders("heatmaps"):
        run_id = PurePosixPath(run).name.removeprefix("run=")
        if not folder.exists(f"runs/{run_id}.json"):
            leftovers += _orphans(folder, run_id)
    for name in leftovers:
        folder.remove(name)
    return len(leftovers)


def _orphans(folder: Folder, run_id: str) -> list[str]:
    """Return the heatmaps of a run that none of its rows names."""
    heatmaps = set(folder.list_names(f"heatmaps/run={run_id}"))
    parts = [name for name in folder.list_names(f"tags/run={run_id}") if name.endswith(".parquet")]
    for rows in read_parts(folder, parts, _HEATMAP_COLUMN):
        heatmaps.difference_update(rows["heatmap"].to_pylist())
    return sorted(heatmaps)
