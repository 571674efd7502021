"""Photos that look like one another, so that one decision can settle all of them. Pure.

Looks (see `landmark_core.dataset`) come one by one, in any order, and groups grow. Photos with
close hashes, of the whole looks or of one as if it had been cropped, are compared; so are photos
taken one after the other in one folder, at a lower similarity: a hand moves a little between two
shots. Without its crops, a copy that lost up to 8 % at each side would be missed one time in four.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from landmark_core.dataset import ALIKE, LOOK_SIDE, has_detail, hash_looks, similarity

Numbers = NDArray[np.int64]
Looks = NDArray[np.uint8]
Words = NDArray[np.uint64]

MOST_MEMBERS = 200  # of a group: a chain of likenesses must not swallow the library
MOST_LOOKS = 40_000  # 1.2 KB each
BURST_SECONDS = 10.0
# Of two shots by a hand that moved 3 % and turned by 1.5 degrees, 99 % have more (ALIKE: 95 %); so
# have 27 of 27,000 pairs of different photos of one landmark, all of the same view, and none of
# 40,000 pairs of different landmarks. Copying a library can date all of it within seconds, so the
# bound has to hold for photos that are no burst.
BURST_ALIKE = 0.45
_BURST_REACH = 8  # photos before and after one; a longer burst is connected from one to the next
_CLOSE = 23  # bits of 128, as among training photos
_MOST_CANDIDATES = 64  # compared with a new look, those with the closest hashes
_CROPS = 8  # hashes of a look, the first of the whole of it
_FAR = 128  # bits: more than any two hashes differ in


class LookAlikes:
    """Groups of N photos; not for several threads at once, unless `find` says otherwise."""

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
        self._size = np.ones(count, np.int64)  # of each root's group
        self._members: dict[int, list[int]] = {}  # of groups of two and more, by root
        self._by_time = np.lexsort((moments, folders))
        self._place = np.empty(count, np.int64)
        self._place[self._by_time] = np.arange(count)
        self._moments, self._folders = moments, folders
        self._known = np.full(count, -1, np.int32)  # place of a photo's look; -1 for none
        self._count = 0  # looks
        # Zeros take no memory before something is written among them.
        room = min(count, MOST_LOOKS)
        self._photos = np.zeros(room, np.int64)  # whose look it is
        self._looks = np.zeros((room, LOOK_SIDE, LOOK_SIDE), np.uint8)
        self._hashes = np.zeros((_CROPS, 2, room), np.uint64)  # each word of each crop in one row

    def join(self, first: int, second: int) -> bool:
        """Put two photos into one group, unless it would become too large."""
        one, other = int(self._root[first]), int(self._root[second])
        if one == other:
            return True
        if self._size[one] + self._size[other] > MOST_MEMBERS:
            return False
        low, high = min(one, other), max(one, other)
        members = sorted(self._members.pop(low, [low]) + self._members.pop(high, [high]))
        self._members[low] = members
        self._size[low] = len(members)
        self._root[members] = low
        return True

    def add(self, number: int, look: Looks) -> tuple[int, ...]:
        """Take in the look of a photo, and join what is alike; as `find`."""
        return tuple(other for other in self.find(number, look) if self.join(number, other))

    def find(self, number: int, look: Looks) -> tuple[int, ...]:
        """Take in the look of a photo without joining anything.

        Takes milliseconds. Other threads may ask for groups and members meanwhile, but nobody may
        join.

        Args:
            number: of the photo; a second look of the same photo is passed over.
            look: (32, 32).

        Returns:
            Photos that it is alike to: at least one of each group that has any and is not full.
        """
        if self._known[number] >= 0 or self._count >= MOST_LOOKS or not has_detail(look[None])[0]:
            return ()
        hashes = np.concatenate(hash_looks(look[None]))  # (crops, 2)
        candidates, enough = self._candidates(number, hashes)
        self._keep(number, look, hashes)
        return tuple(self._compare(look, candidates, enough))

    def group_of(self, numbers: Numbers) -> Numbers:
        """Return (N,) groups, as the smallest number in each."""
        return self._root[numbers]

    def members(self, number: int) -> tuple[int, ...]:
        """Return all photos of a photo's group, itself included, ascending."""
        return tuple(self._members.get(int(self._root[number]), [number]))

    def neighbours(self, number: int) -> tuple[int, ...]:
        """Return the photos that may belong to the same burst, as they were taken."""
        place = int(self._place[number])
        around = self._by_time[max(0, place - _BURST_REACH) : place + _BURST_REACH + 1]
        apart = np.abs(self._moments[around] - self._moments[number])
        same = self._folders[around] == self._folders[number]
        close = around[same & (apart <= BURST_SECONDS * 1e6) & (around != number)]
        return tuple(close.tolist())

    def _candidates(self, number: int, hashes: Words) -> tuple[Numbers, NDArray[np.float32]]:
        """Return places of known looks, closest first, and the similarity that is enough."""
        burst = self._known[list(self.neighbours(number))]
        burst = burst[burst >= 0]
        near, different = self._near(hashes)
        places = np.concatenate([near, burst])
        different = np.concatenate([different, np.full(len(burst), _FAR)])
        closest = np.argsort(different, kind="stable")
        _, first = np.unique(places[closest], return_index=True)
        places = places[closest[np.sort(first)]]
        places = places[self._may_join(number, self._photos[places])]
        in_burst = np.isin(places, burst)
        kept = in_burst | (np.cumsum(~in_burst) <= _MOST_CANDIDATES)
        enough = np.where(in_burst, BURST_ALIKE, ALIKE).astype(np.float32)
        return places[kept], enough[kept]

    def _may_join(self, number: int, others: Numbers) -> NDArray[np.bool_]:
        """Say of each photo whether its group is another one and the two have room together."""
        mine, theirs = self._root[number], self._root[others]
        fits = self._size[mine] + self._size[theirs] <= MOST_MEMBERS
        return np.asarray(fits & (theirs != mine))

    def _near(self, hashes: Words) -> tuple[Numbers, Numbers]:
        """Return places of known looks with close hashes, repeatedly, and the bits that differ."""
        whole = self._hashes[0, :, : self._count]
        found = [_close(whole, words) for words in hashes]
        found += [_close(crop[:, : self._count], hashes[0]) for crop in self._hashes[1:]]
        places, different = zip(*found, strict=True)
        return np.concatenate(places), np.concatenate(different)

    def _compare(
        self, look: Looks, candidates: Numbers, enough: NDArray[np.float32]
    ) -> Iterator[int]:
        """Yield what is alike: of each group the closest is asked first, the others if it is not.

        A comparison costs more than all the rest, and the members of a group mostly agree.
        """
        roots = self._root[self._photos[candidates]]
        _, first = np.unique(roots, return_index=True)
        alike = self._are_alike(look, candidates[first], enough[first])
        yield from self._photos[candidates[first[alike]]].tolist()
        asked = np.isin(roots, roots[first[alike]])
        asked[first] = True
        rest = candidates[~asked]
        yield from self._photos[rest[self._are_alike(look, rest, enough[~asked])]].tolist()

    def _are_alike(
        self, look: Looks, places: Numbers, enough: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        looks = self._looks[places]
        return np.asarray(similarity(np.broadcast_to(look, looks.shape), looks) >= enough)

    def _keep(self, number: int, look: Looks, hashes: Words) -> None:
        self._known[number] = self._count
        self._photos[self._count] = number
        self._looks[self._count] = look
        self._hashes[:, :, self._count] = hashes
        self._count += 1


def _close(known: Words, words: Words) -> tuple[Numbers, Numbers]:
    """Return the places of close hashes among (2, N) known ones, and the bits that differ."""
    different = np.bitwise_count(known[0] ^ words[0]) + np.bitwise_count(known[1] ^ words[1])
    near = np.flatnonzero(different <= _CLOSE)
    return near, different[near].astype(np.int64)
