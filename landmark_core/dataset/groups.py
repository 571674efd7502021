"""Group photos that are copies of one another: re-compressed, resized, marked or slightly cropped.

Candidates come from close hashes, `look.similarity` decides, and the groups are the connected
components. Mirrored photos are no copies here. Pure.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from landmark_core.dataset.candidates import close_pairs
from landmark_core.dataset.look import ALIKE, Looks, has_detail, hash_looks, similarity

Numbers = NDArray[np.int64]
Links = NDArray[np.int64]  # (L, 2) numbers of photos that are copies of one another

_JUDGED_AT_ONCE = 4096  # candidates; between two rounds, those that became connected drop out


def find_links(looks: Looks, known: Links, compared: int = 0) -> Links:
    """Return links enough to connect all copies among N photos.

    Args:
        looks: (N, 32, 32).
        known: links among the first `compared` photos, as this function returned them.
        compared: so many photos, from the first on, need not be compared with each other again.

    Returns:
        (L, 2) known links and new ones; photos that are connected already get no further link.
    """
    members = _Union(len(looks))
    for first, second in known.tolist():
        members.connect(first, second)
    links = [known.reshape(-1, 2)]
    if compared < len(looks):
        for pairs in _candidates(looks, compared):
            links += _judge(looks, pairs, members)
    return np.concatenate(links)


def connect(count: int, links: Links) -> Numbers:
    """Return for each of `count` photos the smallest number in its group: (count,)."""
    members = _Union(count)
    for first, second in links.tolist():
        members.connect(first, second)
    return np.array([members.root(number) for number in range(count)], np.int64)


def _candidates(looks: Looks, compared: int) -> Iterator[Links]:
    """Yield pairs with close hashes of which one at least was not compared before."""
    usable = np.flatnonzero(has_detail(looks))
    old, new = usable[usable < compared], usable[usable >= compared]
    whole, *cropped = hash_looks(looks)
    for hashes in (whole, *cropped):
        for asked, among in ((new, usable), (old, new)):
            if len(asked) and len(among):
                for left, right in close_pairs(hashes[asked], whole[among]):
                    yield np.stack([asked[left], among[right]], axis=1)


def _judge(looks: Looks, pairs: Links, members: "_Union") -> Iterable[Links]:
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    for start in range(0, len(pairs), _JUDGED_AT_ONCE):
        some = [
            pair
            for pair in pairs[start : start + _JUDGED_AT_ONCE].tolist()
            if members.root(pair[0]) != members.root(pair[1]) and not members.was_judged(*pair)
        ]
        if not some:
            continue
        judged = np.array(some, np.int64)
        alike = judged[similarity(looks[judged[:, 0]], looks[judged[:, 1]]) >= ALIKE]
        for first, second in alike.tolist():
            members.connect(first, second)
        yield alike


class _Union:
    """Which photos are connected so far, and which pairs were found different."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))
        self._judged: set[tuple[int, int]] = set()

    def root(self, number: int) -> int:
        """Return the smallest number connected with this one."""
        parent = self._parent
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    def connect(self, first: int, second: int) -> None:
        low, high = sorted((self.root(first), self.root(second)))
        self._parent[high] = low

    def was_judged(self, first: int, second: int) -> bool:
        """Say whether this pair was asked about before; remembers that it was."""
        before = (first, second) in self._judged
        self._judged.add((first, second))
        return before
