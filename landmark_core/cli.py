"""The `landmarks` command: arguments in, exit code out; the only place that prints.

Exit codes: 0 done, 1 the run failed, 2 the command or its configuration is wrong, 130 interrupted.
Everything heavy is imported where it is used: `landmarks --help` needs no torch.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from landmark_core import __version__
from landmark_core.config import DEVICES, PRECISIONS, TagConfig
from landmark_core.errors import ConfigError, LandmarkError

if TYPE_CHECKING:
    from landmark_core.report import RunSummary
    from landmark_core.tagging import Progress

EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
INTERRUPTED = "interrupted: finished photos are kept; the same command goes on from there"
DEBUG_VARIABLE = "LANDMARKS_DEBUG"  # set to anything: tracebacks and debug logs


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    settle_threads()
    arguments = build_parser().parse_args(argv)
    return guard(lambda: arguments.run(arguments))


def settle_threads() -> None:
    """Let torch's threads sleep while they wait; call it before torch is imported.

    By default they spin: beside the processes that decode, and whatever else the machine does,
    a forward pass then takes twice as long and keeps the others from their work.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def guard(work: Callable[[], int]) -> int:
    """Run the work; turn what goes wrong into one line on stderr and an exit code."""
    debug = bool(os.environ.get(DEBUG_VARIABLE))
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s" if debug else "%(message)s",
        stream=sys.stderr,
    )
    try:
        return work()
    except KeyboardInterrupt:
        complain(INTERRUPTED)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as in `landmarks status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except ConfigError as error:
        complain(str(error))
        return EXIT_USAGE
    except LandmarkError as error:
        complain(str(error))
        return EXIT_FAILED
    except Exception as error:
        logging.getLogger(__name__).debug("unexpected", exc_info=True)
        complain(
            f"unexpected {type(error).__name__}: {error} (set {DEBUG_VARIABLE}=1 for the details)"
        )
        return EXIT_FAILED


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of `landmarks` with its subcommands."""
    parser = argparse.ArgumentParser(
        prog="landmarks", description="Tag photo libraries with the landmarks that they show."
    )
    parser.add_argument("--version", action="version", version=f"landmarks {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    tag = commands.add_parser("tag", help="tag the photos of a folder, a list or a bucket")
    tag.add_argument(
        "source",
        metavar="SOURCE",
        help="folder, photo, text file of paths (- for stdin) or URL (s3://, gs://, az://)",
    )
    add_tag_arguments(tag)
    tag.set_defaults(run=_tag)

    status = commands.add_parser("status", help="what is tagged, waiting for review, failed")
    status.add_argument("out", metavar="OUT", help="the folder or URL that `landmarks tag` wrote")
    status.add_argument("--json", action="store_true", help="print one JSON object")
    status.set_defaults(run=_status)

    models = commands.add_parser("models", help="show a model file")
    actions = models.add_subparsers(title="actions", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="what a model file says of itself")
    show.add_argument("model", metavar="MODEL", nargs="?", default="starter", help="file or name")
    show.add_argument("--classes", metavar="FILE", help="class names, one a line")
    show.add_argument("--json", action="store_true", help="print one JSON object")
    show.set_defaults(run=_show_model)
    return parser


def add_tag_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a tagging run, all but SOURCE; the flow's command shares them."""
    add = parser.add_argument
    default = TagConfig(source="-", out="-")
    add("--out", required=True, metavar="OUT", help="folder or URL for tags and heatmaps")
    add("--model", default=default.model, metavar="FILE|NAME", help="default: %(default)s")
    add("--classes", metavar="FILE", help="class names, one a line, for a model without them")
    add("--device", choices=DEVICES, default=default.device)
    add("--precision", choices=PRECISIONS, default=default.precision)
    add("--batch-size", type=_auto_or_int, default=default.batch_size, metavar="auto|N")
    add("--workers", type=_auto_or_int, default=default.workers, metavar="auto|N")
    add("--top-k", type=int, default=default.top_k, metavar="N", help="tags kept per photo")
    add(
        "--review-below",
        type=float,
        metavar="X",
        help="a person reviews photos under this confidence; 1 reviews all (default: the model's)",
    )
    add("--include", action="append", default=[], metavar="GLOB", help="only these; repeatable")
    add("--exclude", action="append", default=[], metavar="GLOB", help="not these; repeatable")
    add("--follow-links", action="store_true", help="follow symbolic links out of SOURCE")
    add("--limit", type=int, metavar="N", help="at most so many photos in this run")
    add("--shard-size", type=int, default=default.shard_size, metavar="N", help="photos per part")
    add("--retry-failed", action="store_true", help="try unreadable photos again")
    add("--dry-run", action="store_true", help="say what would be done, write nothing")
    add("--no-progress", action="store_true", help="no progress bar")
    add("--json", action="store_true", help="print the summary as one JSON object")


def config_from(arguments: argparse.Namespace) -> TagConfig:
    """Build the run's settings from parsed arguments; ConfigError says what is off."""
    return TagConfig(
        source=arguments.source,
        out=arguments.out,
        model=arguments.model,
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
        limit=arguments.limit,
        shard_size=arguments.shard_size,
        retry_failed=arguments.retry_failed,
    )


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object on stdout, and nothing else."""
    print(json.dumps(value, ensure_ascii=True, indent=2))


@contextlib.contextmanager
def drawn_progress(*, shown: bool) -> Iterator[Progress]:
    """Lend what a run tells its progress to: bars on stderr, or nothing."""
    from landmark_core.tagging import NoProgress

    if not shown:
        yield NoProgress()
        return
    bars = ProgressBars()
    try:
        yield bars
    finally:
        bars.close()


class ProgressBars:
    """Owns the bar on the terminal: photos found, then photos tagged with rate and time left."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._tqdm = tqdm
        self._bar = tqdm(bar_format="looking: {n_fmt} photos", leave=False, delay=1)

    def listed(self, photos: int) -> None:
        """Count photos while SOURCE is walked."""
        self._bar.update(photos)

    def planned(self, photos: int) -> None:
        """Start the bar of the work itself."""
        self.close()
        self._bar = self._tqdm(total=photos, unit="photo", desc="tagging", smoothing=0.1)

    def tagged(self, photos: int) -> None:
        """Move on by so many photos."""
        self._bar.update(photos)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._bar.close()


def print_summary(summary: RunSummary, out: str, *, as_json: bool) -> None:
    """Print a run's summary for a person, or as one JSON object for a machine."""
    from landmark_core.report_text import to_json, to_text

    if as_json:
        print_json(to_json(summary))
    else:
        print(to_text(summary, out))


def print_plan(arguments: argparse.Namespace) -> int:
    """Print what a run would do, for --dry-run."""
    from landmark_core.report_text import plan_to_text
    from landmark_core.tagging import preview

    config = config_from(arguments)
    with drawn_progress(shown=not arguments.no_progress) as progress:
        plan = preview(config, progress)
    if arguments.json:
        print_json({"dry_run": True, "plan": dataclasses.asdict(plan)})
    else:
        print(plan_to_text(plan, config.out))
    return EXIT_DONE


def _tag(arguments: argparse.Namespace) -> int:
    if arguments.dry_run:
        return print_plan(arguments)
    from landmark_core.tagging import tag_library

    config = config_from(arguments)
    with drawn_progress(shown=not arguments.no_progress) as progress:
        summary = tag_library(config, progress)
    print_summary(summary, config.out, as_json=arguments.json)
    return EXIT_DONE


def _status(arguments: argparse.Namespace) -> int:
    from landmark_core.status_text import status_to_json, status_to_text
    from landmark_core.tables import Store, status_counts

    status = status_counts(Store(arguments.out))
    if not status.photos and not status.runs:
        raise ConfigError(f"nothing was tagged in {arguments.out}; give the --out of a run")
    if arguments.json:
        print_json(status_to_json(status))
    else:
        print(status_to_text(status, arguments.out))
    return EXIT_DONE


def _show_model(arguments: argparse.Namespace) -> int:
    from landmark_core.model import load_model, show_model
    from landmark_core.model_text import model_to_text

    model = load_model(arguments.model, classes=arguments.classes)
    if arguments.json:
        print_json(show_model(model))
    else:
        print(model_to_text(model))
    return EXIT_DONE


def _auto_or_int(text: str) -> int | Literal["auto"]:
    if text == "auto":
        return "auto"
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected auto or a number, got {text!r}") from None


def complain(message: str) -> None:
    """Print what is wrong as one line on stderr."""
    print(f"landmarks: {' '.join(message.split())}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
