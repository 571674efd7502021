"""Train a model as a Prefect flow: data report, training, judgement, decision, each with a page.

    python -m flows.train --data PHOTOS --out MODEL_DIR --negatives OTHERS

The same training as `landmarks train`. Only settings, names and counts cross a task's boundary;
what a stage leaves for the next lies in MODEL_DIR, so a killed run goes on where it was. After a
promotion every photo is missing work for `landmarks tag --model MODEL_DIR`, and nothing more.
"""

import argparse
import base64
import dataclasses
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from flows.console import one_line_errors, quiet_interruption, without_frames
from landmark_core import cli, training
from landmark_core.training import DataReport, TrainConfig, TrainSummary, Verdict

FLOW = "train-landmarks"


class Logged(training.NoTrainProgress):
    """Writes one line an epoch to the run's log."""

    def __init__(self) -> None:
        self._logger = get_run_logger()

    def epoch_ended(self, line: str) -> None:
        """Log it."""
        self._logger.info(line)


# NO_CACHE: what lies in MODEL_DIR is the only record of finished work.
@task(name="report-data", cache_policy=NO_CACHE)
def report_data(config: TrainConfig) -> DataReport:
    """Read the photos and show what there is to learn from; refuses what cannot be learnt."""
    report = training.report_data(config, Logged())
    create_markdown_artifact(
        key="training-data",
        markdown=f"```\n{training.data_report_to_text(report)}\n```",
        description=f"photos of {config.data}",
    )
    return report


@task(name="train", cache_policy=NO_CACHE)
def train(config: TrainConfig) -> None:
    """Train, and leave weights and answers to unseen photos in MODEL_DIR."""
    training.learn(config, Logged())


@task(name="judge", cache_policy=NO_CACHE)
def judge(config: TrainConfig) -> str:
    """Calibrate, evaluate and compare with the champion; the version's name comes back."""
    version = training.assess(config, Logged(), datetime.now(UTC))
    return version.name


@task(name="decide", cache_policy=NO_CACHE)
def decide(config: TrainConfig, version: str, by: str) -> Verdict:
    """Promote the version or keep the champion, and write down why."""
    verdict = training.decide(config, version, by=by, now=datetime.now(UTC))
    get_run_logger().info("%s: %s", "promoted" if verdict.promoted else "kept", verdict.reason)
    return verdict


@flow(name=FLOW)
def train_landmarks(config: TrainConfig) -> TrainSummary:
    """Train, judge and perhaps promote a model; safe to run again after any failure.

    A run takes up what a killed one left, where settings and photos are the same.
    """
    started = time.monotonic()
    config = dataclasses.replace(config, resume=True)
    data = report_data(config)
    train(config)
    name = judge(config)
    verdict = decide(config, name, f"flow {FLOW}")
    summary = training.summary_of(
        config, name, verdict, data=data, seconds=time.monotonic() - started
    )
    create_markdown_artifact(
        key="trained-model",
        markdown=_page(summary),
        description=f"version {name}: {'promoted' if verdict.promoted else 'kept champion'}",
    )
    return summary


def _page(summary: TrainSummary) -> str:
    """Return the summary with its diagrams: small ones, as they live in Prefect's database."""
    pictures = [
        f"![{title}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"
        for title, svg in training.diagrams_of(summary.version).items()
    ]
    return "\n\n".join([training.summary_to_markdown(summary), *pictures])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the flow from a command line with the options of `landmarks train`."""
    cli.settle_threads()
    parser = argparse.ArgumentParser(prog="python -m flows.train", description=__doc__)
    parser.add_argument("--data", required=True, metavar="DATA", help="folder per class")
    cli.add_train_arguments(parser)
    arguments = parser.parse_args(argv)
    return cli.guard(lambda: _run(arguments), interrupted=cli.TRAINING_INTERRUPTED)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.dry_run:
        return cli.print_data_report(arguments)
    config = cli.build_train_config(arguments)
    with one_line_errors(), quiet_interruption(cli.TRAINING_INTERRUPTED):
        state: State[Any] = train_landmarks(config, return_state=True)
        summary = state.result(raise_on_failure=False)
        if isinstance(summary, BaseException):
            raise without_frames(summary)
    cli.print_training(summary, as_json=arguments.json)
    return cli.EXIT_DONE


if __name__ == "__main__":
    sys.exit(main())
