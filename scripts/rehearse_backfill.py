"""Rehearse a backfill on this machine: four workers, one killed, one poisoned shard.

    python scripts/rehearse_backfill.py FOLDER --engine pool
    python scripts/rehearse_backfill.py FOLDER --engine dask

Plans 200 shards, breaks one of them in the plan file, lets four worker processes do the rest and
kills one of them in the middle. The run has to fail, and name the shard, after everything else is
done; mended, the next run has to finish. At the end the rows are those of one process, each once.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas
import pyarrow.parquet as pq
from prefect_stand import Stand, free_port, kill_tree, wait_until
from rehearse_nights import count_rows, draw_photos, say

DEPLOYMENT = "archive-backfill/archive-backfill"
WORKERS = 4
SETTLE_S = 150.0  # seconds; the automation says Crashed after 90 without a heartbeat
SAME = ["uri", "status", "error", "decision", "tag", "confidence", "content_sha256", "model_id"]


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    failed_message: str  # of the run that met the poisoned shard
    rows_without_it: int  # when that run had ended
    rows: int  # in the end
    photos: int
    equal_to_one_process: bool
    states: tuple[str, ...]  # of every flow run
    task_states: tuple[str, ...]  # of every task run, but those that died with their flow run

    def complaints(self, *, shards: int, size: int) -> list[str]:
        """Return what did not go as it has to; nothing where all is well."""
        poisoned = f"1 of {shards} shards failed (shard {shards // 3}: "
        checks = {
            f"not named: {poisoned}": poisoned in self.failed_message,
            "not everything else was done": self.rows_without_it == self.photos - size,
            "rows are missing in the end": self.rows == self.photos == shards * size,
            "other rows than one process makes": self.equal_to_one_process,
            "a run was left Running": "Running" not in {*self.states, *self.task_states},
        }
        return [complaint for complaint, is_well in checks.items() if not is_well]


def rehearse(
    folder: Path, engine: str, *, shards: int = 200, size: int = 4, database: str | None = None
) -> Outcome:
    """Play it through and return what came of it.

    Args:
        folder: for everything that is made; empty or absent.
        engine: pool or dask.
        shards: of the plan.
        size: photos of a shard.
        database: URL for the server's database; null for SQLite.
    """
    photos, out, poisoned = folder / "photos", folder / "out", shards // 3
    draw_photos(photos, 0, shards * size)
    with Stand(folder / "stand", database=database, OMP_NUM_THREADS="1") as stand:
        places = {"LANDMARK_SOURCE": str(photos), "LANDMARK_OUT": str(out)}
        stand.deploy(**places, LANDMARK_HOME=str(folder), LANDMARK_TIME_ZONE="UTC")
        # Ten groups for four workers; where there are few shards, one for each of them.
        per_group = max(shards // 10, 10)
        params: dict[str, Any] = {"workers": 0, "shard_size": size, "shards_per_group": per_group}
        params |= {"processes": WORKERS, "poll_seconds": 1, "stalled_minutes": 1, "rate": 50}
        params |= {"engine": engine}
        stand.start_worker("conductor", "--work-queue", "default")
        with workers_of(stand, engine) as (workers, more):
            planned = stand.trigger(DEPLOYMENT, {**params, **more, "plan_only": True})
            say(f"planned: {stand.wait(planned, 240).name}")
            healthy = poison(out, poisoned)
            run = stand.trigger(DEPLOYMENT, {**params, **more})
            wait_until(lambda: count_rows(out) > shards * size // 5, 600, "a fifth of the rows")
            kill_tree(workers[1])
            say(f"killed one of {WORKERS} workers at {count_rows(out)} rows")
            failed = stand.wait(run, 900)
            without = count_rows(out)
            say(f"{failed.name}: {failed.message}; {without} rows of {shards * size}")
            shutil.copyfile(healthy, plan_of(out))
            last = stand.wait(stand.trigger(DEPLOYMENT, {**params, **more}), 600)
            say(f"mended: {last.name}; {count_rows(out)} rows")
            states, tasks = settled_states(stand)
    return Outcome(
        failed_message=failed.message or "",
        rows_without_it=without,
        rows=count_rows(out),
        photos=shards * size,
        equal_to_one_process=as_one_process(photos, folder / "one", out),
        states=states,
        task_states=tasks,
    )


def settled_states(stand: Stand) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the states of every flow run and task run, once nothing has changed to come.

    The server takes up what runs report in the background, and the shipped automation finds the
    dead by their silence: both need a while. A task run that died with its flow run says Running
    for ever in Prefect, whose automations mark flow runs alone; the flow run's Crashed is its end.
    """
    end = time.monotonic() + SETTLE_S
    while True:
        with stand.client() as client:
            runs = client.read_flow_runs()
            crashed = {run.id for run in runs if run.state_name == "Crashed"}
            flows = tuple(run.state_name or "" for run in runs)
            tasks = tuple(
                run.state_name or ""
                for run in client.read_task_runs()
                if run.flow_run_id not in crashed
            )
        if "Running" not in {*flows, *tasks} or time.monotonic() > end:
            return flows, tasks
        time.sleep(2)


