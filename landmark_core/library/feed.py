"""The batch sampler of the loader: hands out groups of photos, and knows which have not come back.

Photos come in rounds, one for each shard. Towards the end of a round its successor is begun, if
there is one already, so that the worker processes never stand idle between two shards.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from landmark_core.records import PhotoRef


@dataclass(frozen=True, slots=True)
class Group:
    """The photos of one batch, as they travel to a worker."""

    refs: tuple[PhotoRef, ...]
    with_pictures: bool  # to draw on


Then = Callable[[], "Sequence[PhotoRef] | None"]


class Feed:
    """One object serves all rounds: the DataLoader keeps its sampler as long as its workers."""

    def __init__(self, size: int, *, with_pictures: bool = False) -> None:
        """Hold nothing yet.

        Args:
            size: photos of a group at most.
            with_pictures: what the next groups are asked for; may be changed at any time.
        """
        self.with_pictures = with_pictures
        self._size = size
        self._groups: Iterator[Group] = iter(())
        self._under_way: deque[tuple[int, Group]] = deque()  # with their rounds, oldest first
        self._wanted = 0  # the round that the consumer is at
        self._handed = 0  # the round that groups are handed out of: wanted, or the one after it
        self._then: Then | None = None
        self._ahead: Sequence[PhotoRef] | None = None  # photos of the round after the wanted one

    def open(self, refs: Iterable[PhotoRef], then: Then | None = None) -> None:
        """Begin with a new round; what was under way is forgotten.

        Args:
            refs: its photos.
            then: asked for the next round's photos once all of these are handed out.
        """
        self._groups = self._grouped(refs)
        self._under_way.clear()
        self._wanted = self._handed
        self._then, self._ahead = then, None

    def go_on(self, refs: Iterable[PhotoRef], then: Then | None = None) -> bool:
        """Say whether these very photos are the round that was begun ahead; if so, want it now.

        Only for a stream that runs on from a round that is done.
        """
        if self._ahead is None or self._ahead is not refs:
            return False
        self._wanted, self._ahead, self._then = self._handed, None, then
        return True

    @property
    def is_done(self) -> bool:
        """All groups of the wanted round came back, and those of the next are under way."""
        ahead = not self._under_way or self._under_way[0][0] > self._wanted
        return self._handed > self._wanted and ahead

    def __iter__(self) -> Iterator[Group]:
        while True:
            for group in self._groups:
                self._under_way.append((self._handed, group))
                yield group
            if not self._begin_ahead():
                return

    def arrived(self) -> None:
        """Note that the oldest group came back; they come back in order."""
        self._under_way.popleft()

    def take_back(self) -> list[Group]:
        """Return the wanted round's groups that will not come back, oldest first.

        A round that was begun ahead is to be opened anew.
        """
        lost, self._under_way = self._under_way, deque()
        return [group for round_, group in lost if round_ == self._wanted]

    def _begin_ahead(self) -> bool:
        then, self._then = self._then, None
        if then is None or (refs := then()) is None:
            return False
        self._ahead = refs
        self._handed += 1
        self._groups = self._grouped(refs)
        return True

    def _grouped(self, refs: Iterable[PhotoRef]) -> Iterator[Group]:
        iterator = iter(refs)
        while chosen := tuple(itertools.islice(iterator, self._size)):
            yield Group(chosen, self.with_pictures)
