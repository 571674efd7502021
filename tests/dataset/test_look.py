"""Looks: hashes and similarity against slow plain versions, and the border of enough detail."""

import itertools

import numpy as np
import pytest
from PIL import Image

from landmark_core.dataset.look import has_detail, hash_looks, similarity, take_look

Span = tuple[float, float]
WHOLE, NARROW, NARROWER = (0.0, 1.0), (0.04, 0.96), (0.08, 0.92)
START, END = (0.0, 0.92), (0.08, 1.0)
# As the module's text tells them: whole, both margins, a caption bar, the four corners.
CROPS = (
    *((WHOLE, WHOLE), (NARROW, NARROW), (NARROWER, NARROWER), (START, WHOLE)),
    *((START, START), (END, START), (START, END), (END, END)),
)
SPANS = (WHOLE, START, NARROW, END, (0.0, 0.84), NARROWER, (0.16, 1.0))
# In so many pieces a pixel is cut, by the number of areas, that all of these end between two.
FINE = {8: 225, 9: 225, 24: 75}


def smooth_looks(count: int, seed: int, cells: int) -> np.ndarray:
    """Pictures of so many random cells, blurred as a thumbnail is."""
    rng = np.random.default_rng(seed)
    cells_of = rng.integers(60, 196, (count, cells, cells), dtype=np.uint8)
    size, way = (32, 32), Image.Resampling.BICUBIC
    return np.stack([np.asarray(Image.fromarray(one).resize(size, way)) for one in cells_of])


def reduce(look: np.ndarray, rows: Span, columns: Span, height: int, width: int) -> np.ndarray:
    """Average equal areas of a part of a look, over very fine pieces of its pixels."""
    for span, count in ((rows, height), (columns, width)):
        fine = np.repeat(look.astype(float), FINE[count], axis=0)
        begin, end = (round(share * len(fine)) for share in span)
        look = fine[begin:end].reshape(count, -1, look.shape[1]).mean(axis=1).T
    return look


def slow_hash(look: np.ndarray, rows: Span, columns: Span) -> list[bool]:
    wide, high = reduce(look, rows, columns, 8, 9), reduce(look, rows, columns, 9, 8)
    right = [wide[y, x + 1] > wide[y, x] for y, x in itertools.product(range(8), range(8))]
    down = [high[y + 1, x] > high[y, x] for y, x in itertools.product(range(8), range(8))]
    return right + down


def test_hashes_say_where_each_crop_gets_brighter():
    looks = smooth_looks(4, seed=1, cells=9)
    hashes = hash_looks(looks)
    assert len(hashes) == len(CROPS)
    for crop, words in zip(CROPS, hashes, strict=True):
        bits = np.unpackbits(words.view(np.uint8), axis=1).astype(bool)
        assert bits.tolist() == [slow_hash(look, *crop) for look in looks]


def slow_gradients(look: np.ndarray, rows: Span, columns: Span) -> np.ndarray:
    part = reduce(look, rows, columns, 24, 24)
    part = part - part.mean(1, keepdims=True) - part.mean(0, keepdims=True) + part.mean()
    here, below, beside = part[:-1, :-1], part[1:, :-1], part[:-1, 1:]
    steps = np.concatenate([(below - here).ravel(), (beside - here).ravel()])
    most = 2.5 * np.median(np.abs(steps)) + 0.5
    cut = np.clip(steps, -most, most)
    return cut / np.sqrt((cut * cut).sum() + 1e-6)


def slow_similarity(one: np.ndarray, other: np.ndarray) -> float:
    wholes = slow_gradients(one, WHOLE, WHOLE), slow_gradients(other, WHOLE, WHOLE)

    def best(crops) -> float:
        return max(
            max(slow_gradients(one, *crop) @ wholes[1], slow_gradients(other, *crop) @ wholes[0])
            for crop in crops
        )

    found = best(CROPS)
    return best(itertools.product(SPANS, SPANS)) if found >= 0.25 else found


@pytest.mark.parametrize("cells", [4, 11])
def test_similarity_is_the_correlation_of_gradients_at_the_best_crop(cells):
    looks = smooth_looks(2, seed=cells, cells=cells)
    shifted = np.stack([np.asarray(look)[[*range(1, 32), 31]] for look in looks])
    noisy = (0.6 * looks + 0.4 * smooth_looks(2, seed=99, cells=cells)).astype(np.uint8)
    one = np.concatenate([looks, looks, looks])
    other = np.concatenate([shifted, noisy, np.roll(looks, 1, axis=0)])
    expected = [slow_similarity(*pair) for pair in zip(one, other, strict=True)]
    assert similarity(one, other) == pytest.approx(expected, abs=2e-4)


def test_a_flat_look_is_like_nothing_and_no_looks_have_no_similarity():
    flat = np.full((1, 32, 32), 7, np.uint8)
    assert similarity(flat, flat).tolist() == [0.0]
    none = np.zeros((0, 32, 32), np.uint8)
    assert similarity(none, none).shape == has_detail(none).shape == (0,)
    assert [words.shape for words in hash_looks(none)] == [(0, 2)] * 8


def test_more_looks_than_are_compared_at_once_are_compared_alike():
    looks = smooth_looks(260, seed=3, cells=6)
    found = similarity(looks, np.roll(looks, 1, axis=0))
    assert found[254:258] == pytest.approx(similarity(looks[254:258], looks[253:257]), abs=1e-6)


@pytest.mark.parametrize(
    ("strong", "detailed"),
    [
        pytest.param(128, True, id="2.55-grey-levels"),  # root of (4 + 9) / 2
        pytest.param(102, False, id="2.45-grey-levels"),
    ],
)
def test_detail_is_a_deviation_of_two_and_a_half_grey_levels(strong, detailed):
    """A chessboard of 256 fields of 2 x 2 pixels, each of mean 100, some stronger."""
    amplitude = np.where(np.arange(256) < strong, 3, 2).reshape(16, 16)
    board = np.kron(amplitude, np.array([[1, -1], [-1, 1]])) + 100
    assert has_detail(board[None].astype(np.uint8)).tolist() == [detailed]
    slopes = np.arange(32)[:, None] * 2 + np.arange(32)[None] * 3  # what rows and columns share
    assert has_detail((board[None] - 90 + slopes).astype(np.uint8)).tolist() == [detailed]


def test_a_look_is_a_grey_thumbnail_whatever_the_shape():
    look = take_look(Image.new("RGB", (300, 20), (255, 0, 0)))
    assert (look.shape, look.dtype) == ((32, 32), np.uint8)
    assert set(look.ravel().tolist()) == {76}  # 0.299 of 255, ITU-R 601