@contextmanager
def workers_of(
    stand: Stand, engine: str
) -> Iterator[tuple["list[subprocess.Popen[bytes]]", dict[str, object]]]:
    """Start four workers of an engine; lend them, and the parameters that name them."""
    if engine == "pool":
        options = ("--work-queue", "groups", "--limit", "1")
        yield [stand.start_worker(f"worker-{n}", *options) for n in range(WORKERS)], {}
        return
    address = f"tcp://127.0.0.1:{free_port()}"
    dask = (sys.executable, "-m", "distributed.cli.dask_scheduler")
    port = address.rpartition(":")[2]
    stand.start_program("scheduler", *dask, "--host", "127.0.0.1", "--port", port, "--no-dashboard")
    one = (sys.executable, "-m", "distributed.cli.dask_worker", address, "--host", "127.0.0.1")
    one += ("--nthreads", "1", "--no-nanny", "--no-dashboard")
    yield (
        [stand.start_program(f"worker-{n}", *one) for n in range(WORKERS)],
        {"scheduler": address},
    )


def plan_of(out: Path) -> Path:
    """Return the one plan of an OUT."""
    (plan,) = out.glob("runs/*.plan.parquet")
    return plan


def poison(out: Path, shard: int) -> Path:
    """Break one shard of the plan on the disk; return a copy of what it was."""
    plan = plan_of(out)
    healthy = Path(shutil.copyfile(plan, plan.with_suffix(".healthy")))
    with pq.ParquetFile(plan) as file:
        column = file.metadata.row_group(shard).column(0)
        start = column.dictionary_page_offset or column.data_page_offset
        length = column.total_compressed_size
    with plan.open("r+b") as raw:
        raw.seek(start)
        raw.write(b"\xff" * length)
    return healthy


def as_one_process(photos: Path, folder: Path, out: Path) -> bool:
    """Say whether one process makes the same rows."""
    command = (sys.executable, "-m", "landmark_core.cli", "tag", str(photos), "--workers", "0")
    subprocess.run(
        [*command, "--out", str(folder), "--no-progress"], check=True, capture_output=True
    )
    one, many = (pandas.read_parquet(place / "tags").sort_values("uri") for place in (folder, out))
    same = [name for name in SAME if name != "confidence"]
    return bool(
        one[same].reset_index(drop=True).equals(many[same].reset_index(drop=True))
        and (abs(one.confidence.to_numpy() - many.confidence.to_numpy()) < 1e-4).all()
    )


def main() -> int:
    """Rehearse in a folder that is named, and say whether it went well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="for everything that is made; kept")
    parser.add_argument("--engine", choices=("pool", "dask"), required=True)
    parser.add_argument("--shards", type=int, default=200)
    parser.add_argument("--database", help="URL for the server, such as postgresql+asyncpg://...")
    arguments = parser.parse_args()
    came = rehearse(
        arguments.folder, arguments.engine, shards=arguments.shards, database=arguments.database
    )
    complaints = came.complaints(shards=arguments.shards, size=4)
    say("\n".join(complaints) or "as it has to be")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
