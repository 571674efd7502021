"""Compaction killed before and after each change that it makes, and at random moments."""

import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from nights import AT_ONCE, compact_now, make_library, parquet_below, rows_of, write_night

from landmark_core.tables import CompactionSettings, Store, WorkKey, plan_run, status_counts

ROOT = str(Path(__file__).parents[2])
HERE = str(Path(__file__).parent)
SETTINGS = CompactionSettings(grace_s=0.0, target_rows=24, wait_s=60.0)

# Compacts a copy of a library again and again, in children that die a step later each time. The
# parent forks before anything has started a thread, which costs less than a new Python each time.
KILLER = """
import os, shutil, signal, sys
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
import nights
from landmark_core.tables import CompactionSettings, Store

def die_at(step):
    left = [step]
    def wrap(owner, name):
        plain = getattr(owner, name)
        def change(*arguments, **options):
            for moment in ("before", "after"):
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                if moment == "before":
                    result = plain(*arguments, **options)
            return result
        setattr(owner, name, change)
    return wrap

settings = CompactionSettings(grace_s=0.0, target_rows=24, wait_s=60.0)
place = sys.argv[3]
for step in range(0, 500, int(sys.argv[4])):
    child = os.fork()
    if child == 0:
        wrap = die_at(step)
        if place.startswith("s3://"):
            out = f"{place}/{step}"
            nights.make_library(out, nights=3)
            from landmark_core.tables.bucket import Bucket
            wrap(Bucket, "_write")
        else:
            out = f"{place}/{step}"
            shutil.copytree(f"{place}/base", out)
            for name in ("replace", "unlink", "rmdir"):
                wrap(Path, name)
        nights.compact_now(Store(out), settings)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        print(step, os.WEXITSTATUS(status))
        break
"""


def kill_at_each_step(place: str, every: int) -> range:
    """Return the steps at which one was killed; each left a library that is called by it."""
    command = [sys.executable, "-c", KILLER, ROOT, HERE, place, str(every)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    steps, code = map(int, done.stdout.split())
    assert code == 0, done.stderr
    return range(0, steps, every)


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_at_each_step_and_run_again(tmp_path, every):
    store = make_library(str(tmp_path / "base"), nights=3)
    expected = rows_of(store, store.list_parts())
    steps = kill_at_each_step(str(tmp_path), every)
    assert steps.stop > 2 * (2 + 3 + 6)  # merged files, records, replaced files
    states = set()
    for step in steps:
        out = tmp_path / str(step)
        store = Store(str(out))
        assert rows_of(store, store.list_parts()) == expected  # our readers: each row once
        assert not expected - rows_of(store, parquet_tags(out))  # plain readers: none is missing
        states.add(tuple(sorted(path.suffixes[-2] for path in (out / "runs").glob("compact-*"))))
        compact_now(store, SETTINGS)
        assert rows_of(store, store.list_parts()) == expected
        assert store.list_parts() == parquet_tags(out)  # and nothing is left over
        assert not list((out / "runs").glob("*.merging.json"))
        assert not list((out / "runs").glob("*.compaction.json"))
        assert not list(out.rglob(".*.tmp")) or store.sweep() == 1
    assert every > 1 or states == {
        (),
        (".merging",),
        (".compaction", ".merging"),
        (".compaction",),
        (".compacted", ".compaction"),
        (".compacted",),
    }


def parquet_tags(out: Path) -> list[str]:
    return [f"tags/{name}" for name in parquet_below(out / "tags")]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_killed_at_each_step_in_a_bucket_and_run_again(atomic_s3, monkeypatch):
    monkeypatch.setenv("LANDMARKS_LEASE_SECONDS", "8")
    store = make_library(f"{atomic_s3}/base", nights=3)
    expected = rows_of(store, store.list_parts())
    steps = kill_at_each_step(atomic_s3, 1)
    assert steps.stop > 2 * (2 + 3 + 6)
    monkeypatch.setenv("LANDMARKS_LEASE_SECONDS", "30")

    def run_again(step: int) -> None:
        store = Store(f"{atomic_s3}/{step}")
        assert rows_of(store, store.list_parts()) == expected
        assert not expected - rows_of(store, store.place.list_names("tags"))
        compact_now(store, SETTINGS)  # once the lease of the killed one has ended
        assert rows_of(store, store.list_parts()) == expected
        assert store.list_parts() == store.place.list_names("tags")

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(run_again, steps))


COMPACTOR = """
import sys
sys.path[:0] = sys.argv[1:3]
import nights
from landmark_core.tables import CompactionSettings, Store
store = Store(sys.argv[3])
print("ready", flush=True)
nights.compact_now(store, CompactionSettings(grace_s=0.0, target_rows=1000))
"""


@pytest.mark.slow
def test_killed_at_random_moments_night_after_night(tmp_path):
    rng = random.Random(20261123)
    store = Store(str(tmp_path))
    expected: dict[int, int] = {}
    kills = 0
    for night in range(25):
        write_night(store, night, parts=4)
        expected[night] = 24
        command = [sys.executable, "-c", COMPACTOR, ROOT, HERE, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as compactor:
            assert compactor.stdout is not None
            assert compactor.stdout.readline() == b"ready\n"
            time.sleep(rng.uniform(0, 0.12))
            compactor.send_signal(signal.SIGKILL)
        kills += compactor.returncode == -signal.SIGKILL
        rows = rows_of(store, store.list_parts())
        assert sum(rows.values()) == len(rows) == sum(expected.values())
    assert kills > 10
    key = WorkKey(model_id="m", preprocess_id="p")
    assert plan_run(store, [], run_id="x", key=key, shard_size=5).counts.missing == 0
    compact_now(store, AT_ONCE)
    assert [run.parts for run in status_counts(store).runs if run.state == "finished"] == [4] * 25
