"""The names in OUT, both ways. Pure.

tags/run=<run_id>/part-<shard>.parquet    run_id is compact-<...> where parts were merged
heatmaps/run=<run_id>/<photo_id>.jpg
reviews/part-<ulid>.parquet
runs/<run_id>.plan.parquet
runs/<run_id>.json                        the run file: the run is finished
runs/<run_id>.backfill.json               a plan that outlives processes, up to the run file
"""

import re
from collections.abc import Iterable

COMPACTED = "compact-"  # begins the id under which merged parts lie

_PART = re.compile(r"tags/run=([^/]+)/part-(\d+)\.parquet")
_RUN_FILE = re.compile(r"runs/([^/.]+)\.json")
_PLAN = re.compile(r"runs/([^/]+)\.plan\.parquet")
_BACKFILL = re.compile(r"runs/([^/.]+)\.backfill\.json")


def part_name(run_id: str, shard_number: int) -> str:
    """Return the name of a shard's part."""
    return f"tags/run={run_id}/part-{shard_number:06d}.parquet"


def heatmap_path(run_id: str, photo_id: str) -> str:
    """Return the name of a photo's overlay."""
    return f"heatmaps/run={run_id}/{photo_id}.jpg"


def reviews_path(part_id: str) -> str:
    """Return the name of a part of people's decisions."""
    return f"reviews/part-{part_id}.parquet"


def run_of_part(name: str) -> str | None:
    """Return the run id that a part's name carries; null for a file that we did not write."""
    found = _PART.fullmatch(name)
    return found[1] if found else None


def shard_of_part(name: str) -> int:
    """Return the number of the shard that a part's name carries.

    Raises:
        ValueError: if it is not the name of a part.
    """
    found = _PART.fullmatch(name)
    if not found:
        raise ValueError(f"expected the name of a part, got {name!r}")
    return int(found[2])


def finished_runs(names: Iterable[str]) -> list[str]:
    """Return the run ids that have a run file, in the order of names."""
    return [found[1] for name in names if (found := _RUN_FILE.fullmatch(name))]


def planned_runs(names: Iterable[str]) -> list[str]:
    """Return the run ids that have a plan, finished or not, in the order of names."""
    return [found[1] for name in names if (found := _PLAN.fullmatch(name))]


def planned_backfills(names: Iterable[str]) -> list[str]:
    """Return the backfills that have a record, finished or not, in the order of names."""
    return [found[1] for name in names if (found := _BACKFILL.fullmatch(name))]


def open_backfills(names: Iterable[str]) -> list[str]:
    """Return the backfills whose shards may be worked on now, without any lock.

    Args:
        names: all of those below `runs`.
    """
    names = list(names)
    finished = set(finished_runs(names))
    return [run_id for run_id in planned_backfills(names) if run_id not in finished]


def in_time(name: str) -> str:
    """Return what sorts parts by time: merged ones have the time of their compaction."""
    return name.replace(f"/run={COMPACTED}", "/run=", 1)
