"""Close hashes: the fast search against comparing each with each."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_core.dataset.candidates import CLOSE, close_pairs


def slow(queries: np.ndarray, hashes: np.ndarray) -> set[tuple[int, int]]:
    """Compare every query with every hash, as Python integers."""

    def number(words: np.ndarray) -> int:
        return int(words[0]) << 64 | int(words[1])

    return {
        (q, h)
        for q, query in enumerate(queries)
        for h, known in enumerate(hashes)
        if (number(query) ^ number(known)).bit_count() <= CLOSE
    }


def fast(queries: np.ndarray, hashes: np.ndarray) -> set[tuple[int, int]]:
    return {
        pair
        for left, right in close_pairs(queries, hashes)
        for pair in zip(left.tolist(), right.tolist(), strict=True)
    }


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 30))
def test_the_pairs_are_those_of_the_slow_scan(seed, most_flips):
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 2**64, (40, 2), dtype=np.uint64)
    bits = np.unpackbits(hashes[rng.integers(0, 40, 30)].view(np.uint8), axis=1)
    for row in bits:  # copies with a few bits turned over, around the limit too
        row[rng.choice(128, rng.integers(0, most_flips + 1), replace=False)] ^= 1
    queries = np.packbits(bits, axis=1).view(np.uint64)
    assert fast(queries, hashes) == slow(queries, hashes)


def test_differences_spread_evenly_over_all_bands_are_found():
    zero = np.zeros((1, 2), np.uint64)
    spread = np.array([[0x0007_0007_0007_0007, 0x0007_0007_0007_0003]], np.uint64)  # 23 bits
    assert fast(zero, spread) == {(0, 0)}
    beyond = np.array([[0x0007_0007_0007_0007, 0x0007_0007_0007_0007]], np.uint64)  # 24 bits
    assert fast(zero, beyond) == set()


def test_nothing_among_nothing():
    none = np.zeros((0, 2), np.uint64)
    assert fast(none, none) == set()


def test_hashes_whose_bands_are_all_zero_or_all_one_find_themselves():
    ends = np.array([[0, 0], [2**64 - 1, 2**64 - 1], [0, 2**64 - 1]], np.uint64)
    assert fast(ends, ends) == {(0, 0), (1, 1), (2, 2)}


def test_a_band_of_zeros_alone_is_enough_to_be_found_by():
    # three bits in each of the seven other bands: 21 in all, too many for any of these
    near = [0x0007_0007_0007_0007, 0x0007_0007_0007_0000]
    hashes = np.array([near, [2**64 - 1, 2**64 - 1]], np.uint64)
    assert fast(np.zeros((1, 2), np.uint64), hashes) == {(0, 0)}
