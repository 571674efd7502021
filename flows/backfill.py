"""Backfill an archive as Prefect flows: plan once, shards on an engine, a summary at the end.

    python -m flows.backfill --source /archive --out tagged --engine dask --scheduler tcp://...

A run finds the open backfill of its SOURCE and goes on with it, so that running it again is all
that a death, a pause or a poisoned shard ask for. Engines: `pool` (one flow run per group of
shards on a work pool), `dask` (prefect-dask), `here` (this process).
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import ValidationError

from flows.artifacts import publish_failed_shards
from flows.console import one_line_errors, quiet_interruption, without_frames
from flows.parameters import BackfillParameters, Engine, GroupParameters
from flows.pool import run_on_pool
from flows.publish import publish_finished
from flows.shards import (
    ONE_AT_A_TIME,
    gather,
    name_failures,
    tag_backfill_shard,
    use_storage_block,
)
from landmark_core import backfill, cli
from landmark_core.backfill import ShardFailure
from landmark_core.errors import ConfigError
from landmark_core.model import pin_model
from landmark_core.report import RunSummary
from landmark_core.tables import BackfillRecord, Store
from landmark_core.tagging import NoProgress, shards_failed


@flow(name="archive-backfill")
def archive_backfill(params: BackfillParameters) -> RunSummary | None:
    """Tag a whole archive; safe to run again after any failure, and tomorrow.

    The first run freezes the plan, later ones go on with it until every shard is done.
    """
    use_storage_block(params.storage_block)
    record = _plan(params)
    if record is None or params.plan_only:
        return None
    failures = _ENGINES[params.engine](record, params)
    store = Store(params.out)
    left = backfill.remaining_shards(store, record.run_id)
    _show(params.out, record.run_id)
    if left:
        reasons = {failure.shard: failure for failure in failures}
        unfinished = [
            reasons.get(shard.number, ShardFailure(shard=shard.number, reason="was not finished"))
            for shard in left
        ]
        publish_failed_shards(unfinished)
        raise shards_failed(name_failures(unfinished), record.shards)
    summary = backfill.close_backfill(params.out, record.run_id, now=datetime.now(UTC))
    publish_finished(summary, params.out, leave_out=store.list_backfills())
    return summary


@flow(name="backfill-group", task_runner=ONE_AT_A_TIME)
def backfill_group(params: GroupParameters) -> State[Any]:
    """Do a group of shards of an open backfill; the state's message names those that failed."""
    place = (params.out, params.run_id)
    futures = [
        (number, tag_backfill_shard.submit(*place, number, params.storage_block))
        for number in params.shards
    ]
    reports, failures = gather(futures)
    if failures:
        return Failed(message="\n".join(name_failures(failures)))
    photos = sum(report.counts.photos for report in reports)
    return Completed(message=f"{photos:,} photos")


@flow(name="backfill-shards")
def backfill_shards(
    out: str, run_id: str, numbers: list[int], storage_block: str | None = None
) -> list[ShardFailure]:
    """Do shards on the task runner of this flow, and return those that failed."""
    futures = [
        (number, tag_backfill_shard.submit(out, run_id, number, storage_block))
        for number in numbers
    ]
    return gather(futures)[1]


def _plan(params: BackfillParameters) -> BackfillRecord | None:
    """Find the open backfill of this SOURCE, or freeze a new one."""
    logger = get_run_logger()
    if found := backfill.find_backfill(params.out, params.source):
        logger.info("going on with backfill %s", found.run_id)
        _show(params.out, found.run_id)
        return found
    config = params.to_config(model=pin_model(params.model))
    options = backfill.PlanOptions(
        photos_per_second=params.rate,
        processes=params.processes,
        cost_per_hour=params.cost_per_hour,
    )
    now = datetime.now(UTC)
    record = backfill.plan_backfill(
        config, NoProgress(), options, now=now, wait_s=60 * params.wait_minutes
    )
    if record is None:
        logger.info("nothing is missing: no plan was made")
        return None
    _show(params.out, record.run_id)
    return record


def _show(out: str, run_id: str) -> None:
    state = backfill.look_at_backfill(Store(out), run_id)
    create_markdown_artifact(
        key="backfill",
        markdown=backfill.backfill_to_markdown(state),
        description=f"{state.photos_done:,} of {state.record.photos:,} photos done",
    )


def _numbers(record: BackfillRecord, params: BackfillParameters) -> list[int]:
    return [shard.number for shard in backfill.remaining_shards(Store(params.out), record.run_id)]


def _run_here(record: BackfillRecord, params: BackfillParameters) -> list[ShardFailure]:
    here = backfill_shards.with_options(task_runner=ONE_AT_A_TIME)
    return here(params.out, record.run_id, _numbers(record, params), params.storage_block)


def _run_on_dask(record: BackfillRecord, params: BackfillParameters) -> list[ShardFailure]:
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise ConfigError("engine dask needs: pip install 'landmark-tagger[dask]'") from error
    runner: Any = DaskTaskRunner(address=params.scheduler)
    on_dask = backfill_shards.with_options(task_runner=runner)
    return on_dask(params.out, record.run_id, _numbers(record, params), params.storage_block)


_ENGINES = {"pool": run_on_pool, "dask": _run_on_dask, "here": _run_here}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the flow from a command line with the options of `landmarks backfill plan`."""
    cli.settle_threads()
    parser = argparse.ArgumentParser(prog="python -m flows.backfill", description=__doc__)
    add = parser.add_argument
    add("--source", required=True, metavar="SOURCE", help="folder, list or URL")
    add("--engine", choices=get_args(Engine), default="here", help="default: %(default)s")
    add("--scheduler", metavar="ADDRESS", help="of the Dask cluster, such as tcp://10.0.0.5:8786")
    add("--plan-only", action="store_true", help="freeze the plan, tag nothing yet")
    cli.add_tag_arguments(parser)
    cli.add_estimate_arguments(parser)
    arguments = parser.parse_args(argv)
    return cli.guard(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> int:
    params = _parameters(arguments)
    with one_line_errors(), quiet_interruption():
        state: State[Any] = archive_backfill(params, return_state=True)
        summary = state.result(raise_on_failure=False)
        if isinstance(summary, BaseException):
            raise without_frames(summary)
    if summary is not None:
        cli.print_summary(summary, params.out, as_json=arguments.json)
    return cli.EXIT_DONE


def _parameters(arguments: argparse.Namespace) -> BackfillParameters:
    names = set(BackfillParameters.model_fields) & set(vars(arguments))
    values = {name: getattr(arguments, name) for name in names}
    places = {name: _absolute(values[name]) for name in ("source", "out")}
    try:
        return BackfillParameters(**{**values, **places, "wait_minutes": arguments.wait / 60})
    except ValidationError as error:
        raise ConfigError("; ".join(str(line["msg"]) for line in error.errors())) from error


def _absolute(place: str) -> str:
    return place if "://" in place else str(Path(place).absolute())


if __name__ == "__main__":
    sys.exit(main())
