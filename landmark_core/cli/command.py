"""The parser of `landmarks` with its commands, and the way from arguments to an exit code."""

import argparse
from collections.abc import Sequence

from landmark_core import __version__
from landmark_core.cli import models, status, tag
from landmark_core.cli.console import guard, settle_threads


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    settle_threads()
    arguments = build_parser().parse_args(argv)
    return guard(lambda: arguments.run(arguments))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of `landmarks` with its subcommands."""
    parser = argparse.ArgumentParser(
        prog="landmarks", description="Tag photo libraries with the landmarks that they show."
    )
    parser.add_argument("--version", action="version", version=f"landmarks {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    tag_parser = commands.add_parser("tag", help=tag.HELP)
    tag.add_arguments(tag_parser)
    tag_parser.set_defaults(run=tag.run)

    status_parser = commands.add_parser("status", help=status.HELP)
    status.add_arguments(status_parser)
    status_parser.set_defaults(run=status.run)

    models.add_arguments(commands.add_parser("models", help=models.HELP))
    return parser
