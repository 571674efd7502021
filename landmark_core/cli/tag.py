"""`landmarks tag`: the options of a tagging run, and what it prints. The flow shares both."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from landmark_core.addresses import without_secrets
from landmark_core.cli.console import EXIT_DONE, print_json
from landmark_core.cli.console import INTERRUPTED as INTERRUPTED
from landmark_core.cli.options import auto_or_int
from landmark_core.cli.progress import drawn_progress
from landmark_core.config import (
    DEVICES,
    PRECISIONS,
    ReadLimits,
    TagConfig,
    limits_from,
    settings_to_keep,
)

if TYPE_CHECKING:
    from landmark_core.report import RunSummary

HELP = "tag the photos of a folder, a list or a bucket"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add SOURCE and the options of a tagging run."""
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="folder, photo, text file of paths (- for stdin) or URL (s3://, gs://, az://)",
    )
    add_tag_arguments(parser)


def add_tag_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a tagging run, all but SOURCE; the flow's command shares them."""
    add = parser.add_argument
    default = TagConfig(source="-", out="-")
    add("--out", required=True, metavar="OUT", help="folder or URL for tags and heatmaps")
    add(
        "--model", default=default.model, metavar="FILE|NAME|MODEL_DIR", help="default: %(default)s"
    )
    add("--model-sha256", metavar="HEX", help="refuse a model file that has another SHA-256")
    add("--classes", metavar="FILE", help="class names, one a line, for a model without them")
    add("--device", choices=DEVICES, default=default.device)
    add("--precision", choices=PRECISIONS, default=default.precision)
    add("--batch-size", type=auto_or_int, default=default.batch_size, metavar="auto|N")
    add("--workers", type=auto_or_int, default=default.workers, metavar="auto|N")
    add("--top-k", type=int, default=default.top_k, metavar="N", help="tags kept per photo")
    add(
        "--review-below",
        type=float,
        metavar="X",
        help="a person reviews new photos under this confidence; 1 reviews all of them (default: "
        "the model's)",
    )
    add("--include", action="append", default=[], metavar="GLOB", help="only these; repeatable")
    add("--exclude", action="append", default=[], metavar="GLOB", help="not these; repeatable")
    add("--follow-links", action="store_true", help="follow symbolic links out of SOURCE")
    add(
        "--since",
        metavar="WHEN",
        help="only photos that came or changed since then: an age (36h, 7d, 2w), a day (2026-11-20)"
        " or a moment with its zone; SOURCE may then hold date fields, as in uploads/%%Y/%%m/%%d",
    )
    add(
        "--time-zone",
        default=default.time_zone,
        metavar="ZONE",
        help="whose days --since and the date fields of SOURCE mean (default: %(default)s)",
    )
    add("--limit", type=int, metavar="N", help="at most so many photos in this run")
    add("--shard-size", type=int, default=default.shard_size, metavar="N", help="photos per part")
    add(
        "--photo-limit",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=_limits_help(default.limits),
    )
    add("--wait", type=float, default=0.0, metavar="SECONDS", help="for another run to end")
    add("--retry-failed", action="store_true", help="try unreadable photos again")
    add("--dry-run", action="store_true", help="say what would be done, write nothing")
    add("--no-progress", action="store_true", help="no progress bar")
    add("--json", action="store_true", help="print the summary as one JSON object")


def _limits_help(limits: ReadLimits) -> str:
    named = ", ".join(f"{name}={value:.10g}" for name, value in asdict(limits).items())
    return "what one photo may cost, beyond which it is a row that says so; repeatable: " + named


def config_from(arguments: argparse.Namespace) -> TagConfig:
    """Build the run's settings from parsed arguments; ConfigError says what is off."""
    from landmark_core.model import pin_model

    return TagConfig(
        source=arguments.source,
        out=arguments.out,
        model=pin_model(arguments.model),  # one version, whoever is promoted meanwhile
        model_sha256=arguments.model_sha256,
        classes=arguments.classes,
        device=arguments.device,
        precision=arguments.precision,
        batch_size=arguments.batch_size,
        workers=arguments.workers,
        top_k=arguments.top_k,
        review_below=arguments.review_below,
        include=tuple(arguments.include),
        exclude=tuple(arguments.exclude),
        follow_links=arguments.follow_links,
        since=arguments.since,
        time_zone=arguments.time_zone,
        limit=arguments.limit,
        shard_size=arguments.shard_size,
        retry_failed=arguments.retry_failed,
        limits=limits_from(arguments.photo_limit),
    )


def run(arguments: argparse.Namespace) -> int:
    """Tag what is missing and print the summary."""
    if arguments.dry_run:
        return print_plan(arguments)
    from landmark_core.tagging import tag_library

    config = config_from(arguments)
    with drawn_progress(shown=not arguments.no_progress) as progress:
        summary = tag_library(config, progress, wait_s=arguments.wait)
    print_summary(summary, config.out, as_json=arguments.json)
    return EXIT_DONE


def print_summary(summary: RunSummary, out: str, *, as_json: bool) -> None:
    """Print a run's summary for a person, or as one JSON object for a machine."""
    from landmark_core.report_text import to_json, to_text

    if as_json:
        print_json(to_json(summary))
    else:
        print(to_text(summary, without_secrets(out)))


def print_plan(arguments: argparse.Namespace) -> int:
    """Print what a run would do, for --dry-run."""
    from landmark_core.report_text import plan_to_text
    from landmark_core.tagging import preview

    config = config_from(arguments)
    with drawn_progress(shown=not arguments.no_progress) as progress:
        plan = preview(config, progress)
    if arguments.json:
        print_json({"dry_run": True, "plan": asdict(plan)})
    else:
        print(plan_to_text(plan, without_secrets(config.out), settings_to_keep(config)))
    return EXIT_DONE
