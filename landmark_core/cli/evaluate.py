"""`landmarks evaluate`: how good a model's answers are on photos whose landmarks are known."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from landmark_core.cli.console import EXIT_DONE, print_json
from landmark_core.cli.options import auto_or_int
from landmark_core.cli.progress import drawn_training
from landmark_core.config import DEVICES, PRECISIONS

if TYPE_CHECKING:
    from landmark_core.training import EvaluateConfig

HELP = "judge a model on photos whose landmarks are known; writes a report"
INTERRUPTED = "interrupted: no report was written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add DATA and the options of an evaluation."""
    add = parser.add_argument
    add("data", metavar="DATA", help="folder with a folder per class, or with train/ and test/")
    add("--model", required=True, metavar="FILE|NAME|MODEL_DIR", help="model to judge")
    add("--out", required=True, metavar="REPORT_DIR", help="folder for index.html and report.json")
    add("--negatives", metavar="DIR", help="photos that show none of the landmarks")
    add("--classes", metavar="FILE", help="class names, one a line, for a model without them")
    add("--device", choices=DEVICES, default="auto")
    add("--precision", choices=PRECISIONS, default="auto")
    add("--batch-size", type=auto_or_int, default="auto", metavar="auto|N")
    add("--workers", type=auto_or_int, default="auto", metavar="auto|N")
    add("--no-progress", action="store_true", help="no progress bar")
    add("--json", action="store_true", help="print the figures as one JSON object")


def build_evaluate_config(arguments: argparse.Namespace) -> EvaluateConfig:
    """Build an evaluation's settings from parsed arguments; ConfigError says what is off."""
    from landmark_core.training import EvaluateConfig

    return EvaluateConfig(
        data=arguments.data,
        model=arguments.model,
        out=arguments.out,
        negatives=arguments.negatives,
        classes=arguments.classes,
        device=arguments.device,
        precision=arguments.precision,
        batch_size=arguments.batch_size,
        workers=arguments.workers,
    )


def run(arguments: argparse.Namespace) -> int:
    """Judge a model, write the report and print its figures."""
    config = build_evaluate_config(arguments)
    from landmark_core.training import evaluate_model, evaluation_to_json, evaluation_to_text

    with drawn_training(shown=not arguments.no_progress) as progress:
        evaluation = evaluate_model(config, progress)
    if arguments.json:
        print_json(evaluation_to_json(evaluation))
    else:
        print(evaluation_to_text(evaluation))
    return EXIT_DONE
