"""Save and load model files: one TorchScript file that carries its own card.

The card is the JSON text `landmarks.json` among the extra files of `torch.jit.save`
(https://docs.pytorch.org/docs/stable/generated/torch.jit.save.html); a plain `torch.jit.load` works as ever.
The module takes normalised float (N, 3, H, W) and gives (N, C) scores. Normalisation stays outside, in
`Preprocess`, so that photos travel to the device as bytes. Files without a card go through `adopt`.
"""

import dataclasses
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from landmark_core.errors import ConfigError
from landmark_core.model.card import ModelCard
from landmark_core.model.card_json import card_from_json, card_to_json
from landmark_core.model.preprocess import Preprocess, preprocess_id
from landmark_core.model.source import ModelFile, read_model_file
from landmark_core.model.torchscript import load_script, save_script

CARD_FILE = "landmarks.json"


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
        ConfigError: if the module is not on the CPU in eval mode, does not give one score per class, or the
            file cannot be written.
    """
    if module.training:
        raise ConfigError("the module is in training mode: call .eval() before saving it")
    devices = {str(tensor.device) for tensor in module.state_dict().values()} - {"cpu"}
    if devices:
        raise ConfigError(f"the module is on {', '.join(sorted(devices))}: call .cpu() first")
    check_scores(module, card)
    _write_whole(Path(path), save_script(module, {CARD_FILE: card_to_json(card)}))


def check_scores(module: torch.jit.ScriptModule, card: ModelCard) -> None:
    """Run the module once and refuse it unless it gives one finite score per class.

    Raises:
        ConfigError: if the forward fails or its result is not (1, C) and finite.
    """
    size = card.preprocess.crop_size
    try:
        with torch.inference_mode():
            scores = module(torch.zeros(1, 3, size, size))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ConfigError(f"the model fails on a (1, 3, {size}, {size}) input: {reason}") from error
    expected = (1, len(card.class_names))
    got = tuple(scores.shape) if isinstance(scores, torch.Tensor) else type(scores).__name__
    if got != expected:
        raise ConfigError(f"the card names {expected[1]} classes: expected {expected} scores, got {got}")
    if not scores.isfinite().all():
        raise ConfigError("the model gives NaN or infinity on a black photo: its weights are broken")


def load_model(name_or_path: str, *, classes: str | None = None) -> LoadedModel:
    """Load a model by name, path or URL.

    Args:
        name_or_path: a packaged name such as "starter", a file, or an fsspec URL.
        classes: file of class names, one a line, in the order of the scores; None takes the model's own.

    Raises:
        ConfigError: if there is no such model, the file is not one that can be run, or names are missing.
    """
    file = read_model_file(name_or_path)
    module = load_script(file.data)
    card = card_from_json(_card_text(file))
    check_scores(module, card)
    return LoadedModel(
        module=module,
        card=card,
        preprocess=Preprocess(card.preprocess),
        model_id=file.model_id,
        preprocess_id=preprocess_id(card.preprocess, classes=None),
        notes=(),
        path=file.path,
        size_bytes=len(file.data),
    )


def _card_text(file: ModelFile) -> str:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        (member,) = [n for n in archive.namelist() if n.endswith(f"/extra/{CARD_FILE}")]
        return archive.read(member).decode()


def _write_whole(path: Path, data: bytes) -> None:
    """Write to a temporary name beside the target, then rename over it."""
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", suffix=".tmp", delete=False
        ) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), 0o644)  # temporary files are private, models are not
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise ConfigError(f"model {path} cannot be written: {error}") from error
