"""The parser of `landmarks` with its commands, and the way from arguments to an exit code."""

import argparse
from collections.abc import Sequence

from landmark_core import __version__
from landmark_core.cli import (
    backfill,
    check,
    compact,
    completion,
    evaluate,
    export,
    find,
    import_,
    models,
    review,
    status,
    tag,
    train,
)
from landmark_core.cli.console import guard, settle_threads
from landmark_core.cli.interruption import quiet_imports
from landmark_core.cli.parser import Parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    settle_threads()
    arguments = build_parser().parse_args(argv)
    with quiet_imports(arguments.interrupted):
        return guard(lambda: arguments.run(arguments), interrupted=arguments.interrupted)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of `landmarks` with its subcommands."""
    parser = Parser(
        prog="landmarks", description="Tag photo libraries with the landmarks that they show."
    )
    parser.add_argument("--version", action="version", version=f"landmarks {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    for name, module in (
        ("tag", tag),
        ("check", check),
        ("review", review),
        ("status", status),
        ("find", find),
        ("compact", compact),
        ("export", export),
        ("import", import_),
        ("train", train),
        ("evaluate", evaluate),
        ("completion", completion),
    ):
        command = commands.add_parser(name, help=module.HELP)
        module.add_arguments(command)
        command.set_defaults(run=module.run, interrupted=module.INTERRUPTED)

    for name, actions in (("backfill", backfill), ("models", models)):
        command = commands.add_parser(name, help=actions.HELP)
        actions.add_arguments(command)  # each action names its own run
        command.set_defaults(interrupted=actions.INTERRUPTED)
    return parser
