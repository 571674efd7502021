"""Rehearse two nights on this machine: server, pool, worker, schedule file, a death, a recovery.

    python scripts/rehearse_nights.py FOLDER

Draws a library, deploys from deployments/prefect.yaml, triggers nightly-tagging, adds photos,
triggers it again, kills the worker with its run in the middle, starts another worker, and ends
with one row for each photo. Says what happened as it goes; exit code 1 where it did not end so.
The killed run holds the deployment's only slot until somebody notices that it is dead: the shipped
automation does, about two minutes later.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pandas
from draw_library import draw_scene
from prefect_stand import Stand, kill_tree, wait_until

DEPLOYMENT = "nightly-tagging/nightly-tagging"


@dataclass(frozen=True)
class Rehearsal:
    """What came of it."""

    rows: int
    photos: int
    run_states: tuple[str, ...]  # of every flow run, oldest first
    seconds_to_notice: float  # from the kill to the mark on the dead run


def draw_photos(folder: Path, first: int, count: int) -> None:
    """Add photos to a library, each another picture."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        draw_scene(number, (320, 240)).save(folder / f"{number:06d}.jpg")


def rehearse(
    folder: Path, *, first: int = 40, second: int = 400, database: str | None = None
) -> Rehearsal:
    """Play it through and return what came of it.

    Args:
        folder: for everything that is made; empty or absent.
        first: photos of the first night.
        second: photos that are new on the second.
        database: URL for the server's database; null for SQLite.
    """
    photos, out = folder / "photos", folder / "out"
    draw_photos(photos, 0, first)
    params = {"source": str(photos), "out": str(out), "workers": 0, "shard_size": 8}
    with Stand(folder / "stand", database=database) as stand:
        places = {"LANDMARK_SOURCE": str(photos), "LANDMARK_OUT": str(out)}
        stand.deploy(**places, LANDMARK_HOME=str(folder), LANDMARK_TIME_ZONE="Europe/Berlin")
        install = (sys.executable, "-m", "flows.automations", "install")
        subprocess.run(install, env=stand.environment, check=True, capture_output=True)
        worker = stand.start_worker("worker-1")
        one = stand.wait(stand.trigger(DEPLOYMENT, params), 240)
        say(f"first night: {one.name}, {count_rows(out)} rows of {first} photos")

        draw_photos(photos, first, second)
        dead = stand.trigger(DEPLOYMENT, params)
        wait_until(lambda: count_rows(out) > first, 240, "the second night's first rows")
        kill_tree(worker)  # and the flow that it started
        killed_at = time.monotonic()
        say(f"killed the worker with its run: {count_rows(out)} rows, {stand.state(dead).name}")
        stand.start_worker("worker-2")
        noticed = stand.wait(dead, 300)
        seconds = time.monotonic() - killed_at
        say(f"the dead run is {noticed.name} after {seconds:.0f} s: {noticed.message}")
        last = wait_until(lambda: run_once_more(stand, params), 600, "a run to get the free slot")
        say(f"the run after it: {last.name}, {count_rows(out)} rows of {first + second} photos")
        with stand.client() as client:
            states = tuple(run.state_name or "" for run in client.read_flow_runs())
    return Rehearsal(count_rows(out), first + second, states, seconds)


def run_once_more(stand: Stand, params: dict[str, object]) -> object | None:
    """Trigger it; null where it was cancelled because the dead run still had the slot."""
    state = stand.wait(stand.trigger(DEPLOYMENT, params), 300)
    return None if state.is_cancelled() else state


def count_rows(out: Path) -> int:
    """Return how many rows there are, each photo once.

    Raises:
        ValueError: if a photo has two.
    """
    if not list(out.glob("tags/*/*.parquet")):
        return 0
    ids = pandas.read_parquet(out / "tags").photo_id
    if not ids.is_unique:
        raise ValueError(f"{len(ids) - ids.nunique()} photos have two rows")
    return len(ids)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def main() -> int:
    """Rehearse in a folder that is named, and say whether it went well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="for everything that is made; kept")
    parser.add_argument("--first", type=int, default=40, help="photos of the first night")
    parser.add_argument("--second", type=int, default=400, help="new photos of the second")
    parser.add_argument("--database", help="URL for the server, such as postgresql+asyncpg://...")
    arguments = parser.parse_args()
    came = rehearse(
        arguments.folder,
        first=arguments.first,
        second=arguments.second,
        database=arguments.database,
    )
    say(f"{came.rows} rows of {came.photos} photos; flow runs: {', '.join(came.run_states)}")
    return 0 if came.rows == came.photos and "Running" not in came.run_states else 1


if __name__ == "__main__":
    sys.exit(main())
