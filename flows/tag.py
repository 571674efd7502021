"""Tag a photo library as a Prefect flow: plan, one task per shard, a summary artifact.

    python -m flows.tag --source ~/Pictures --out tagged

The same run as `landmarks tag`, with the same rows. Only paths and counts cross a task's boundary.
"""

import argparse
import sys
from collections.abc import Sequence

from prefect import flow, unmapped
from prefect.client.schemas.objects import State

from flows.artifacts import RunProgress, publish_failed_shards
from flows.console import one_line_errors, quiet_interruption, without_frames
from flows.publish import publish_finished
from flows.shards import ONE_AT_A_TIME, gather, name_failures, tag_shard
from landmark_core import cli, tagging
from landmark_core.config import TagConfig
from landmark_core.nights import Limits
from landmark_core.report import RunSummary


@flow(name="tag-library", task_runner=ONE_AT_A_TIME)
def tag_library(config: TagConfig) -> RunSummary:
    """Tag what is missing of a library; safe to run again after any failure."""
    return tag_and_publish(config)


def tag_and_publish(
    config: TagConfig, *, wait_s: float = 0.0, limits: Limits | None = None
) -> RunSummary:
    """Tag what is missing within a flow, and show what came of it on Prefect's page.

    Args:
        config: of the run.
        wait_s: seconds to wait for another run that is writing to OUT.
        limits: beyond which people are told; null for the usual ones.

    Raises:
        ConfigError: if SOURCE, OUT, the model or a setting is wrong; nothing was tagged.
        RunError: if OUT or the device fails, or shards failed; the others are done by then.
    """
    with tagging.open_run(config, tagging.NoProgress(), wait_s=wait_s) as run:
        photos = sum(shard.photos for shard in run.shards)
        progress = RunProgress(run.run_id, shards=len(run.shards), photos=photos)
        futures = tag_shard.map(list(run.shards), unmapped(config))
        numbered = zip((shard.number for shard in run.shards), futures, strict=True)
        reports, failures = gather(numbered, progress.finished)
        if failures:
            publish_failed_shards(failures)
            raise tagging.shards_failed(name_failures(failures), len(run.shards))
        summary = run.finish(reports)
    publish_finished(summary, config.out, limits, leave_out=run.store.list_backfills())
    return summary


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
            raise without_frames(summary)
    cli.print_summary(summary, config.out, as_json=arguments.json)
    return cli.EXIT_DONE


if __name__ == "__main__":
    sys.exit(main())
