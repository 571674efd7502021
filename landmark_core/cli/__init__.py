"""The `landmarks` command: arguments in, exit code out; the only room that prints.

One module a command. Everything heavy is imported where it is used: `landmarks --help` needs no
torch. `flows` shares the options, the summary and the guard of `landmarks tag`.
"""

from landmark_core.cli.backfill import add_estimate_arguments
from landmark_core.cli.command import build_parser, main
from landmark_core.cli.console import (
    DEBUG_VARIABLE,
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    INTERRUPTED,
    complain,
    guard,
    print_json,
    settle_threads,
)
from landmark_core.cli.progress import TrainingBars, drawn_progress, drawn_training
from landmark_core.cli.tag import add_tag_arguments, config_from, print_plan, print_summary
from landmark_core.cli.train import INTERRUPTED as TRAINING_INTERRUPTED
from landmark_core.cli.train import (
    add_train_arguments,
    build_train_config,
    print_data_report,
    print_training,
)

__all__ = [
    "DEBUG_VARIABLE",
    "EXIT_DONE",
    "EXIT_FAILED",
    "EXIT_INTERRUPTED",
    "EXIT_USAGE",
    "INTERRUPTED",
    "TRAINING_INTERRUPTED",
    "TrainingBars",
    "add_estimate_arguments",
    "add_tag_arguments",
    "add_train_arguments",
    "build_parser",
    "build_train_config",
    "complain",
    "config_from",
    "drawn_progress",
    "drawn_training",
    "guard",
    "main",
    "print_data_report",
    "print_json",
    "print_plan",
    "print_summary",
    "print_training",
    "settle_threads",
]
