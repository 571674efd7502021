"""`landmarks models`: what a model file says of itself."""

import argparse

from landmark_core.cli.console import EXIT_DONE, print_json

HELP = "show a model file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions on models."""
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="what a model file says of itself")
    show.add_argument("model", metavar="MODEL", nargs="?", default="starter", help="file or name")
    show.add_argument("--classes", metavar="FILE", help="class names, one a line")
    show.add_argument("--json", action="store_true", help="print one JSON object")
    show.set_defaults(run=_show)


def _show(arguments: argparse.Namespace) -> int:
    from landmark_core.model import load_model, show_model
    from landmark_core.model_text import model_to_text

    model = load_model(arguments.model, classes=arguments.classes)
    if arguments.json:
        print_json(show_model(model))
    else:
        print(model_to_text(model))
    return EXIT_DONE
