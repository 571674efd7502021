"""Keep of a decoded photo what a person wants to see: its picture at the size of a heatmap.

A JPEG is decoded at a fraction of its size anyway, one that is large enough to be drawn on. So the
picture costs a reduction, where reading the photo again would decode it twice. It is kept as JPEG
stores pictures, in half the bytes of RGB: what is drawn is blended and encoded like that.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn.functional import interpolate

from landmark_core.library.decode import Decoded
from landmark_core.records import Picture

PICTURE_SIDE = 640  # pixels, the long side, where the photo has them

Pixels = NDArray[np.uint8]


def keep_picture(decoded: Decoded, room: int) -> Picture | None:
    """Return the picture of a decoded photo; null where there is none to be kept.

    A photo that was decoded too small to be looked at has to be read again: decoding it larger
    would change the pixels that the model sees, and tags may not depend on whether a heatmap is
    drawn.

    Args:
        decoded: the photo, as it was decoded for the model.
        room: bytes that the picture may take.
    """
    if decoded.scaled and max(_size_of(decoded.upright)) < PICTURE_SIDE:
        return None
    picture = make_picture(decoded.upright)
    return picture if picture.nbytes <= room else None


def make_picture(upright: Image.Image | Pixels) -> Picture:
    """Return the picture of a photo, its long side at most PICTURE_SIDE pixels.

    Args:
        upright: RGB, an image or (H, W, 3).
    """
    red, green, blue = _reduce(upright)
    luma = red * np.uint16(77)  # BT.601 in 256ths; each colour takes its share below
    luma += green * np.uint16(150)
    luma += blue * np.uint16(29)
    luma += 128
    luma >>= 8
    grey = luma.astype(np.uint8)
    whole = _sum_cells(grey)
    return Picture(
        luma=grey,
        blue=_chroma(blue, whole, 72),  # 0.564 in 128ths
        red=_chroma(red, whole, 91),  # 0.713
    )


def _reduce(upright: Image.Image | Pixels) -> Pixels:
    """Return a photo at the size of its picture: (3, h, w)."""
    width, height = _size_of(upright)
    scale = PICTURE_SIDE / max(width, height)
    if isinstance(upright, Image.Image):
        # Whole pixels in the mean first: a quarter of a resize's time.
        upright = np.array(upright.reduce(max(int(1 / scale), 1)))
    if scale >= 1:
        return np.ascontiguousarray(upright.transpose(2, 0, 1))
    size = [max(round(height * scale), 1), max(round(width * scale), 1)]
    # This view is channels_last, for which torch has vector code that runs in one thread.
    planes = torch.from_numpy(upright).permute(2, 0, 1)[None]  # (1, 3, H, W)
    resized = interpolate(planes, size=size, mode="bilinear", antialias=True)[0]
    reduced: Pixels = resized.contiguous().numpy()
    return reduced


def _size_of(upright: Image.Image | Pixels) -> tuple[int, int]:
    if isinstance(upright, Image.Image):
        return upright.size
    return upright.shape[1], upright.shape[0]


def _chroma(colour: Pixels, luma: NDArray[np.int16], share: int) -> Pixels:
    """Return how far a colour is from the brightness, from 128: one value for 2 x 2 pixels.

    Args:
        colour: (H, W) red or blue.
        luma: (H/2, W/2), rounded up: what each 2 x 2 pixels of brightness add up to.
        share: of the distance, in 128ths.
    """
    distance = _sum_cells(colour) - luma
    distance += 2
    distance >>= 2  # the mean of four
    distance *= share
    distance += 64
    distance >>= 7
    distance += 128
    return distance.clip(0, 255, out=distance).astype(np.uint8)


def _sum_cells(plane: Pixels) -> NDArray[np.int16]:
    """Add up each 2 x 2 values: (H, W) to (H/2, W/2) rounded up, 1020 at most.

    Where a side is odd, its last row or column counts twice.
    """
    height, width = plane.shape
    if height % 2 or width % 2:
        plane = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
    pairs = plane.view(np.uint16)  # two columns in one number, in whichever order
    across = (pairs & 0xFF) + (pairs >> 8)
    return (across[0::2] + across[1::2]).view(np.int16)
