"""Tag a photo library as a Prefect flow: plan, one task per shard, a summary artifact.

    python -m flows.tag --source ~/Pictures --out tagged

The same run as `landmarks tag`, with the same rows. Only paths and counts cross a task's boundary.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from prefect import Task, flow, get_run_logger, task, unmapped
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.console import one_line_errors, quiet_interruption
from landmark_core import cli, report_text, tagging
from landmark_core.config import TagConfig
from landmark_core.errors import TransientError
from landmark_core.records import Shard
from landmark_core.report import RunSummary, ShardReport


def is_transient(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry what time can heal; a bad setting or a bug fails at once."""
    return isinstance(state.result(raise_on_failure=False), TransientError)


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
    """Tag one shard; rows go to Parquet and only counts come back."""
    report = tagging.tag_shard(shard, config)
    rate = report.counts.photos / report.seconds
    get_run_logger().info("%d photos, %.1f photos/s", report.counts.photos, rate)
    return report


# The device and the workers that decode are busy with one shard at a time.
ONE_AT_A_TIME: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=1)


@flow(name="tag-library", task_runner=ONE_AT_A_TIME)
def tag_library(config: TagConfig) -> RunSummary:
    """Tag what is missing of a library; safe to run again after any failure."""
    with tagging.open_run(config, tagging.NoProgress()) as run:
        futures = tag_shard.map(list(run.shards), unmapped(config))
        futures.wait()  # result() alone would cancel the queued shards at the first failure
        summary = run.finish(_reports(futures, len(run.shards)))
    create_markdown_artifact(
        key="tag-library",
        markdown=report_text.to_markdown(summary, config.out),
        description=f"{summary.counts.photos} photos of {config.source}",
    )
    return summary


def _reports(futures: Sequence[PrefectFuture[ShardReport]], total: int) -> list[ShardReport]:
    """Return what the shards reported; one error for all that failed."""
    results = [future.result(raise_on_failure=False) for future in futures]
    failed = [str(result) for result in results if not isinstance(result, ShardReport)]
    if failed:
        raise tagging.shards_failed(failed, total)
    return [result for result in results if isinstance(result, ShardReport)]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the flow from a command line with the options of `landmarks tag`."""
    cli.settle_threads()
    parser = argparse.ArgumentParser(prog="python -m flows.tag", description=__doc__)
    parser.add_argument("--source", required=True, metavar="SOURCE", help="folder, list or URL")
    cli.add_tag_arguments(parser)
    arguments = parser.parse_args(argv)
    return cli.guard(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> int:
    if arguments.dry_run:
        return cli.print_plan(arguments)
    config = cli.config_from(arguments)
    with one_line_errors(), quiet_interruption():
        state: State[RunSummary] = tag_library(config, return_state=True)
        summary = state.result(raise_on_failure=False)
        if isinstance(summary, BaseException):
            raise summary  # the guard turns it into one line and an exit code
    cli.print_summary(summary, config.out, as_json=arguments.json)
    return cli.EXIT_DONE


if __name__ == "__main__":
    sys.exit(main())
