"""`landmarks import`: a file that was edited elsewhere becomes decisions."""

import argparse
import random
from datetime import UTC, datetime
from pathlib import Path

from landmark_core.cli.console import EXIT_DONE, EXIT_USAGE, complain, print_json
from landmark_core.cli.options import default_reviewer

HELP = "take in decisions from a spreadsheet or Label Studio"
INTERRUPTED = "interrupted: what was saved stands; the same command goes on from there"

_EPILOG = """\
FILE is a CSV of `landmarks export` in which person_decision or person_tag were changed, or what
Label Studio exports as JSON or JSON_MIN for such tasks. The whole file is checked first: if any of
it cannot be understood, nothing is imported. The same file a second time adds nothing.

The later word counts. A photo on which somebody decided here, or took a decision back, after the
CSV was exported or the annotation was last changed, keeps what stands; to change it, export again
and edit that. A photo that has changed since the export is not imported either. Both are counted.

final_decision and final_tag say what stands and are not read: rows in which they were changed are
counted, and where the file has nothing else the exit code is 2. A tag that differs from a known one
in case, accents or signs alone becomes that one.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add OUT, the file and who decided."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("out", metavar="OUT", help="the folder or URL that `landmarks tag` wrote")
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument(
        "--format",
        choices=("csv", "label-studio", "auto"),
        default="auto",
        help="default: auto, by the first sign of the file",
    )
    parser.add_argument(
        "--reviewer",
        metavar="NAME",
        default=default_reviewer(),
        help="who decided where the file does not say it, as in changed rows of a CSV "
        "(default: %(default)s)",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be saved")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Import one file and say what became of it."""
    from landmark_core.export import (
        ImportSettings,
        import_file,
        import_to_json,
        import_to_text,
        unread_to_text,
    )
    from landmark_core.tables import Store

    settings = ImportSettings(
        format=arguments.format, reviewer=arguments.reviewer, is_dry=arguments.dry_run
    )
    report = import_file(
        Store(arguments.out),
        arguments.file,
        settings,
        clock=lambda: datetime.now(UTC),
        rng=random.SystemRandom(),
    )
    if arguments.json:
        print_json(import_to_json(report))
    else:
        print(import_to_text(report, is_dry=arguments.dry_run))
    unread = unread_to_text(report)
    if unread is not None:
        complain(unread)
    # Somebody's whole work would be lost without anybody noticing.
    return EXIT_USAGE if unread and not report.fates["new"] else EXIT_DONE
