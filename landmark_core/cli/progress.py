"""Progress on the terminal: bars on stderr, by tqdm, for what a run or a training tells."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from landmark_core.tagging import Progress


@contextlib.contextmanager
def drawn_progress(*, shown: bool) -> Iterator[Progress]:
    """Lend what a run tells its progress to: bars on stderr, or nothing."""
    from landmark_core.tagging import NoProgress

    if not shown:
        yield NoProgress()
        return
    with contextlib.closing(ProgressBars()) as bars:
        yield bars


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


@contextlib.contextmanager
def drawn_training(*, shown: bool) -> Iterator[TrainingBars]:
    """Lend the bars of a training; they draw nothing where they are not to be shown."""
    with contextlib.closing(TrainingBars(shown=shown)) as bars:
        yield bars


class TrainingBars:
    """Owns the bar on the terminal: photos read, then one bar an epoch with loss and accuracy.

    Args:
        shown: whether anything is drawn at all.
    """

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._bar: Any = None  # tqdm, once there is something to show
        self._steps, self._loss, self._accuracy = 0, 0.0, 0.0  # means of the epoch so far

    def reading(self, total: int) -> None:
        """Start the bar of reading so many photos."""
        self._open(total=total, unit="photo", desc="reading photos", leave=False, delay=1)

    def read(self, photos: int) -> None:
        """Move on by so many photos."""
        self._bar.update(photos)

    def epoch_started(self, label: str, epoch: int, epochs: int, steps: int) -> None:
        """Start the bar of one epoch.

        Args:
            label: which training it is, such as "fold 2"; may be empty.
            epoch: 1-based.
            epochs: at most so many.
            steps: of this epoch.
        """
        self._steps, self._loss, self._accuracy = 0, 0.0, 0.0
        named = f"{label} " if label else ""
        self._open(total=steps, unit="step", desc=f"{named}epoch {epoch}/{epochs}", leave=False)

    def stepped(self, loss: float, accuracy: float) -> None:
        """Move on by one step; the bar shows the means of its epoch so far.

        Args:
            loss: of this step's batch.
            accuracy: of this step's batch, in 0..1.
        """
        self._steps += 1
        self._loss += (loss - self._loss) / self._steps
        self._accuracy += (accuracy - self._accuracy) / self._steps
        means = f"loss {self._loss:.3f}, accuracy {self._accuracy:.3f}"
        self._bar.set_postfix_str(means, refresh=False)
        self._bar.update()

    def epoch_ended(self, line: str) -> None:
        """Leave one line about the epoch in place of its bar."""
        self.close()
        if self._shown:
            from tqdm import tqdm

            tqdm.write(line, file=sys.stderr)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.close()

    def _open(self, **options: Any) -> None:
        from tqdm import tqdm

        self.close()
        self._bar = tqdm(disable=not self._shown, **options)
