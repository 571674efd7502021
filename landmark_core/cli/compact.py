"""`landmarks compact`: many small parts become few large ones."""

import argparse

from landmark_core.cli.console import EXIT_DONE, print_json

HELP = "merge the small parts of many runs into few files"
INTERRUPTED = "interrupted: no row is lost; the next compaction finishes this one"

_EPILOG = """\
Runs, reviews and readers may go on meanwhile. The parts that were merged stay for the time of
--grace, so that whoever reads them can end; then they are removed. `landmarks` sees every row once
all the time; other programs that read OUT/tags may see rows twice during --grace.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add OUT, what to merge and when to remove."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("out", metavar="OUT", help="the folder or URL that `landmarks tag` wrote")
    parser.add_argument(
        "--older-than",
        metavar="HOURS",
        type=float,
        default=24.0,
        help="only parts of runs that began so many hours ago (default: 24)",
    )
    parser.add_argument(
        "--grace",
        metavar="SECONDS",
        type=float,
        default=900.0,
        help="how long replaced parts stay for those who read them (default: 900)",
    )
    parser.add_argument(
        "--target-rows",
        metavar="N",
        type=int,
        default=500_000,
        help="rows of a merged file, at most; parts with half of it are left (default: 500000)",
    )
    parser.add_argument(
        "--wait",
        metavar="SECONDS",
        type=float,
        default=0.0,
        help="how long to wait for a run that is writing to OUT (default: 0)",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be merged")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Compact one library."""
    import random
    from datetime import UTC, datetime

    from landmark_core.compaction_text import compaction_to_json, compaction_to_text
    from landmark_core.tables import CompactionSettings, Store, compact, preview_compaction

    settings = CompactionSettings(
        older_than_h=arguments.older_than,
        grace_s=arguments.grace,
        target_rows=arguments.target_rows,
        wait_s=arguments.wait,
    )
    store = Store(arguments.out)
    if arguments.dry_run:
        report = preview_compaction(store, settings, now=datetime.now(UTC))
    else:
        rng = random.Random()  # noqa: S311 - a name, not a secret
        report = compact(store, settings, now=lambda: datetime.now(UTC), rng=rng)
    if arguments.json:
        print_json(compaction_to_json(report))
    else:
        print(compaction_to_text(report, store.out, is_preview=arguments.dry_run))
    return EXIT_DONE
