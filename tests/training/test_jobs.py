"""Trainings one after another or side by side: the same weights, clear failures, no orphans."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import drawn_photos
import numpy as np
import psutil
import pytest
import torch

from landmark_core.errors import ConfigError, RunError
from landmark_core.model import build_network
from landmark_core.training import NoTrainProgress
from landmark_core.training.jobs import Job, load_weights, run_jobs, save_weights, weights_of
from landmark_core.training.recipe import Recipe

QUIET = NoTrainProgress()


class Lines(NoTrainProgress):
    """Keeps the lines of epochs that ended."""

    def __init__(self):
        self.lines = []

    def epoch_ended(self, line):
        self.lines.append(line)


class DyingPhotos(drawn_photos.DrawnPhotos):
    """Photos that take the process with them, as the kernel does when memory is short."""

    def __reduce__(self):
        return (_die_elsewhere, (os.getpid(),))


def _die_elsewhere(origin):
    if os.getpid() != origin:
        os.kill(os.getpid(), signal.SIGKILL)
    return DyingPhotos()


def make_job(folder: Path, name: str, *, source=None, **changes) -> Job:
    recipe = Recipe(
        **drawn_photos.SMALL
        | {"backbone": "squeezenet1_1", "epochs": 2, "weights": "none"}
        | changes
    )
    start = folder / "start.pt"
    if not start.exists():
        torch.manual_seed(0)
        network = build_network("transfer", 3, backbone="squeezenet1_1")
        save_weights(network.state_dict(), start)
    more = {"source": source} if source else {}
    return Job(
        name=name,
        folder=folder / name,
        recipe=recipe,
        seed=int.from_bytes(name.encode()),
        classes=3,
        start=start,
        examples=drawn_photos.examples(**more),
        device="cpu",
        kept=None,
    )


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.slow  # the command kills and compares such trainings in every run
def test_side_by_side_gives_the_weights_of_one_after_another_in_order(tmp_path):
    (tmp_path / "alone").mkdir()
    (tmp_path / "together").mkdir()
    names = ["a", "b", "c"]
    first = [make_job(tmp_path / "alone", name) for name in names]
    second = [make_job(tmp_path / "together", name) for name in names]
    told = Lines()
    run_jobs(first, 1, QUIET)
    run_jobs(second, 2, told)
    alone, together = ([weights_of(job) for job in jobs] for jobs in (first, second))
    assert [same(*pair) for pair in zip(alone, together, strict=True)] == [True] * 3
    assert not same(alone[0], alone[1])
    assert sorted(line.partition("  ")[0] for line in told.lines) == [
        f"{name}: epoch {epoch}" for name in names for epoch in (1, 2)
    ]


def test_a_job_that_has_its_weights_is_not_trained_again(tmp_path):
    job = make_job(tmp_path, "a")
    planted = {"weight": torch.arange(3.0)}
    save_weights(planted, job.folder / "weights.pt")
    told = Lines()
    run_jobs([job], 1, told)
    assert same(weights_of(job), planted)
    assert told.lines == []


def test_weights_with_code_in_them_are_not_loaded(tmp_path):
    torch.save({"weight": np.random.default_rng}, tmp_path / "weights.pt")
    with pytest.raises(pickle.UnpicklingError):
        load_weights(tmp_path / "weights.pt")


@pytest.mark.slow
def test_a_refusal_in_another_process_arrives_as_it_was_raised(tmp_path):
    jobs = [make_job(tmp_path, name, head_epochs=1) for name in "ab"]
    with pytest.raises(ConfigError, match="starts at random") as caught:
        run_jobs(jobs, 2, QUIET)
    assert "\n" not in str(caught.value)


@pytest.mark.orchestration  # whole processes
def test_a_process_that_dies_is_one_line_that_says_what_to_do(tmp_path):
    jobs = [make_job(tmp_path, name, source=DyingPhotos()) for name in "ab"]
    with pytest.raises(RunError, match=r"a training process died.*--jobs.*--resume"):
        run_jobs(jobs, 2, QUIET)


LONG = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import torch
torch.set_num_threads(1)
from test_jobs import Lines, make_job, run_jobs

class Printing(Lines):
    def epoch_ended(self, line):
        print(line, flush=True)

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    jobs = [make_job(folder, "short", epochs=1), make_job(folder, "long", epochs=10_000)]
    run_jobs(jobs, 2, Printing())
"""


@pytest.mark.orchestration  # whole processes
def test_no_process_outlives_a_killed_parent_not_even_one_without_work(tmp_path):
    """Idle ones wait for work that nobody will send; busy ones would write into the next run."""
    (tmp_path / "long_job.py").write_text(LONG)
    here = Path(__file__).parent
    command = [sys.executable, str(tmp_path / "long_job.py"), str(tmp_path), str(here)]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    waiting = {"short: epoch 1", "long: epoch 1"}
    while waiting:
        line = run.stdout.readline()
        assert line, f"ended before it was killed: {run.wait()}"
        waiting.discard(line.partition("  ")[0])
    while not (tmp_path / "short" / "weights.pt").exists():
        time.sleep(0.02)
    children = psutil.Process(run.pid).children(recursive=True)
    assert len(children) >= 2
    run.kill()
    run.wait()
    run.stdout.close()  # not read to its end: an orphan would hold it open
    _, left = psutil.wait_procs(children, timeout=15)
    for process in left:
        process.kill()
    assert not left
