"""Save and load model files: one TorchScript file that carries its own card.

The card is the JSON text `landmarks.json` among the extra files of `torch.jit.save`
(https://docs.pytorch.org/docs/stable/generated/torch.jit.save.html); a plain `torch.jit.load`
works as ever. The module takes normalised float (N, 3, H, W) and gives (N, C) scores.
Normalisation stays outside, in `Preprocess`, so that photos travel to the device as bytes. Files
without a card go through `adopt`. A .pt2 file of torch.export is loaded as well, with the same
card; `export` writes it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from landmark_core.errors import ConfigError
from landmark_core.model.adopt import Adopted, adopt
from landmark_core.model.archive import CARD_FILE, ScriptArchive, open_script_archive
from landmark_core.model.card import ModelCard, rename_classes
from landmark_core.model.card_json import card_from_json, card_to_json
from landmark_core.model.class_names import read_class_names
from landmark_core.model.files import write_whole
from landmark_core.model.operators import provide_operators, unknown_operator
from landmark_core.model.preprocess import Preprocess, preprocess_id
from landmark_core.model.probe import last_line, run_module
from landmark_core.model.program import load_program
from landmark_core.model.program_archive import is_program, open_program_archive
from landmark_core.model.source import ModelFile, check_sha256, read_model_file
from landmark_core.model.torchscript import SCRIPT_ERRORS, load_script, save_script


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A model that is ready to run, and everything that is known or was assumed about it."""

    module: torch.jit.ScriptModule  # on the CPU, in eval mode; normalised (N, 3, H, W) -> (N, C)
    card: ModelCard
    preprocess: Preprocess
    model_id: str  # 16 hex digits of the file's SHA-256
    preprocess_id: str  # 16 hex digits
    notes: tuple[str, ...]  # what was guessed or assumed, one line each; () for our own files
    path: str  # absolute path or URL of the file
    size_bytes: int


def save_model(module: torch.jit.ScriptModule, card: ModelCard, path: str | Path) -> None:
    """Write a module and its card as one file that appears complete or not at all.

    Raises:
        ConfigError: if the module is not on the CPU in eval mode, does not give one score per
            class, or the file cannot be written.
    """
    if module.training:
        raise ConfigError("the module is in training mode: call .eval() before saving it")
    devices = {str(tensor.device) for tensor in module.state_dict().values()} - {"cpu"}
    if devices:
        raise ConfigError(f"the module is on {', '.join(sorted(devices))}: call .cpu() first")
    check_scores(module, card)
    try:
        write_whole(Path(path), save_script(module, {CARD_FILE: card_to_json(card)}))
    except OSError as error:
        raise ConfigError(f"model {path} cannot be written: {error}") from error


def check_scores(module: torch.jit.ScriptModule, card: ModelCard) -> None:
    """Run the module once and refuse it unless it gives one finite score per class.

    Raises:
        ConfigError: if the forward fails or its result is not (1, C) and finite.
    """
    size = card.preprocess.crop_size
    try:
        scores = run_module(module, torch.zeros(1, 3, size, size))
    except SCRIPT_ERRORS as error:
        raise ConfigError(
            f"it fails on a (1, 3, {size}, {size}) input: {last_line(error)}"
        ) from error
    if scores.shape[1] != len(card.class_names):
        raise ConfigError(
            f"the card names {len(card.class_names)} classes, "
            f"the module gives {scores.shape[1]} scores"
        )


def load_model(
    name_or_path: str, *, classes: str | None = None, sha256: str | None = None
) -> LoadedModel:
    """Load a model by name, path or URL.

    Args:
        name_or_path: a packaged name such as "starter", a file, or an fsspec URL.
        classes: file of class names, one a line, in the order of the scores; None takes the
            model's own.
        sha256: 64 hex digits that the file must have; it is checked before anything of the file is
            interpreted, for a TorchScript file holds a program.

    Raises:
        ConfigError: if there is no such model, it is not the file that sha256 means, the file is
            not one that can be run, or names are missing.
    """
    file = read_model_file(name_or_path)
    if sha256 is not None:
        check_sha256(file, sha256)
    module, card_text = _open(file)
    names = None if classes is None else read_class_names(classes)
    try:
        if card_text is None:
            found = adopt(module, path=file.path, class_names=names)
        else:
            found = _own_model(module, card_text, names)
    except ConfigError as error:
        raise ConfigError(f"model {file.name}: {error}") from error
    return LoadedModel(
        module=found.module,
        card=found.card,
        preprocess=Preprocess(found.card.preprocess),
        model_id=file.model_id,
        preprocess_id=preprocess_id(
            found.card.preprocess, classes=None if names is None else found.card.class_names
        ),
        notes=found.notes,
        path=file.path,
        size_bytes=len(file.data),
    )


def show_model(model: LoadedModel) -> dict[str, object]:
    """Return what `landmarks models show` prints, ready for JSON."""
    return {
        "path": model.path,
        "size_bytes": model.size_bytes,
        "model_id": model.model_id,
        "preprocess_id": model.preprocess_id,
        "notes": list(model.notes),
        "card": json.loads(card_to_json(model.card)),
    }


def _open(file: ModelFile) -> tuple[torch.jit.ScriptModule, str | None]:
    """Return the module of a file of either format, and the text of its card."""
    if not is_program(file.data):
        archive = open_script_archive(file.data, file.name)
        return _load(file, archive), archive.card_text
    program = open_program_archive(file.data, file.name)
    try:
        return load_program(program.data), program.card_text
    except ConfigError as error:
        raise ConfigError(f"model {file.name}: {error}") from error


def _load(file: ModelFile, archive: ScriptArchive) -> torch.jit.ScriptModule:
    provide_operators(archive.code)
    try:
        return load_script(file.data)
    except (*SCRIPT_ERRORS, ValueError, IndexError) as error:
        operator = unknown_operator(error)
        if operator is not None:
            raise ConfigError(
                f"model {file.name} names the operator {operator}, which torch "
                f"{torch.__version__} does not know: install the package that brings it, "
                "or export the model again"
            ) from error
        reason = str(error).strip().partition("\n")[0]
        raise ConfigError(f"model {file.name}: torch cannot load it: {reason}") from error


def _own_model(
    module: torch.jit.ScriptModule, card_text: str, names: Sequence[str] | None
) -> Adopted:
    card = card_from_json(card_text)
    check_scores(module, card)
    if names is None:
        return Adopted(module=module, card=card, notes=())
    note = "class names come from --classes in place of the model's own"
    return Adopted(module=module, card=rename_classes(card, tuple(names)), notes=(note,))
