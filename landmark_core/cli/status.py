"""`landmarks status`: what is tagged, waiting for review, failed; which models."""

import argparse

from landmark_core.addresses import without_secrets
from landmark_core.cli.console import EXIT_DONE, print_json
from landmark_core.errors import ConfigError

INTERRUPTED = "interrupted"
HELP = "what is tagged, waiting for review, failed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add OUT and the form of the answer."""
    parser.add_argument("out", metavar="OUT", help="the folder or URL that `landmarks tag` wrote")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print the state of a library."""
    from landmark_core.status_text import status_to_json, status_to_text
    from landmark_core.tables import Store, status_counts

    status = status_counts(Store(arguments.out))
    if not status.photos and not status.runs:
        raise ConfigError(f"nothing was tagged in {arguments.out}; give the --out of a run")
    if arguments.json:
        print_json(status_to_json(status))
    else:
        print(status_to_text(status, without_secrets(arguments.out)))
    return EXIT_DONE
