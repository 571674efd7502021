"""`landmarks backfill`: plan an archive once, work on it from as many processes as there are.

    landmarks backfill plan SOURCE --out OUT     freeze the work, with an estimate
    landmarks backfill run OUT [RUN_ID]          do what is left of it, in this process
    landmarks backfill show OUT [RUN_ID]         how far it is
    landmarks backfill cancel OUT RUN_ID         end it; what is done stays

Several processes, machines and retries are an engine's business: `python -m flows.backfill`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from landmark_core.addresses import without_secrets
from landmark_core.cli.console import EXIT_DONE, print_json
from landmark_core.cli.progress import drawn_progress
from landmark_core.cli.tag import add_tag_arguments, config_from, print_summary
from landmark_core.errors import ConfigError

if TYPE_CHECKING:
    from landmark_core.backfill import BackfillState

HELP = "tag an archive: plan once, go on whenever and wherever you like"
INTERRUPTED = "interrupted: finished shards are kept, run the same command again to go on"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions; each names its own run."""
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    plan = actions.add_parser("plan", help="freeze what is missing, with an estimate")
    plan.add_argument("source", metavar="SOURCE", help="folder, list or URL")
    add_tag_arguments(plan)
    add_estimate_arguments(plan)
    plan.set_defaults(run=_plan)
    _add_action(actions, "run", "do what is left, in this process", _run)
    _add_action(actions, "show", "how far it is, and what is left", _show)
    cancel = actions.add_parser("cancel", help="end it; what is done stays, the rest is free")
    cancel.add_argument("out", metavar="OUT")
    cancel.add_argument("run_id", metavar="RUN_ID", help="of the backfill")
    cancel.add_argument("--json", action="store_true", help="print one JSON object")
    cancel.set_defaults(run=_cancel)


def add_estimate_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the estimate is made of; the flow's command shares them."""
    add = parser.add_argument
    add("--rate", type=float, metavar="X", help="photos/s of one process (default: measured)")
    add("--processes", type=int, default=1, metavar="N", help="that will work at once")
    add("--cost-per-hour", type=float, metavar="X", help="price of one process for an hour")


def _add_action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
    run: Callable[[argparse.Namespace], int],
) -> None:
    action = actions.add_parser(name, help=text)
    action.add_argument("out", metavar="OUT", help="the folder or URL of the plan")
    action.add_argument("run_id", metavar="RUN_ID", nargs="?", help="default: the open backfill")
    action.add_argument("--json", action="store_true", help="print one JSON object")
    action.add_argument("--no-progress", action="store_true", help="no progress bar")
    action.set_defaults(run=run)


def _plan(arguments: argparse.Namespace) -> int:
    from landmark_core.backfill import PlanOptions, look_at_backfill, plan_backfill
    from landmark_core.tables import Store

    config = config_from(arguments)
    options = PlanOptions(
        photos_per_second=arguments.rate,
        processes=arguments.processes,
        cost_per_hour=arguments.cost_per_hour,
    )
    if arguments.dry_run:
        raise ConfigError("a plan tags nothing: leave out --dry-run")
    with drawn_progress(shown=not arguments.no_progress) as progress:
        record = plan_backfill(config, progress, options, now=datetime.now(UTC))
    if record is None:
        return _say(
            arguments, {"run_id": None, "photos": 0}, "nothing is missing: no plan was made"
        )
    return _tell(arguments, look_at_backfill(Store(config.out), record.run_id))


def _run(arguments: argparse.Namespace) -> int:
    from landmark_core.backfill import close_backfill, remaining_shards, tag_backfill_shards
    from landmark_core.tables import Store
    from landmark_core.tagging import shards_failed

    run_id = _find(arguments)
    shards = remaining_shards(Store(arguments.out), run_id)
    with drawn_progress(shown=not arguments.no_progress) as progress:
        progress.planned(sum(shard.photos for shard in shards))
        _, failures = tag_backfill_shards(
            arguments.out,
            run_id,
            [shard.number for shard in shards],
            lambda report: progress.tagged(report.counts.photos),
        )
    if failures:
        named = [f"shard {failure.shard}: {failure.reason}" for failure in failures]
        raise shards_failed(named, len(shards))
    summary = close_backfill(arguments.out, run_id, now=datetime.now(UTC))
    print_summary(summary, arguments.out, as_json=arguments.json)
    return EXIT_DONE


def _show(arguments: argparse.Namespace) -> int:
    from landmark_core.backfill import look_at_backfill
    from landmark_core.tables import Store

    return _tell(arguments, look_at_backfill(Store(arguments.out), _find(arguments)))


def _cancel(arguments: argparse.Namespace) -> int:
    from landmark_core.backfill import cancel_backfill

    summary = cancel_backfill(arguments.out, arguments.run_id, now=datetime.now(UTC))
    print_summary(summary, arguments.out, as_json=arguments.json)
    return EXIT_DONE


def _find(arguments: argparse.Namespace) -> str:
    """Return the backfill that is meant: the one named, or the only open one."""
    from landmark_core.tables import Store

    if arguments.run_id:
        return str(arguments.run_id)
    found = Store(arguments.out).list_open_backfills()
    if len(found) == 1:
        return found[0]
    which = ", ".join(found) or "none"
    raise ConfigError(
        f"expected one open backfill in {arguments.out}, found {which}; name its RUN_ID"
    )


def _tell(arguments: argparse.Namespace, state: BackfillState) -> int:
    from landmark_core.backfill import backfill_to_json, backfill_to_text

    text = backfill_to_text(state, without_secrets(arguments.out))
    return _say(arguments, backfill_to_json(state), text)


def _say(arguments: argparse.Namespace, value: dict[str, object], text: str) -> int:
    if arguments.json:
        print_json(value)
    else:
        print(text)
    return EXIT_DONE
