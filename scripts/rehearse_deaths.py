"""Rehearse every death that a nightly run can die, side by side on one server.

    python scripts/rehearse_deaths.py FOLDER

Each death has a library, a deployment, a work queue and a worker of its own. The run is killed in
the middle, another worker is started, the shipped automation marks what stays Running, and the next
run has to do what is missing: one row for each photo, and no run left Running.
"""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import yaml
from prefect_stand import POOL, PREFECT_FILE, Stand, end_one, kill_tree, wait_until
from rehearse_nights import count_rows, draw_photos, say

PHOTOS = 120


def _kill_flow(worker: "subprocess.Popen[bytes]") -> None:
    """SIGKILL what runs the flow; the worker lives."""
    for child in psutil.Process(worker.pid).children(recursive=True):
        child.kill()


DEATHS: dict[str, Callable[["subprocess.Popen[bytes]"], None]] = {
    "sigterm-to-the-worker": lambda worker: end_one(worker, signal.SIGTERM),
    "sigkill-to-the-flow": _kill_flow,
    "sigkill-to-worker-and-flow": kill_tree,
    "sigkill-to-the-worker": lambda worker: end_one(worker, signal.SIGKILL),
}


@dataclass(frozen=True)
class Death:
    """How one of them went."""

    name: str
    rows_at_death: int
    state: str  # that the dead run ended in
    seconds: float  # from the death to that state
    last: str  # state of the run after it
    rows: int
    photos: int


def write_deployments(file: Path) -> None:
    """Make a deployment of nightly-tagging for each death, each with its own work queue."""
    content = yaml.safe_load(PREFECT_FILE.read_text(encoding="utf-8"))
    (nightly,) = (one for one in content["deployments"] if one["name"] == "nightly-tagging")
    pools = {name: {"name": POOL, "work_queue_name": name} for name in DEATHS}
    content["deployments"] = [
        {**nightly, "name": name, "work_pool": pool, "schedules": []}
        for name, pool in pools.items()
    ]
    file.write_text(yaml.safe_dump(content), encoding="utf-8")


def rehearse(folder: Path, *, database: str | None = None) -> list[Death]:
    """Play all deaths and return how each went.

    Args:
        folder: for everything that is made; empty or absent.
        database: URL for the server's database; null for SQLite.
    """
    with Stand(folder / "stand", database=database, OMP_NUM_THREADS="1") as stand:
        file = folder / "deaths.yaml"
        write_deployments(file)
        places = {"LANDMARK_SOURCE": "set-per-run", "LANDMARK_OUT": "set-per-run"}
        stand.deploy(file, **places, LANDMARK_HOME=str(folder), LANDMARK_TIME_ZONE="UTC")
        install = (sys.executable, "-m", "flows.automations", "install")
        subprocess.run(install, env=stand.environment, check=True, capture_output=True)
        parameters = {name: _parameters(folder / name) for name in DEATHS}
        died = {name: _die(stand, name, parameters[name]) for name in DEATHS}
        return [_recover(stand, name, parameters[name], *died[name]) for name in DEATHS]


def _parameters(folder: Path) -> dict[str, Any]:
    draw_photos(folder / "photos", 0, PHOTOS)
    places = {"source": str(folder / "photos"), "out": str(folder / "out")}
    return {**places, "workers": 0, "shard_size": 5, "wait_minutes": 2}


def _die(stand: Stand, name: str, parameters: dict[str, Any]) -> tuple[UUID, int, float]:
    """Run until there are rows, then kill; return the run, its rows and when it died."""
    out = Path(parameters["out"])
    worker = stand.start_worker(f"{name}-1", "--work-queue", name)
    run = stand.trigger(f"nightly-tagging/{name}", parameters)
    rows = wait_until(lambda: count_rows(out), 240, f"rows before {name}")
    DEATHS[name](worker)
    say(f"{name}: at {rows} rows")
    return run, rows, time.monotonic()


def _recover(
    stand: Stand, name: str, parameters: dict[str, Any], run: UUID, rows: int, died_at: float
) -> Death:
    """Start another worker, see the dead run marked, and run again."""
    stand.start_worker(f"{name}-2", "--work-queue", name)
    state = stand.wait(run, 400)
    seconds = time.monotonic() - died_at
    last = wait_until(lambda: _run_again(stand, name, parameters), 500, f"a slot after {name}")
    death = Death(
        name=name,
        rows_at_death=rows,
        state=state.name,
        seconds=seconds,
        last=last.name,
        rows=count_rows(Path(parameters["out"])),
        photos=PHOTOS,
    )
    say(str(death))
    return death


def _run_again(stand: Stand, name: str, parameters: dict[str, Any]) -> Any:
    state = stand.wait(stand.trigger(f"nightly-tagging/{name}", parameters), 400)
    return None if state.is_cancelled() else state


def main() -> int:
    """Rehearse in a folder that is named, and say whether it went well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="for everything that is made; kept")
    parser.add_argument("--database", help="URL for the server, such as postgresql+asyncpg://...")
    arguments = parser.parse_args()
    deaths = rehearse(arguments.folder, database=arguments.database)
    return 0 if all(death.rows == death.photos for death in deaths) else 1


if __name__ == "__main__":
    sys.exit(main())
