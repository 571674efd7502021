"""`landmarks status`: what is tagged, waiting for review, failed; which models."""

import argparse
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from landmark_core.addresses import without_secrets
from landmark_core.cli.console import EXIT_DONE, print_json
from landmark_core.cli.outputs import refuse_overwriting
from landmark_core.errors import ConfigError

if TYPE_CHECKING:
    from landmark_core.dashboard import Look

INTERRUPTED = "interrupted"
HELP = "what is tagged, waiting for review, failed"

_EPILOG = """\
Photos are counted as they stand now: by their newest row, with people's decisions on top. Months
are those of the file's last change. Without a terminal, or where NO_COLOR is set, there are no
colours. The page of --html is one file without scripts; it asks for nothing from anywhere.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add OUT and the form of the answer."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("out", metavar="OUT", help="the folder or URL that `landmarks tag` wrote")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write a page with charts there")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print the state of a library, or write it as a page."""
    from landmark_core.dashboard import render_status, status_to_json, status_to_text
    from landmark_core.number_text import count_text
    from landmark_core.tables import Folder, Store, status_counts

    store = Store(arguments.out)
    status = status_counts(store)
    if not status.photos and not status.runs:
        place = store.place
        is_missing = isinstance(place, Folder) and not place.root.exists()
        what = "there is no folder" if is_missing else "nothing was tagged in"
        raise ConfigError(f"{what} {arguments.out}; give the --out of a run")
    if arguments.html:
        refuse_overwriting("--html", arguments.html, "page")
        page = render_status(status, without_secrets(arguments.out), datetime.now(UTC))
        path = arguments.html.absolute()
        Folder(path.parent).put(path.name, page.encode())
    if arguments.json:
        print_json(status_to_json(status))
    elif not arguments.html:
        print(status_to_text(status, without_secrets(arguments.out), _look()))
    else:
        print(f"{count_text(status.photos, 'photo')}: {arguments.html}")
    return EXIT_DONE


def _look() -> "Look":
    """Return what standard output can show; https://no-color.org says when without colours."""
    from landmark_core.dashboard import Look

    is_terminal = sys.stdout.isatty()
    coloured = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Look(
        width=shutil.get_terminal_size().columns if is_terminal else 80,
        has_colour=coloured,
        has_blocks="utf" in (sys.stdout.encoding or "").lower(),
    )
