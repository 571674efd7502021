"""Tell from small grey thumbnails whether two photos are copies of one another.

A photo's look is a 32 x 32 grey thumbnail. Its hash says of 8 x 8 places whether the picture gets
brighter to the right, and of 8 x 8 whether it gets brighter downwards (difference hash,
https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html). Cropped copies
have other hashes, so a look is hashed once whole and several times as if it had been cropped.

Close hashes make candidates; `similarity` decides, by the correlation of the two looks' gradients
over many possible crops. Before it, what a row or a column has in common is taken away (two skies
alike only in getting paler downwards are no copies) and strong edges are cut down (a stock
agency's caption bar is not the photo). Pure.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Looks = NDArray[np.uint8]  # (N, 32, 32)
Words = NDArray[np.uint64]  # (N, 2): 64 bits of differences to the right, 64 downwards
Floats = NDArray[np.float32]
Span = tuple[float, float]  # start and end of a part of one side, as shares of it

LOOK_SIDE = 32  # pixels
ALIKE = 0.55  # similarity of copies; copies cropped by 8 % have 0.63 and more, 99 of 100 times
_LEAST_DETAIL = 2.5  # grey levels; clear sky and black frames have less, and look like one another
_GLANCE = 0.25  # similarity at the best single crop below which no other crop reaches ALIKE
_COMPARED_SIDE = 24  # pixels
_AT_ONCE = 256  # pairs of looks compared together
_HASHED_AT_ONCE = 4096  # looks

_WHOLE: Span = (0.0, 1.0)
_CROPS: tuple[tuple[Span, Span], ...] = (  # rows, columns
    (_WHOLE, _WHOLE),
    ((0.04, 0.96), (0.04, 0.96)),
    ((0.08, 0.92), (0.08, 0.92)),
    ((0.0, 0.92), _WHOLE),  # a caption bar beneath the photo
    ((0.0, 0.92), (0.0, 0.92)),
    ((0.08, 1.0), (0.0, 0.92)),
    ((0.0, 0.92), (0.08, 1.0)),
    ((0.08, 1.0), (0.08, 1.0)),
)
_SPANS: tuple[Span, ...] = (
    _WHOLE,
    *((start, start + 0.92) for start in (0.0, 0.04, 0.08)),
    *((start, start + 0.84) for start in (0.0, 0.08, 0.16)),
)


def take_look(image: Image.Image) -> Looks:
    """Return the (32, 32) grey thumbnail of a photo, whatever its shape."""
    size = (LOOK_SIDE, LOOK_SIDE)
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR).convert("L"))


def has_detail(looks: Looks) -> NDArray[np.bool_]:
    """Say of each look whether it has enough detail to be told from others: (N,)."""
    pieces = [
        _centred(looks[start : start + _HASHED_AT_ONCE].astype(np.float32)).std((1, 2))
        for start in range(0, max(1, len(looks)), _HASHED_AT_ONCE)
    ]
    return np.asarray(np.concatenate(pieces) >= _LEAST_DETAIL)


def hash_looks(looks: Looks) -> tuple[Words, ...]:
    """Return the hashes of N looks, first of the whole look, then of each possible crop.

    Returns:
        (N, 2) words for each crop: bits that say where the picture gets brighter.
    """
    return tuple(
        np.concatenate(
            [
                _hash(looks[start : start + _HASHED_AT_ONCE].astype(np.float32), rows, columns)
                for start in range(0, max(1, len(looks)), _HASHED_AT_ONCE)
            ]
        )
        for rows, columns in _CROPS
    )


def similarity(first: Looks, second: Looks) -> Floats:
    """Compare looks pair by pair, each as a possible crop of the other.

    Args:
        first: (N, 32, 32) looks.
        second: as many; row i is compared with row i of first.

    Returns:
        (N,) correlations of gradients at the best crop, at most 1; ALIKE and more are copies. What
        is far from it is known from one look only, and may be lower than at the best crop.
    """
    pieces = [
        _compare(first[start : start + _AT_ONCE], second[start : start + _AT_ONCE])
        for start in range(0, len(first), _AT_ONCE)
    ]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def _compare(first: Looks, second: Looks) -> Floats:
    one, other = first.astype(np.float32), second.astype(np.float32)
    best = _best_crop(one, other, _CROPS)
    promising = best >= _GLANCE
    if promising.any():
        every = tuple((rows, columns) for rows in _SPANS for columns in _SPANS)
        best[promising] = _best_crop(one[promising], other[promising], every)
    return best


def _best_crop(one: Floats, other: Floats, crops: tuple[tuple[Span, Span], ...]) -> Floats:
    whole_one, whole_other = _gradients(one, *_CROPS[0]), _gradients(other, *_CROPS[0])
    best = np.full(len(one), -1.0, np.float32)
    for rows, columns in crops:
        np.maximum(best, (_gradients(one, rows, columns) * whole_other).sum(1), out=best)
        np.maximum(best, (_gradients(other, rows, columns) * whole_one).sum(1), out=best)
    return best


def _gradients(looks: Floats, rows: Span, columns: Span) -> Floats:
    """Return the (N, D) gradients of a part of each look, of length 1."""
    parts = _centred(_cut(looks, rows, columns, _COMPARED_SIDE, _COMPARED_SIDE))
    steps = (np.diff(parts, axis=1)[:, :, :-1], np.diff(parts, axis=2)[:, :-1, :])
    gradients = np.stack(steps, 1).reshape(len(looks), -1)  # (N, D)
    strong = 2.5 * np.median(np.abs(gradients), axis=1, keepdims=True) + 0.5
    gradients = np.clip(gradients, -strong, strong)
    length = np.sqrt((gradients * gradients).sum(1, keepdims=True) + 1e-6)
    return np.asarray(gradients / length, np.float32)


def _centred(looks: Floats) -> Floats:
    """Take away what each row and each column has in common."""
    rows, columns = looks.mean(2, keepdims=True), looks.mean(1, keepdims=True)
    return np.asarray(looks - rows - columns + looks.mean((1, 2), keepdims=True), np.float32)


def _hash(looks: Floats, rows: Span, columns: Span) -> Words:
    right = np.diff(_cut(looks, rows, columns, 8, 9), axis=2) > 0  # (N, 8, 8)
    down = np.diff(_cut(looks, rows, columns, 9, 8), axis=1) > 0
    bits = np.concatenate([right.reshape(-1, 64), down.reshape(-1, 64)], axis=1)  # (N, 128)
    return np.packbits(bits, axis=1).view(np.uint64)  # (N, 2)


def _cut(looks: Floats, rows: Span, columns: Span, height: int, width: int) -> Floats:
    """Return a part of each look, reduced by area: (N, height, width)."""
    return np.asarray(_means(rows, height) @ looks @ _means(columns, width).T, np.float32)


def _means(span: Span, count: int) -> Floats:
    """Return the (count, 32) weights that average equal pieces of a span of one side."""
    edges = np.linspace(*span, count + 1) * LOOK_SIDE
    starts = np.arange(LOOK_SIDE)
    ends = np.minimum(edges[1:, None], starts + 1)
    shares = np.clip(ends - np.maximum(edges[:-1, None], starts), 0, None)
    return np.asarray(shares / shares.sum(1, keepdims=True), np.float32)
