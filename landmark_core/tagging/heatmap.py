"""Draw where the network looked: photo and Grad-CAM map become one JPEG that a person can read.

The photo stays recognisable: colour covers it only where the map is warm, and its own colours are
muted, so that a sunset is not taken for heat. What the network did not see (outside of its crop) is
dimmed, with a line around what it saw. Nothing of the photo's own metadata is copied: it may say
where somebody lives.
"""

import numpy as np
from numpy.typing import NDArray

from landmark_core.records import Picture
from landmark_core.tagging.blend import dim, warm
from landmark_core.tagging.caption import Caption, insert_caption
from landmark_core.tagging.heat import Box, in_pixels, inner_box, lay_over
from landmark_core.tagging.planes import GREY, Inside, Pixels, cut, to_jpeg

_OUTLINE = 3  # pixels, dark-light-dark
_JPEG_QUALITY = 88


def render_overlay(
    picture: Picture, cam: NDArray[np.float32], *, crop_box: Box, caption: Caption
) -> bytes:
    """Lay a Grad-CAM map over a photo.

    Args:
        picture: the whole photo.
        cam: (h, w) raw map, not negative; all zero where nothing spoke for the tag.
        crop_box: left, top, right, bottom of what the network saw, as fractions of the photo's
            width and height; beyond 0..1 where the crop was padded.
        caption: what the file says about itself.

    Returns:
        The bytes of a JPEG of the picture's size.
    """
    size = (picture.luma.shape[1], picture.luma.shape[0])
    box = in_pixels(crop_box, size)
    inside = inner_box(box, size)
    shown = Picture(luma=picture.luma.copy(), blue=picture.blue.copy(), red=picture.red.copy())
    for part in _around(inside, size):
        dim(cut(shown, part))
    seen = cut(shown, inside)
    warm(seen, lay_over(cam, box, inside))
    _outline(seen)
    return insert_caption(to_jpeg(shown, _JPEG_QUALITY), caption)


def _around(inside: Inside, size: tuple[int, int]) -> list[Inside]:
    """Return the parts of a picture around a box, which are none where it is the whole."""
    left, top, right, bottom = inside
    width, height = size
    parts = (
        (0, 0, width, top),
        (0, bottom, width, height),
        (0, top, left, bottom),
        (right, top, width, bottom),
    )
    return [part for part in parts if part[0] < part[2] and part[1] < part[3]]


def _outline(seen: Picture) -> None:
    """Draw the edge of what the network saw: white on black, to be seen on any photo."""
    if min(seen.luma.shape) < 2 * _OUTLINE:
        return  # nothing would be left to see inside
    _frame(seen.luma, range(_OUTLINE), 0)
    _frame(seen.luma, range(1, 2), 255)
    for colour in (seen.blue, seen.red):
        _frame(colour, range(2), GREY)  # the cells that three pixels reach into


def _frame(plane: Pixels, distances: range, value: int) -> None:
    """Set the values that are so many steps from the edge."""
    for step in distances:
        inner = plane[step : len(plane) - step, step : plane.shape[1] - step]
        inner[[0, -1]] = value
        inner[:, [0, -1]] = value
