"""The tasks that every tagging flow is made of: one Prefect task per shard, never per photo.

Only paths, settings and counts cross a task's boundary. Whoever runs a shard, and however often,
the part in OUT is the record of it.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from prefect import Task, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.credentials import apply_storage_block
from landmark_core import backfill, report_text, tagging
from landmark_core.addresses import clean_text
from landmark_core.backfill import ShardFailure
from landmark_core.config import TagConfig
from landmark_core.errors import LandmarkError, TransientError
from landmark_core.records import Shard
from landmark_core.report import ShardReport


def is_transient(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry what time can heal; a bad setting or a bug fails at once."""
    return isinstance(state.result(raise_on_failure=False), TransientError)


# The device and the workers that decode are busy with one shard at a time.
ONE_AT_A_TIME: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=1)


# NO_CACHE: the parts in OUT are the only record of finished work.
@task(
    name="tag-shard",
    task_run_name="shard-{shard.number}",
    retries=2,
    retry_delay_seconds=[10, 60],
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
)
def tag_shard(shard: Shard, config: TagConfig) -> ShardReport:
    """Tag one shard of a run; rows go to Parquet and only counts come back."""
    return _logged(shard.run_id, tagging.tag_shard(shard, config))


@task(
    name="tag-backfill-shard",
    task_run_name="shard-{number}",
    retries=2,
    retry_delay_seconds=[10, 60],
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
)
def tag_backfill_shard(
    out: str, run_id: str, number: int, storage_block: str | None = None
) -> ShardReport:
    """Tag one shard of a backfill, or return the report of whoever has done it."""
    use_storage_block(storage_block)
    return _logged(run_id, backfill.tag_backfill_shard(out, run_id, number))


def use_storage_block(name: str | None) -> None:
    """Take a bucket's credentials from a block, where one is named; once in a process."""
    if name is not None:
        _apply_once(name)


@lru_cache(maxsize=8)
def _apply_once(name: str) -> None:
    apply_storage_block(name)


def gather(
    futures: Iterable[tuple[int, PrefectFuture[ShardReport]]],
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[list[ShardReport], list[ShardFailure]]:
    """Wait for every shard; one that fails does not keep the others from being done.

    Args:
        futures: shards' numbers with their futures.
        on_progress: called with the shards and photos that are done so far.
    """
    reports: list[ShardReport] = []
    failures: list[ShardFailure] = []
    photos = 0
    for number, future in futures:
        future.wait()  # result() alone would cancel queued shards at the first failure
        result = future.result(raise_on_failure=False)
        if isinstance(result, ShardReport):
            reports.append(result)
            photos += result.counts.photos
        else:
            failures.append(ShardFailure(shard=number, reason=_one_line(result)))
        if on_progress:
            on_progress(len(reports), photos)
    return reports, failures


def name_failures(failures: Sequence[ShardFailure]) -> list[str]:
    """Return a line for each failed shard."""
    return [f"shard {failure.shard}: {failure.reason}" for failure in failures]


def _logged(run_id: str, report: ShardReport) -> ShardReport:
    # With PREFECT_LOGGING_EXTRA_LOGGERS=landmark_core the shard's own line is in the run's log.
    if not logging.getLogger(tagging.__name__).isEnabledFor(logging.INFO):
        get_run_logger().info("%s", report_text.shard_line(run_id, report))
    return report


def _one_line(result: object) -> str:
    name = "" if isinstance(result, LandmarkError) else f"{type(result).__name__}: "
    return clean_text(" ".join(f"{name}{result}".split()))
