"""Add up the steps of an epoch, and stop a training whose numbers have gone astray."""

import math
from collections import deque
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from torch import Tensor

from landmark_core.errors import RunError
from landmark_core.training.checkpoint import CHECKPOINT_FILE
from landmark_core.training.examples import Watch


class Tally:
    """Adds up an epoch's steps, tells the watch, and stops a training that has gone astray."""

    def __init__(self, watch: Watch, *, lag: int, epoch: int, folder: Path) -> None:
        """Begin an epoch.

        Args:
            watch: is told of every step.
            lag: steps whose figures stay unread: reading the newest would make a GPU wait.
            epoch: from 1, for messages.
            folder: of the training, for messages.
        """
        self._watch = watch
        self._lag = lag
        self._epoch = epoch
        self._folder = folder
        self._unread: deque[Tensor] = deque()
        self._figures: list[list[float]] = []

    @property
    def loss(self) -> float:
        """The mean over the steps."""
        return float(np.mean([figures[0] for figures in self._figures]))

    @property
    def accuracy(self) -> float:
        """The share of landmark photos that were right."""
        _, correct, photos = np.sum(self._figures, axis=0)
        return float(correct / max(photos, 1))

    def add(self, figures: Tensor) -> None:
        """Take in the (3,) figures of a step: loss, right answers, landmark photos.

        Raises:
            RunError: a loss is NaN or infinite.
        """
        self._unread.append(figures)
        while len(self._unread) > self._lag:
            self._read()

    def finish(self) -> None:
        """Read what is left."""
        while self._unread:
            self._read()

    def _read(self) -> None:
        loss, correct, photos = self._unread.popleft().tolist()
        self._figures.append([loss, correct, photos])
        if not math.isfinite(loss):
            raise _gone_astray(f"step {len(self._figures)}", self._epoch, self._folder)
        self._watch.step_done(loss, correct / max(photos, 1))


def check_finite(tensors: Iterable[Tensor], epoch: int, folder: Path) -> None:
    """Refuse weights that the last steps spoilt without their loss showing it.

    Raises:
        RunError: one is NaN or infinite.
    """
    if not all(bool(values.isfinite().all()) for values in tensors):
        raise _gone_astray("in its weights", epoch, folder)


def _gone_astray(where: str, epoch: int, folder: Path) -> RunError:
    return RunError(
        f"the loss became NaN or infinite in epoch {epoch}, {where}: try a lower rate and "
        f"body_rate, or a longer warm_up; the weights after epoch {epoch - 1} are in "
        f"{folder / CHECKPOINT_FILE}"
    )
