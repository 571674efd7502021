"""Read a training's history.csv: one row an epoch, as the training wrote it."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from landmark_core.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One row of a history; null where nothing was measured."""

    epoch: int  # from 1 on
    train_loss: float | None
    train_accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float | None


def read_history(path: Path) -> tuple[Epoch, ...]:
    """Return the epochs of a history.csv, in its order; columns that are not drawn are passed over.

    Raises:
        ConfigError: if the file cannot be read, or a column is missing or holds no numbers.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return tuple(
                Epoch(
                    epoch=int(row["epoch"]),
                    train_loss=_number(row["train_loss"]),
                    train_accuracy=_number(row["train_accuracy"]),
                    validation_loss=_number(row["validation_loss"]),
                    validation_accuracy=_number(row["validation_accuracy"]),
                )
                for row in csv.DictReader(file)
            )
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, ValueError, TypeError) as error:
        raise ConfigError(f"history {path} cannot be read: {error!r}") from error


def _number(text: str) -> float | None:
    value = float(text) if text.strip() else math.nan
    return value if math.isfinite(value) else None
