"""`landmarks models`: which models there are, what they say of themselves, which one tags."""

import argparse
import shlex
from datetime import UTC, datetime
from pathlib import Path

from landmark_core.cli.console import EXIT_DONE, print_json
from landmark_core.cli.outputs import refuse_overwriting
from landmark_core.errors import ConfigError

HELP = "list and show models, choose the one that tags"
INTERRUPTED = "interrupted"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions on models."""
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="the versions of a model folder")
    listing.add_argument(
        "folder", metavar="MODEL_DIR", nargs="?", help="default: the models of this installation"
    )
    _add_json(listing)
    listing.set_defaults(run=_list)

    show = actions.add_parser("show", help="what a model file says of itself")
    show.add_argument(
        "model",
        metavar="MODEL",
        nargs="?",
        default="starter",
        help="file, name, MODEL_DIR or MODEL_DIR@VERSION; default: %(default)s",
    )
    show.add_argument("--classes", metavar="FILE", help="class names, one a line")
    _add_json(show)
    show.set_defaults(run=_show)

    export = actions.add_parser("export", help="write a model as one TorchScript file with a card")
    export.add_argument("model", metavar="MODEL", help="file, name, MODEL_DIR, MODEL_DIR@VERSION")
    export.add_argument("--out", required=True, metavar="FILE", help="the file to write")
    export.add_argument("--format", choices=("torchscript", "pt2"), default="torchscript")
    export.add_argument("--classes", metavar="FILE", help="class names, one a line")
    export.set_defaults(run=_export)

    promote = actions.add_parser("promote", help="make a version the champion, which tags")
    _add_folder(promote)
    promote.add_argument("version", metavar="VERSION", help="its name, or a unique beginning")
    promote.add_argument("--reason", required=True, metavar="TEXT", help="why, for the history")
    promote.add_argument(
        "--force", action="store_true", help="also where it did not prove better than the champion"
    )
    _add_json(promote)
    promote.set_defaults(run=_promote)

    rollback = actions.add_parser("rollback", help="go back to the champion before")
    _add_folder(rollback)
    rollback.add_argument("--reason", required=True, metavar="TEXT", help="why, for the history")
    _add_json(rollback)
    rollback.set_defaults(run=_rollback)


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="MODEL_DIR", help="the --out of `landmarks train`")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _list(arguments: argparse.Namespace) -> int:
    from landmark_core import model_text
    from landmark_core.model import Registry, is_registry, read_packaged_models

    if arguments.folder is None:
        models = read_packaged_models()
        if arguments.json:
            print_json({"models": [model_text.packaged_to_json(model) for model in models]})
        else:
            print(model_text.packaged_to_text(models))
        return EXIT_DONE
    if not is_registry(Path(arguments.folder)):
        raise ConfigError(
            f"no models in {arguments.folder}: expected the --out of `landmarks train`"
        )
    registry = Registry(Path(arguments.folder))
    versions, problems = registry.versions(), registry.problems()
    if arguments.json:
        listed = [model_text.version_to_json(version) for version in versions]
        print_json({"versions": listed, "problems": list(problems)})
    else:
        print(model_text.versions_to_text(versions, problems))
    return EXIT_DONE


def _show(arguments: argparse.Namespace) -> int:
    from landmark_core import model_text
    from landmark_core.model import find_version, load_model, show_model

    version = find_version(arguments.model)
    model = load_model(arguments.model, classes=arguments.classes)
    if arguments.json:
        shown = show_model(model)
        if version is not None:
            shown["version"] = model_text.version_to_json(version)
        print_json(shown)
        return EXIT_DONE
    print(model_text.model_to_text(model))
    if version is not None:
        print(model_text.version_to_text(version, model.card.metrics))
    return EXIT_DONE


def _export(arguments: argparse.Namespace) -> int:
    from landmark_core.model import convert_model, load_model

    refuse_overwriting("--out", Path(arguments.out), "model")
    model = load_model(arguments.model, classes=arguments.classes)
    convert_model(model, arguments.out, format=arguments.format)
    print(f"{arguments.out}: {model.card.name}, {len(model.card.class_names):,} classes")
    for note in model.notes:
        print(f"Note: {note}")
    return EXIT_DONE


def _promote(arguments: argparse.Namespace) -> int:
    from landmark_core.model import Registry, user_name

    version = Registry(Path(arguments.folder)).promote(
        arguments.version,
        reason=arguments.reason,
        by=user_name(),
        now=datetime.now(UTC),
        force=arguments.force,
    )
    return _say_champion(arguments, version.name, version.model_id)


def _rollback(arguments: argparse.Namespace) -> int:
    from landmark_core.model import Registry, user_name

    version = Registry(Path(arguments.folder)).rollback(
        reason=arguments.reason, by=user_name(), now=datetime.now(UTC)
    )
    return _say_champion(arguments, version.name, version.model_id)


def _say_champion(arguments: argparse.Namespace, name: str, model_id: str) -> int:
    if arguments.json:
        print_json({"champion": name, "model_id": model_id})
    else:
        print(f"{name} is the champion now (model_id {model_id})")
        folder = shlex.quote(arguments.folder)
        print(f"Next: landmarks tag SOURCE --out OUT --model {folder}")
    return EXIT_DONE
