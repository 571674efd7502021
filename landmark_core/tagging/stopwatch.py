"""Where the time of a shard goes, by stage."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from landmark_core.report import StageSeconds


class Stopwatch:
    """Adds up seconds by stage."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of the block for a field of StageSeconds."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self._seconds[name] = self._seconds.get(name, 0.0) + spent

    def read(self) -> StageSeconds:
        """Return what was counted."""
        return StageSeconds(**self._seconds)
