"""Find close hashes among very many, without comparing each with each.

Multi-index hashing (Norouzi et al. 2012, https://arxiv.org/abs/1307.2982): of two hashes of 128
bits that differ in at most 23, at least one of their eight 16-bit bands differs in at most 2. So
each band is looked up in a table, under each of the 137 values that are so close to it. Exact, and
pure.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from landmark_core.dataset.look import Words

Numbers = NDArray[np.int64]

CLOSE = 23  # bits of 128 that may differ
_BANDS, _BAND_BITS, _BAND_CLOSE = 8, 16, 2  # CLOSE = 8 * (2 + 1) - 1
_AT_ONCE = 4_000_000  # comparisons held in memory


def close_pairs(queries: Words, hashes: Words) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield the pairs of a query and a hash that differ in at most CLOSE bits, in pieces.

    Args:
        queries: (Q, 2) words.
        hashes: (N, 2) words.

    Yields:
        Numbers of queries and, beside them, of hashes; a pair may come several times.
    """
    asked, known = _bands(queries), _bands(hashes)
    for band in range(_BANDS):
        order = np.argsort(known[:, band], kind="stable")
        counts = np.bincount(known[:, band], minlength=1 << _BAND_BITS)
        starts = np.concatenate([[0], np.cumsum(counts)])
        for flip in _FLIPS:
            values = asked[:, band] ^ flip
            first, many = starts[values], counts[values]
            for rows in _portions(many):
                left = np.repeat(rows, many[rows])
                within = np.arange(len(left)) - np.repeat(_before(many[rows]), many[rows])
                right = order[np.repeat(first[rows], many[rows]) + within]
                near = _distance(queries[left], hashes[right]) <= CLOSE
                if near.any():
                    yield left[near], right[near]


def _bands(hashes: Words) -> NDArray[np.uint16]:
    return np.ascontiguousarray(hashes).view(np.uint16).reshape(-1, _BANDS)


def _distance(one: Words, other: Words) -> NDArray[np.uint8]:
    bits = np.bitwise_count(one ^ other)  # (n, 2)
    return np.asarray(bits[:, 0] + bits[:, 1])


def _portions(many: Numbers) -> Iterator[Numbers]:
    """Yield the numbers of queries that meet any hash, so many together as memory allows."""
    rows = np.flatnonzero(many)
    portion = np.cumsum(many[rows]) // _AT_ONCE
    yield from np.split(rows, np.flatnonzero(np.diff(portion)) + 1) if len(rows) else ()


def _before(many: Numbers) -> Numbers:
    return np.asarray(np.cumsum(many) - many)


def _all_flips() -> tuple[int, ...]:
    bits = range(_BAND_BITS)
    return tuple(
        sum(1 << bit for bit in chosen)
        for count in range(_BAND_CLOSE + 1)
        for chosen in itertools.combinations(bits, count)
    )


_FLIPS = _all_flips()
