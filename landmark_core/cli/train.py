"""`landmarks train`: options to settings, bars while it learns, the summary. The flow shares them.

What an option may be is checked where the settings are (`training`), not a second time here.
"""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from landmark_core.cli.console import EXIT_DONE, print_json
from landmark_core.cli.options import auto_or_int
from landmark_core.cli.progress import drawn_training
from landmark_core.config import DEVICES

if TYPE_CHECKING:
    from landmark_core.training import Recipe, TrainConfig, TrainSummary

HELP = "train a model from folders of photos and judge it"
INTERRUPTED = "interrupted: finished epochs are kept; the same command with --resume goes on"
FORMATS = {"torchscript": ("torchscript",), "pt2": ("torchscript", "pt2")}  # option -> files
# Options that stand for a field of the recipe; given ones replace what its file says.
RECIPE_FIELDS = (
    "arch",
    "backbone",
    "weights",
    "augment",
    "batch_size",
    "epochs",
    "frozen_stages",
    "views",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add DATA and the options of a training."""
    parser.add_argument(
        "data", metavar="DATA", help="folder with a folder per class, or with train/ and test/"
    )
    add_train_arguments(parser)


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a training, all but DATA; the flow's command shares them."""
    add = parser.add_argument
    add("--out", required=True, metavar="MODEL_DIR", help="folder of versions and their champion")
    add("--negatives", metavar="DIR", help="photos that show none of the landmarks")
    add("--reviews", metavar="OUT", help="a tagged library whose reviews become labels")
    _add_recipe_arguments(parser)
    add("--seed", type=int, default=1, metavar="N", help="same seed, same weights on the CPU")
    add("--device", choices=DEVICES, default="auto")
    add("--folds", type=int, default=0, metavar="N", help="N models judge each other's photos")
    add("--jobs", type=auto_or_int, default="auto", metavar="auto|N", help="folds side by side")
    add("--workers", type=auto_or_int, default="auto", metavar="auto|N", help="decoding processes")
    add("--name", default="landmarks", help="of the model, in its card; default: %(default)s")
    add("--card", metavar="FILE.toml", help="licence, notes and places of the tags, for the card")
    add("--format", default="torchscript", metavar="torchscript|pt2", help="pt2: both files")
    add("--promote", default="auto", metavar="auto|never", help="auto: where it proved better")
    add("--resume", action="store_true", help="go on with the training that was killed")
    add("--dry-run", action="store_true", help="report on the photos, train nothing")
    add("--no-progress", action="store_true", help="no progress bar")
    add("--json", action="store_true", help="print the summary as one JSON object")


def _add_recipe_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("recipe (each replaces what the file says)").add_argument
    add("--recipe", metavar="FILE.toml", help="every number of a training; see docs/recipes")
    add("--arch", metavar="cnn|resnet|transfer", help="default: transfer")
    add("--backbone", metavar="NAME", help="of torchvision, for transfer; default: mobilenet_v2")
    add(
        "--weights",
        metavar="FILE|starter|MODEL_DIR|default|none",
        help="that the backbone starts from; default: torchvision's, downloaded once",
    )
    add("--augment", metavar="original|light|strong", help="default: light")
    add("--batch-size", type=int, metavar="N", help="photos per step")
    add("--epochs", type=int, metavar="N")
    add("--frozen-stages", type=int, metavar="N", help="of the backbone, that never change")
    add("--views", type=int, metavar="N", help="views of a photo, made once; 0: new each epoch")


def build_train_config(arguments: argparse.Namespace) -> TrainConfig:
    """Build a training's settings from parsed arguments; ConfigError says what is off."""
    from landmark_core.training import TrainConfig

    formats: Any = FORMATS.get(arguments.format, (arguments.format,))  # the settings check it
    return TrainConfig(
        data=arguments.data,
        out=arguments.out,
        recipe=build_recipe(arguments),
        negatives=arguments.negatives,
        reviews=arguments.reviews,
        resume=arguments.resume,
        seed=arguments.seed,
        device=arguments.device,
        folds=arguments.folds,
        jobs=arguments.jobs,
        workers=arguments.workers,
        name=arguments.name,
        card=arguments.card,
        formats=formats,
        promote=arguments.promote,
    )


def build_recipe(arguments: argparse.Namespace) -> Recipe:
    """Return the recipe of the file, or the default one, with the options that were given."""
    from landmark_core.training import Recipe, read_recipe

    recipe = read_recipe(arguments.recipe) if arguments.recipe else Recipe()
    given = {name: getattr(arguments, name) for name in RECIPE_FIELDS}
    given = {name: value for name, value in given.items() if value is not None}
    return dataclasses.replace(recipe, **given) if given else recipe


def run(arguments: argparse.Namespace) -> int:
    """Train, judge and perhaps promote a model, and print the summary."""
    if arguments.dry_run:
        return print_data_report(arguments)
    config = build_train_config(arguments)
    from landmark_core.training import train_model

    with drawn_training(shown=not arguments.no_progress) as progress:
        summary = train_model(config, progress)
    print_training(summary, as_json=arguments.json)
    return EXIT_DONE


def print_data_report(arguments: argparse.Namespace) -> int:
    """Print what a training would learn from, for --dry-run."""
    config = build_train_config(arguments)
    from landmark_core.training import data_report_to_json, data_report_to_text, report_data

    with drawn_training(shown=not arguments.no_progress) as progress:
        report = report_data(config, progress)
    if arguments.json:
        print_json({"dry_run": True, "data": data_report_to_json(report)})
    else:
        print(data_report_to_text(report))
    return EXIT_DONE


def print_training(summary: TrainSummary, *, as_json: bool) -> None:
    """Print a training's summary for a person, or as one JSON object for a machine."""
    from landmark_core.training import summary_to_json, summary_to_text

    if as_json:
        print_json(summary_to_json(summary))
    else:
        print(summary_to_text(summary))
