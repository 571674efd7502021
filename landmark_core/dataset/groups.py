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

_GATHERED = 4096  # candidates sorted together
_JUDGED_AT_ONCE = 256  # candidates; between two rounds, those that became connected drop out


def find_links(looks: Looks, known: Links, compared: int = 0) -> Links:
    """Return links enough to connect all copies among N photos.

    Args:
        looks: (N, 32, 32).
        known: links among the first `compared` photos, as this function returned them.
        compared: so many photos, from the first on, need not be compared with each other again.

    Returns:
        (L, 2) known links and new ones; photos that are connected already get no further link.
    """
    members = _Members(len(looks))
    members.connect(known)
    links = [known.reshape(-1, 2)]
    if compared < len(looks):
        for pairs in _gather(_candidates(looks, compared)):
            links += _judge(looks, pairs, members)
    return np.concatenate(links)


def connect(count: int, links: Links) -> Numbers:
    """Return for each of `count` photos the smallest number in its group: (count,)."""
    members = _Members(count)
    members.connect(links)
    return members.roots(np.arange(count))


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


def _gather(pieces: Iterable[Links]) -> Iterator[Links]:
    """Join small pieces: comparing a few looks costs as much as comparing many."""
    waiting: list[Links] = []
    for piece in pieces:
        waiting.append(piece)
        if sum(len(pairs) for pairs in waiting) >= _GATHERED:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def _judge(looks: Looks, pairs: Links, members: "_Members") -> Iterator[Links]:
    """Yield the links among candidates; what is connected by then is not looked at."""
    pairs = members.news(pairs)
    while len(pairs):
        some, rest = pairs[:_JUDGED_AT_ONCE], pairs[_JUDGED_AT_ONCE:]
        alike = some[similarity(looks[some[:, 0]], looks[some[:, 1]]) >= ALIKE]
        members.note(some)
        members.connect(alike)
        yield alike
        pairs = members.news(rest) if len(alike) else rest


class _Members:
    """Which photos are connected so far, and which pairs were compared."""

    def __init__(self, count: int) -> None:
        self._parent = np.arange(count)
        self._compared: set[int] = set()

    def roots(self, numbers: Numbers) -> Numbers:
        """Return the smallest number connected with each."""
        roots = self._parent[numbers]
        while (higher := self._parent[roots] != roots).any():
            roots[higher] = self._parent[roots[higher]]
        return np.asarray(roots)

    def connect(self, links: Links) -> None:
        """Note that the photos of each link are copies."""
        for link in links.reshape(-1, 2):
            low, high = sorted(self.roots(link).tolist())
            self._parent[high] = low
            self._parent[link] = low  # shortens the way to the root

    def note(self, pairs: Links) -> None:
        """Note that pairs were compared."""
        self._compared.update(self._keys(pairs).tolist())

    def news(self, pairs: Links) -> Links:
        """Return each pair once that is neither connected nor compared; low numbers first."""
        roots = self.roots(pairs.ravel()).reshape(-1, 2)
        pairs = np.unique(np.sort(pairs[roots[:, 0] != roots[:, 1]], axis=1), axis=0)
        fresh = [key not in self._compared for key in self._keys(pairs).tolist()]
        return np.asarray(pairs[np.array(fresh, bool)])

    def _keys(self, pairs: Links) -> Numbers:
        return np.asarray(pairs[:, 0] * len(self._parent) + pairs[:, 1])
