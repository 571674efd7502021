"""Photos that look like one another, so that one decision can settle all of them. Pure.

Looks (see `landmark_core.dataset`) come one by one, in any order, and groups grow. Two photos are
put together if their hashes are close and `similarity` says that they are copies; or, where they
were taken within BURST_SECONDS of each other in one folder, at a lower similarity: a hand moves a
little between two shots. What is cropped so much that the whole looks differ is not found here.
"""

import numpy as np
from numpy.typing import NDArray

from landmark_core.dataset import ALIKE, LOOK_SIDE, has_detail, hash_looks, similarity

Numbers = NDArray[np.int64]
Looks = NDArray[np.uint8]

MOST_MEMBERS = 200  # of a group: a chain of likenesses must not swallow the library
MOST_LOOKS = 200_000  # 1 KB each
BURST_SECONDS = 10.0
BURST_ALIKE = 0.35  # similarity within a burst
_CLOSE = 23  # bits of 128, as among training photos
_MOST_CANDIDATES = 64  # compared with a new look, those with the closest hashes
_MOST_IN_BURST = 32


class LookAlikes:
    """Groups of N photos; not for several threads at once."""

    def __init__(
        self, count: int, *, moments: NDArray[np.int64], folders: NDArray[np.int32]
    ) -> None:
        """Start with every photo alone.

        Args:
            count: N.
            moments: (N,) microseconds since 1970.
            folders: (N,) equal in photos of one folder.
        """
        self._root = np.arange(count, dtype=np.int64)
        self._members: dict[int, list[int]] = {}  # of groups of two and more, by root
        self._by_time = np.lexsort((moments, folders))
        self._place = np.empty(count, np.int64)
        self._place[self._by_time] = np.arange(count)
        self._moments, self._folders = moments, folders
        self._known = np.full(count, -1, np.int32)  # place of a photo's look; -1 for none
        self._photos = np.zeros(0, np.int64)  # whose look it is
        self._looks = np.zeros((0, LOOK_SIDE, LOOK_SIDE), np.uint8)
        self._hashes = np.zeros((2, 0), np.uint64)  # two words, each in one row
        self._count = 0

    def join(self, first: int, second: int) -> bool:
        """Put two photos into one group, unless it would become too large."""
        one, other = int(self._root[first]), int(self._root[second])
        if one == other:
            return True
        members = self._members.get(one, [one]) + self._members.get(other, [other])
        if len(members) > MOST_MEMBERS:
            return False
        low, high = min(one, other), max(one, other)
        self._members.pop(high, None)
        self._members[low] = sorted(members)
        self._root[members] = low
        return True

    def add(self, number: int, look: Looks) -> tuple[int, ...]:
        """Take in the look of a photo.

        Args:
            number: of the photo; a second look of the same photo is passed over.
            look: (32, 32).

        Returns:
            The photos that it was found alike to.
        """
        if self._known[number] >= 0 or self._count >= MOST_LOOKS or not has_detail(look[None])[0]:
            return ()
        words = hash_looks(look[None])[0][0]  # of the whole look
        near, burst = self._near(words), self._burst(number)
        candidates = np.concatenate([near, burst[~np.isin(burst, near)]])
        self._keep(number, look, words)
        if not len(candidates):
            return ()
        looks = np.broadcast_to(look, (len(candidates), *look.shape))
        alike = similarity(looks, self._looks[candidates])
        enough = np.where(np.isin(candidates, burst), BURST_ALIKE, ALIKE)
        found = self._photos[candidates[alike >= enough]].tolist()
        return tuple(other for other in found if self.join(number, other))

    def group_of(self, numbers: Numbers) -> Numbers:
        """Return (N,) groups, as the smallest number in each."""
        return self._root[numbers]

    def members(self, number: int) -> tuple[int, ...]:
        """Return all photos of a photo's group, itself included, ascending."""
        return tuple(self._members.get(int(self._root[number]), [number]))

    def neighbours(self, number: int) -> tuple[int, ...]:
        """Return the photos that may belong to the same burst: taken before and after it."""
        place = int(self._place[number])
        around = self._by_time[max(0, place - _MOST_IN_BURST) : place + _MOST_IN_BURST + 1]
        apart = np.abs(self._moments[around] - self._moments[number])
        same = self._folders[around] == self._folders[number]
        close = around[same & (apart <= BURST_SECONDS * 1e6) & (around != number)]
        return tuple(close.tolist())

    def _near(self, words: NDArray[np.uint64]) -> Numbers:
        """Return the places of known looks with close hashes."""
        known = self._hashes[:, : self._count]
        different = np.bitwise_count(known[0] ^ words[0]) + np.bitwise_count(known[1] ^ words[1])
        near = np.flatnonzero(different <= _CLOSE)
        if len(near) > _MOST_CANDIDATES:
            near = near[np.argsort(different[near], kind="stable")[:_MOST_CANDIDATES]]
        return near

    def _burst(self, number: int) -> Numbers:
        places = self._known[list(self.neighbours(number))]
        return places[places >= 0].astype(np.int64)

    def _keep(self, number: int, look: Looks, words: NDArray[np.uint64]) -> None:
        if self._count == len(self._photos):
            room = max(256, 2 * self._count)
            self._photos = np.concatenate([self._photos, np.zeros(room - self._count, np.int64)])
            more = np.zeros((room - self._count, LOOK_SIDE, LOOK_SIDE), np.uint8)
            self._looks = np.concatenate([self._looks, more])
            more_words = np.zeros((2, room - self._count), np.uint64)
            self._hashes = np.concatenate([self._hashes, more_words], axis=1)
        self._known[number] = self._count
        self._photos[self._count] = number
        self._looks[self._count] = look
        self._hashes[:, self._count] = words
        self._count += 1
