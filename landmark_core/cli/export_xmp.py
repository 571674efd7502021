"""The part of `landmarks export` that writes XMP sidecars beside the photos."""

import argparse

from landmark_core.cli.console import EXIT_DONE, print_json
from landmark_core.errors import ConfigError

_OPTIONS = ("naming", "tag_below_review", "undo", "dry_run", "all_diffs", "threads", "model")


def add_xmp_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only sidecars need."""
    xmp = parser.add_argument_group("xmp")
    xmp.add_argument(
        "--naming",
        choices=("full", "stem"),
        help="photo.jpg.xmp (full, the default) or photo.xmp (stem)",
    )
    xmp.add_argument(
        "--tag-below-review",
        action="store_true",
        help="write the model's best tag of photos that wait for a person, too",
    )
    xmp.add_argument(
        "--undo",
        action="store_true",
        help="take away what was written before: the sidecars are as they were",
    )
    xmp.add_argument(
        "--dry-run",
        action="store_true",
        help="show what would change: the diffs of the first sidecars, and counts",
    )
    xmp.add_argument(
        "--all-diffs", action="store_true", help="with --dry-run: the diff of every sidecar"
    )
    xmp.add_argument("--json", action="store_true", help="print one JSON object")
    xmp.add_argument(
        "--threads", "--workers", metavar="N", type=int, help="sidecars at once (default: 8)"
    )
    xmp.add_argument(
        "--model",
        metavar="FILE",
        help="a model whose card knows countries and cities, where the runs' own is not found",
    )


def refuse_xmp_arguments(arguments: argparse.Namespace) -> None:
    """Raise ConfigError where an option of sidecars goes with another format."""
    for name in (*_OPTIONS, "json"):
        if getattr(arguments, name):
            option = "--" + name.replace("_", "-")
            raise ConfigError(f"{option} goes with --format xmp")


def run_xmp(arguments: argparse.Namespace) -> int:
    """Write, change or remove the sidecars of a library."""
    from datetime import UTC, datetime

    from landmark_core.sidecars import (
        THREADS,
        DiffChoice,
        Outcome,
        SidecarSettings,
        diff_lines,
        export_sidecars,
        sidecars_to_json,
        sidecars_to_text,
    )
    from landmark_core.tables import Store

    if arguments.to or arguments.state != "all" or arguments.config_to or arguments.image_prefix:
        raise ConfigError(
            "--to, --state, --config-to and --image-prefix do not go with --format xmp: sidecars "
            "lie beside their photos"
        )
    settings = SidecarSettings(
        naming=arguments.naming or "full",
        below_review=arguments.tag_below_review,
        undo=arguments.undo,
        is_dry=arguments.dry_run,
        threads=THREADS if arguments.threads is None else arguments.threads,
        model=arguments.model,
    )

    if arguments.all_diffs and (arguments.json or not arguments.dry_run):
        raise ConfigError("--all-diffs goes with --dry-run, and not with --json")
    choice = DiffChoice(None) if arguments.all_diffs else DiffChoice()

    def show(outcome: Outcome) -> None:
        if arguments.dry_run and not arguments.json and choice.takes(outcome):
            for line in diff_lines(outcome):
                print(line)

    report = export_sidecars(Store(arguments.out), settings, datetime.now(UTC), show)
    if arguments.json:
        print_json(sidecars_to_json(report, is_dry=arguments.dry_run))
    else:
        if rest := choice.rest_to_text():
            print(rest)
        print(sidecars_to_text(report, is_dry=arguments.dry_run))
    return EXIT_DONE
