"""Save a training after each epoch, and take it up again after a kill.

One file, replaced as a whole: a kill at any moment leaves the last epoch's. It holds tensors and
plain values alone and is read with weights_only. A checkpoint names the training that it belongs
to; another training refuses it, since it would end in other weights without a word.
"""

import dataclasses
import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from landmark_core.errors import ConfigError
from landmark_core.training.averaging import State
from landmark_core.training.disk import disk_failed, replace_file
from landmark_core.training.examples import EpochMetrics

CHECKPOINT_FILE = "checkpoint.pt"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A training as it stands after some epochs."""

    identity: Mapping[str, str]  # what decides the weights: recipe, photos, seed, start, …
    network: State
    optimiser: dict[str, Any]
    scaler: dict[str, Any]  # of the gradients' scale; empty where none is needed
    mean: State  # of the weights of the last epochs so far
    mean_count: int
    best: State  # weights of the epoch with the least validation loss; empty without one
    best_epoch: int  # 0 where there is none
    history: tuple[EpochMetrics, ...]  # one for each finished epoch


def save_checkpoint(checkpoint: Checkpoint, folder: Path) -> None:
    """Replace the folder's checkpoint.

    Raises:
        RunError: the disk is full or cannot be written; the checkpoint before it stays.
    """
    content = {
        field.name: getattr(checkpoint, field.name) for field in dataclasses.fields(checkpoint)
    }
    content["format"] = FORMAT
    content["identity"] = dict(checkpoint.identity)
    content["history"] = [dataclasses.asdict(metrics) for metrics in checkpoint.history]
    buffer = io.BytesIO()
    torch.save(content, buffer)
    try:
        replace_file(folder / CHECKPOINT_FILE, buffer.getvalue())
    except OSError as error:
        raise disk_failed(error, folder) from error


def load_checkpoint(folder: Path, identity: Mapping[str, str]) -> Checkpoint | None:
    """Return the folder's checkpoint; null where there is none yet.

    Args:
        folder: of the training.
        identity: of the training that goes on.

    Raises:
        ConfigError: the checkpoint is of another training, or cannot be read.
    """
    path = folder / CHECKPOINT_FILE
    if not path.exists():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        if content.pop("format") != FORMAT:
            raise ConfigError(f"{path} was written by another version: train without --resume")
        content["history"] = tuple(EpochMetrics(**row) for row in content["history"])
        checkpoint = Checkpoint(**content)
    # AttributeError: another object than a dict; ValueError: a damaged zip or pickle
    except (
        OSError,
        RuntimeError,
        EOFError,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        pickle.UnpicklingError,
    ) as error:
        raise ConfigError(f"{path} cannot be read: train without --resume") from error
    other = [name for name in identity if checkpoint.identity.get(name) != identity[name]]
    if other:
        name = other[0]
        raise ConfigError(
            f"{path} is of another training: its {name} is {checkpoint.identity.get(name)}, here "
            f"{identity[name]}; give the same settings and photos, or train without --resume"
        )
    return checkpoint
