"""Where the time of a shard goes, by stage."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from landmark_core.report import StageSeconds

Item = TypeVar("Item")


class Stopwatch:
    """Adds up seconds by stage; for one thread.

    A stage within a stage counts for itself alone: no second of this thread is counted twice.
    """

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._inner = 0.0  # seconds of finished stages within the one under way

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of the block for a field of StageSeconds."""
        outer, self._inner = self._inner, 0.0
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.add(name, spent - self._inner)
            self._inner = outer + spent

    def each(self, name: str, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items, and count the time that each of them is waited for."""
        iterator = iter(items)
        while True:
            with self.stage(name):
                item = next(iterator, self)
            if item is self:
                return
            yield item  # type: ignore[misc]

    def add(self, name: str, seconds: float) -> None:
        """Count seconds that were measured elsewhere."""
        self._seconds[name] = self._seconds.get(name, 0.0) + seconds

    def read(self) -> StageSeconds:
        """Return what was counted."""
        return StageSeconds(**self._seconds)
