"""Decode the pixels of a JPEG by libjpeg-turbo, without a detour through Pillow's image.

Pillow reads the header, chooses the scale (its `draft`) and has the last word: simplejpeg
(https://github.com/jfolz/simplejpeg) is asked for exactly the size that Pillow's draft has chosen,
and in its strict mode, where a warning is an error. Whatever it does not like, and whatever is
unusual, is left to Pillow, so a photo's fate never depends on which of the two was asked. The
pixels do not either: both run libjpeg-turbo with the same accurate transform and smooth upsampling,
at 1/1, 1/2, 1/4 or 1/8. The other scales of libjpeg-turbo are left alone: 3/8 costs no less than
1/2 (`python benchmarks/decode.py`).
"""

from functools import cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

# From here on no two of libjpeg's eighths give the same number of pixels, so a size names a scale.
_LEAST_SIDE = 8


def decode_draft(
    data: bytes, image: ImageFile.ImageFile, size: tuple[int, int]
) -> NDArray[np.uint8] | None:
    """Return the pixels that `image.load()` would give, in RGB; null where Pillow must be asked.

    Args:
        data: the whole file.
        image: opened from it, with its draft taken and its pixels not loaded.
        size: width and height of the full photo, as stored.

    Returns:
        (H, W, 3), contiguous, of the image's size; not turned upright.
    """
    turbo = _simplejpeg()
    if turbo is None or image.mode not in ("RGB", "L") or min(size) < _LEAST_SIDE:
        return None
    if len(image.tile) != 1:  # a header without a picture behind it
        return None
    pixels = np.empty((image.height, image.width, 3), np.uint8)  # it may not take more than this
    try:
        found = turbo.decode_jpeg(
            data, min_height=image.height, min_width=image.width, buffer=pixels, strict=True
        )
    except Exception:  # noqa: BLE001 (whatever it is, Pillow decides what it means)
        return None
    return pixels if found.shape == pixels.shape else None


def turn_upright(pixels: NDArray[np.uint8], turn: Image.Transpose) -> NDArray[np.uint8]:
    """Return the pixels turned as `Image.transpose` turns an image.

    Args:
        pixels: (H, W, 3).
        turn: what is to be done.

    Returns:
        (H, W, 3) or (W, H, 3), contiguous.
    """
    view = _TURNED[turn](pixels)
    turned = np.empty(view.shape, np.uint8)
    for channel in range(3):  # 3 times as fast as in one piece: NumPy moves no groups of 3 bytes
        turned[..., channel] = view[..., channel]
    return turned


_TURNED = {
    Image.Transpose.FLIP_LEFT_RIGHT: lambda pixels: pixels[:, ::-1],
    Image.Transpose.ROTATE_180: lambda pixels: pixels[::-1, ::-1],
    Image.Transpose.FLIP_TOP_BOTTOM: lambda pixels: pixels[::-1],
    Image.Transpose.TRANSPOSE: lambda pixels: pixels.swapaxes(0, 1),
    Image.Transpose.ROTATE_270: lambda pixels: pixels[::-1].swapaxes(0, 1),
    Image.Transpose.TRANSVERSE: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    Image.Transpose.ROTATE_90: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}


@cache  # a failed import searches the whole path each time
def _simplejpeg() -> ModuleType | None:
    try:
        import simplejpeg
    except ImportError:
        return None
    module: ModuleType = simplejpeg
    return module
