"""`landmarks check`: try once what a run will do, and say what is missing."""

import argparse
import dataclasses

from landmark_core.cli.console import EXIT_DONE, EXIT_USAGE, print_json

INTERRUPTED = "interrupted"
HELP = "try once to list and read SOURCE and to write OUT; say what is missing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add SOURCE, OUT and the form of the answer."""
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="folder, photo, text file of paths or URL (s3://, gs://, az://)",
    )
    parser.add_argument(
        "--out", required=True, metavar="OUT", help="folder or URL for tags and heatmaps"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each step as it is tried; exit code 2 where one fails."""
    from landmark_core.checking import check_places

    checks = []
    for check in check_places(arguments.source, arguments.out):
        checks.append(check)
        if not arguments.json:
            mark = "✓" if check.ok else "✗"
            print(f"{mark} {check.step:<9}  {check.place}  {check.said}", flush=True)
            if check.advice:
                print(f"{'':13}{check.advice}", flush=True)
    ok = all(check.ok for check in checks)
    if arguments.json:
        print_json({"ok": ok, "checks": [dataclasses.asdict(check) for check in checks]})
    return EXIT_DONE if ok else EXIT_USAGE
