"""Run the trainings that make one model, one after another or side by side.

A model may be the mean of several trainings, and cross-fitting trains one model for each fold. Each
training has a folder of its own: what it finished is not trained again, what it began goes on from
its checkpoint.
"""

import concurrent.futures
import io
import multiprocessing
import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from landmark_core.errors import RunError
from landmark_core.model import StagedNetwork, build_network
from landmark_core.training.averaging import State
from landmark_core.training.disk import disk_failed, replace_file
from landmark_core.training.examples import Examples
from landmark_core.training.fit import fit
from landmark_core.training.kept import KeptViews
from landmark_core.training.progress import Reporting, Told, TrainProgress
from landmark_core.training.recipe import Recipe

WEIGHTS_FILE = "weights.pt"

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One training; it can be sent to another process."""

    name: str  # for people: "fold 2", "fold 2, part 1"
    folder: Path
    recipe: Recipe  # without variants
    seed: int
    classes: int
    start: Path  # state dict that the network begins with
    examples: Examples
    device: str
    kept: KeptViews | None


def run_jobs(jobs: Sequence[Job], side_by_side: int, progress: TrainProgress) -> None:
    """Run trainings; each leaves its weights in its folder, see `weights_of`.

    Args:
        jobs: what to train; those that have their weights already cost nothing.
        side_by_side: processes; 1 trains here, with all of torch's threads.
        progress: is told.

    Raises:
        ConfigError: a recipe does not fit its network.
        RunError: a loss is no number any more, the disk is full, a process died.
    """
    todo = [job for job in jobs if not (job.folder / WEIGHTS_FILE).exists()]
    if side_by_side == 1 or len(todo) < 2:
        for job in todo:
            run_job(job, progress)
    else:
        _run_side_by_side(todo, min(side_by_side, len(todo)), progress)


def run_job(job: Job, progress: TrainProgress) -> None:
    """Train and leave the weights in the job's folder."""
    network = build_start(job)
    fitted = fit(
        network,
        job.examples,
        job.recipe,
        seed=job.seed,
        device=torch.device(job.device),
        folder=job.folder,
        resume=True,  # what must not be gone on with was deleted before
        watch=Told(progress, job.name),
        kept=job.kept,
    )
    save_weights(fitted.state, job.folder / WEIGHTS_FILE)


def weights_of(job: Job) -> State:
    """Return the weights that a training left."""
    return load_weights(job.folder / WEIGHTS_FILE)


def build_start(job: Job) -> StagedNetwork:
    """Return the network with the weights that all trainings of the model begin with."""
    network = build_network(
        job.recipe.arch,
        job.classes,
        backbone=job.recipe.backbone,
        dropout=job.recipe.dropout,
    )
    network.load_state_dict(load_weights(job.start))
    return network


def save_weights(state: State, path: Path) -> None:
    """Write a state dict, whole or not at all.

    Raises:
        RunError: the disk fails.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, buffer.getvalue())
    except OSError as error:
        raise disk_failed(error, path.parent) from error


def load_weights(path: Path) -> State:
    """Read a state dict; a pickle with code in it is refused."""
    state: State = torch.load(path, map_location="cpu", weights_only=True)
    return state


def _run_side_by_side(jobs: Sequence[Job], processes: int, progress: TrainProgress) -> None:
    context = multiprocessing.get_context("spawn")
    lines: SimpleQueue[str | None] = context.SimpleQueue()
    teller = threading.Thread(target=_tell, args=(lines, progress), daemon=True)
    teller.start()
    threads = max(torch.get_num_threads() // processes, 1)
    pool = ProcessPoolExecutor(processes, context, initializer=_settle, initargs=(threads, lines))
    try:
        futures = [pool.submit(_run_there, job) for job in jobs]
        _wait(futures)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        lines.put(None)
        teller.join()


def _wait(futures: Sequence[Future[None]]) -> None:
    """Wait for all; the first that fails ends the waiting."""
    try:
        for future in concurrent.futures.as_completed(futures):
            future.result()
    except BrokenProcessPool:
        raise RunError(
            "a training process died, out of memory perhaps: take fewer with --jobs, and go on "
            "with --resume"
        ) from None


def _tell(lines: "SimpleQueue[str | None]", progress: TrainProgress) -> None:
    while (line := lines.get()) is not None:
        progress.epoch_ended(line)


class _Here:
    """What a process that trains knows of its parent."""

    reporting: Reporting


def _settle(threads: int, lines: "SimpleQueue[str | None]") -> None:
    torch.set_num_threads(threads)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Here.reporting = Reporting(lines.put)


def _end_with_parent() -> None:
    """End this process once its parent is dead, whether it trains or waits for work.

    One that trained on would write where the next run resumes; one that waits would wait for ever.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _run_there(job: Job) -> None:
    run_job(job, _Here.reporting)
