"""Write the figures of every epoch: history.csv, and event files for TensorBoard.

The CSV is written anew after each epoch, so a resumed training has every epoch once.
"""

import csv
import dataclasses
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from landmark_core.training.disk import disk_failed, replace_file
from landmark_core.training.examples import EpochMetrics

HISTORY_FILE = "history.csv"
EVENTS_FOLDER = "tensorboard"
_NAMES = tuple(field.name for field in dataclasses.fields(EpochMetrics))


class HistoryWriter:
    """Owns the files of one training's figures."""

    def __init__(self, folder: Path, history: Sequence[EpochMetrics]) -> None:
        """Open them; what lies there of epochs after those in `history` is dropped."""
        self._folder = folder
        self._history = list(history)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what TensorBoard imports
            from torch.utils.tensorboard import SummaryWriter

            self._events: Any = SummaryWriter(
                str(folder / EVENTS_FOLDER), purge_step=len(self._history) + 1
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._events.close()

    def add(self, metrics: EpochMetrics) -> None:
        """Write one more epoch.

        Raises:
            RunError: the disk is full or cannot be written.
        """
        self._history.append(metrics)
        for name, value in dataclasses.asdict(metrics).items():
            if name != "epoch" and value is not None:
                part, _, rest = name.partition("_")
                self._events.add_scalar(f"{rest or part}/{part}", value, metrics.epoch)
        try:
            self._events.flush()
            replace_file(self._folder / HISTORY_FILE, write_history(self._history).encode())
        except OSError as error:
            raise disk_failed(error, self._folder) from error


def write_history(history: Sequence[EpochMetrics]) -> str:
    """Return the CSV of some epochs; what is null stands empty."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_NAMES)
    table.writerows([getattr(row, name) for name in _NAMES] for row in history)
    return text.getvalue()


def read_history(path: Path) -> tuple[EpochMetrics, ...]:
    """Read history.csv back; read_history(write_history(x)) == x."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        EpochMetrics(
            **{
                name: int(text) if name == "epoch" else float(text) if text else None  # type: ignore[arg-type]
                for name, text in row.items()
            }
        )
        for row in rows
    )
