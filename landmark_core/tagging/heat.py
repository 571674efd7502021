"""Lay a Grad-CAM map over the pixels of a picture: which of them it covers, and how hot each is."""

import numpy as np
from numpy.typing import NDArray

from landmark_core.tagging.planes import Inside, Pixels

Box = tuple[float, float, float, float]  # left, top, right, bottom


def in_pixels(fractions: Box, size: tuple[int, int]) -> Box:
    """Turn fractions of the width and height of a picture into pixels."""
    left, top, right, bottom = fractions
    width, height = size
    return left * width, top * height, right * width, bottom * height


def inner_box(box: Box, size: tuple[int, int]) -> Inside:
    """Return the whole cells of colour that a box covers of a picture, at least one each way."""
    (left, right), (top, bottom) = (
        _inner_span(box[axis], box[axis + 2], size[axis]) for axis in (0, 1)
    )
    return left, top, right, bottom


def _inner_span(start: float, end: float, side: int) -> tuple[int, int]:
    cells = -(-side // 2)
    first = min(max(round(start / 2), 0), cells - 1)
    last = min(max(round(end / 2), first + 1), cells)
    return 2 * first, min(2 * last, side)


def lay_over(cam: NDArray[np.float32], box: Box, inside: Inside) -> Pixels:
    """Lay a map over a part of a picture.

    The map's cells tile the box exactly, so each cell's centre keeps its place also where the
    pixels cut through a cell or the box reaches beyond the photo.

    Args:
        cam: (h, w) at least 0.
        box: what the map covers, in pixels of the picture.
        inside: the part.

    Returns:
        Heat from 0 to 255, the map's hottest cell: one for each cell of colour. It is smooth, so
        that 2 x 2 pixels share theirs.
    """
    left, top, right, bottom = inside
    down = _bicubic(_middles(top, bottom), (box[1], box[3]), cam.shape[0])  # (rows, h)
    across = _bicubic(_middles(left, right), (box[0], box[2]), cam.shape[1])  # (columns, w)
    # einsum, not @: BLAS wakes threads of its own, and these products are too small for them.
    by_row = np.einsum("rh,hw->rw", down, _levels(cam))
    heat: NDArray[np.float32] = np.einsum("rw,wc->rc", by_row, np.ascontiguousarray(across.T))
    heat += np.float32(0.5)  # for rounding
    return heat.clip(0, 255, out=heat).astype(np.uint8)


def _middles(start: int, end: int) -> NDArray[np.float32]:
    """Return the middles of the cells of colour along one axis, in pixels."""
    return np.arange(start, end, 2, dtype=np.float32) + 1


def _levels(cam: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the map from 0 to 255, its hottest; 0 where it has no heat, or no numbers."""
    hottest = cam.max()
    if not (np.isfinite(hottest) and hottest > 0):
        return np.zeros_like(cam)
    levels: NDArray[np.float32] = cam.clip(0) / hottest * np.float32(255)
    return levels


def _bicubic(at: NDArray[np.float32], span: tuple[float, float], cells: int) -> NDArray[np.float32]:
    """Return how much of each cell a point takes: Keys' cubic (a = -1/2), as Pillow resizes.

    Args:
        at: (N,) places along one axis, in pixels.
        span: where the cells begin and end, in pixels.
        cells: how many there are.

    Returns:
        (N, cells), each row adds up to 1.
    """
    per_pixel = cells / (span[1] - span[0])
    # A part of less than a pixel may lie beside the pixel that shows it: the edge is its colour.
    place = ((at - span[0]) * per_pixel).clip(0, cells)
    centres = np.arange(cells, dtype=np.float32) + np.float32(0.5)
    distance: NDArray[np.float32] = np.abs(place[:, None] - centres) / max(per_pixel, 1.0)
    near = (1.5 * distance - 2.5) * distance * distance + 1
    far = ((2.5 - 0.5 * distance) * distance - 4) * distance + 2
    weights = np.where(distance < 1, near, far)
    weights[distance >= 2] = 0  # (N, cells)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights
