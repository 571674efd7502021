"""`landmarks review`: a page in the browser where a person settles what the model is unsure of."""

import argparse
import random
import sys
from datetime import UTC, datetime

from landmark_core.cli.console import EXIT_DONE, print_json
from landmark_core.cli.options import default_reviewer

HELP = "settle the unsure photos in the browser"
INTERRUPTED = "interrupted: every decision that was answered is saved"

_EPILOG = """\
Keys: 1-5 take a tag, 0 is not a landmark, t types any tag, s skips, u undoes, arrows go back and
forth, h shows the heatmap, g is the grid, ? shows all. Decisions are rows of OUT/reviews and are
saved when the page moves on; later machine runs never change them.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add OUT, where the page is served, and who decides."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("out", metavar="OUT", help="the folder or URL that `landmarks tag` wrote")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="default: %(default)s; any other address asks visitors for a token, printed once",
    )
    parser.add_argument(
        "--port", type=int, metavar="N", help="default: 8765, or the next one that is free"
    )
    parser.add_argument(
        "--reviewer",
        metavar="NAME",
        default=default_reviewer(),
        help="whose decisions these are (default: %(default)s)",
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument(
        "--max-photos",
        type=int,
        metavar="N",
        default=500_000,
        help="waiting photos laid out at once (default: %(default)s)",
    )
    parser.add_argument(
        "--summary", action="store_true", help="print what people decided so far, and end"
    )
    parser.add_argument("--json", action="store_true", help="with --summary: one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until it is ended, or print the summary."""
    if arguments.summary:
        return _print_summary(arguments)
    from landmark_core.review import ServeOptions, serve

    serve(
        arguments.out,
        ServeOptions(
            host=arguments.host,
            port=arguments.port,
            reviewer=arguments.reviewer,
            opens_browser=not arguments.no_browser,
            most_waiting=arguments.max_photos,
        ),
        clock=lambda: datetime.now(UTC),
        rng=random.SystemRandom(),
        announce=lambda line: print(line, file=sys.stderr, flush=True),
    )
    return EXIT_DONE


def _print_summary(arguments: argparse.Namespace) -> int:
    from landmark_core.review import summarise_out, summary_to_json, summary_to_text
    from landmark_core.tables import Store

    summary = summarise_out(Store(arguments.out))
    if arguments.json:
        print_json(summary_to_json(summary))
    else:
        print(summary_to_text(summary))
    return EXIT_DONE
