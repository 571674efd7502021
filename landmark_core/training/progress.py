"""Who is told how far everything is: the command line draws it, a flow logs it, tests look away.

A training tells its own `Watch`; `Told` passes that on under the training's name, from this process
or from one of several that train side by side.
"""

from collections.abc import Callable
from typing import Protocol

from landmark_core.training.examples import EpochMetrics


class TrainProgress(Protocol):
    """What a whole training tells: photos read, then the epochs of each of its parts."""

    def reading(self, total: int) -> None:
        """So many photos will be read, or their views drawn."""

    def read(self, count: int) -> None:
        """So many more are done."""

    def epoch_started(self, label: str, epoch: int, epochs: int, steps: int) -> None:
        """Epoch `epoch` of `epochs`, counted from 1, begins in the training of this name."""

    def stepped(self, loss: float, accuracy: float) -> None:
        """One step: loss, and share of right answers, of this batch."""

    def epoch_ended(self, line: str) -> None:
        """One line about the epoch."""


class NoTrainProgress:
    """Looks away."""

    def reading(self, total: int) -> None:
        """Do nothing."""

    def read(self, count: int) -> None:
        """Do nothing."""

    def epoch_started(self, label: str, epoch: int, epochs: int, steps: int) -> None:
        """Do nothing."""

    def stepped(self, loss: float, accuracy: float) -> None:
        """Do nothing."""

    def epoch_ended(self, line: str) -> None:
        """Do nothing."""


class Told:
    """Passes on what one training tells, with its name.

    Args:
        progress: who is told.
        label: name of the training.
    """

    def __init__(self, progress: TrainProgress, label: str) -> None:
        self._progress = progress
        self._label = label

    def views_started(self, photos: int) -> None:
        """Pass it on as photos to be read."""
        self._progress.reading(photos)

    def views_made(self, photos: int) -> None:
        """Pass it on."""
        self._progress.read(photos)

    def epoch_started(self, epoch: int, epochs: int, steps: int) -> None:
        """Pass it on."""
        self._progress.epoch_started(self._label, epoch, epochs, steps)

    def step_done(self, loss: float, accuracy: float) -> None:
        """Pass it on."""
        self._progress.stepped(loss, accuracy)

    def epoch_ended(self, metrics: EpochMetrics) -> None:
        """Pass it on as a line."""
        self._progress.epoch_ended(describe_epoch(self._label, metrics))


class Reporting(NoTrainProgress):
    """In a process of its own: sends lines to the parent; only whole epochs are told.

    Args:
        send: takes a line to the parent.
    """

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send

    def epoch_ended(self, line: str) -> None:
        """Send it."""
        self._send(line)


def describe_epoch(label: str, metrics: EpochMetrics) -> str:
    """Return an epoch's figures as one line."""
    named = f"{label}: " if label else ""
    line = (
        f"{named}epoch {metrics.epoch}  loss {metrics.train_loss:.3f}  "
        f"accuracy {metrics.train_accuracy:.3f}"
    )
    if metrics.validation_loss is not None and metrics.validation_accuracy is not None:
        line += (
            f"  validation loss {metrics.validation_loss:.3f}  "
            f"accuracy {metrics.validation_accuracy:.3f}"
        )
    return f"{line}  {metrics.seconds:.1f} s"
