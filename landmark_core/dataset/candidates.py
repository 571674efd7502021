"""Find close hashes among very many, without comparing each with each.

Multi-index hashing (Norouzi et al. 2012, https://arxiv.org/abs/1307.2982): of two hashes of 128
bits that differ in at most 23, at least one of their eight 16-bit bands differs in at most 2. So
each band is looked up in a table, under each of the 137 values that are so close to it. Exact, and
pure.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmark_core.dataset.look import Words

Numbers = NDArray[np.int64]

CLOSE = 23  # bits of 128 that may differ
_BANDS, _BAND_BITS, _BAND_CLOSE = 8, 16, 2  # CLOSE = 8 * (2 + 1) - 1
_ASKED_AT_ONCE = 8192  # queries
_AT_ONCE = 2_000_000  # comparisons held in memory


def close_pairs(queries: Words, hashes: Words) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield the pairs of a query and a hash that differ in at most CLOSE bits, in pieces.

    Args:
        queries: (Q, 2) words.
        hashes: (N, 2) words.

    Yields:
        Numbers of queries and, beside them, of hashes; a pair may come several times.
    """
    for asked, known in zip(_by_band(queries), _by_band(hashes), strict=True):
        counts = np.bincount(known.values, minlength=1 << _BAND_BITS)
        starts = np.concatenate([[0], np.cumsum(counts)])
        for begin in range(0, len(queries), _ASKED_AT_ONCE):
            values = asked.values[begin : begin + _ASKED_AT_ONCE, None] ^ _FLIPS  # (q, 137)
            first, many = starts[values].ravel(), counts[values].ravel()
            for cells in _portions(many):
                repeats = many[cells]
                left = np.repeat(begin + cells // len(_FLIPS), repeats)
                right = np.arange(len(left)) + np.repeat(first[cells] - _before(repeats), repeats)
                near = np.flatnonzero(_distance(asked, left, known, right) <= CLOSE)
                if len(near):
                    yield asked.order[left[near]], known.order[right[near]]


@dataclass(frozen=True, slots=True)
class _Band:
    """Hashes in the order of one band's values, so that equal ones lie side by side in memory."""

    order: Numbers  # (N,) numbers of the hashes
    values: NDArray[np.uint16]  # (N,) of the band, ascending
    halves: tuple[NDArray[np.uint64], NDArray[np.uint64]]  # (N,) each


def _by_band(hashes: Words) -> Iterator[_Band]:
    bands = np.ascontiguousarray(hashes).view(np.uint16).reshape(-1, _BANDS)
    for band in range(_BANDS):
        order = np.argsort(bands[:, band], kind="stable")
        halves = hashes[order, 0], hashes[order, 1]
        yield _Band(order, bands[order, band], halves)


def _distance(asked: _Band, left: Numbers, known: _Band, right: Numbers) -> NDArray[np.uint8]:
    """Return how many bits differ in each pair: (n,)."""
    first, second = (
        np.bitwise_count(one[left] ^ other[right])
        for one, other in zip(asked.halves, known.halves, strict=True)
    )
    return np.asarray(first + second)


def _portions(many: Numbers) -> Iterator[Numbers]:
    """Yield the numbers of cells that hold any hash, so many together as memory allows."""
    rows = np.flatnonzero(many)
    portion = np.cumsum(many[rows]) // _AT_ONCE
    yield from np.split(rows, np.flatnonzero(np.diff(portion)) + 1) if len(rows) else ()


def _before(many: Numbers) -> Numbers:
    return np.asarray(np.cumsum(many) - many)


def _all_flips() -> NDArray[np.uint16]:
    bits = range(_BAND_BITS)
    flips = [
        sum(1 << bit for bit in chosen)
        for count in range(_BAND_CLOSE + 1)
        for chosen in itertools.combinations(bits, count)
    ]
    return np.array(flips, np.uint16)


_FLIPS = _all_flips()
