"""Keep of a decoded photo what a person wants to see: its picture at the size of a heatmap.

A JPEG is decoded at a fraction of its size anyway, mostly one that is right for drawing on it. So
the picture costs a copy, where reading the photo again would decode it twice.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from landmark_core.library.decode import Decoded

LEAST_SIDE = 640  # pixels, the long side, where the photo has them: below it details are lost
MOST_SIDE = 1024  # pixels, the long side


def keep_picture(decoded: Decoded, room: int) -> NDArray[np.uint8] | None:
    """Return the picture of a decoded photo; null where there is none to be kept.

    A photo that was decoded too small to be looked at has to be read again: decoding it larger
    would change the pixels that the model sees, and tags may not depend on whether a heatmap is
    drawn.

    Args:
        decoded: the photo, as it was decoded for the model.
        room: bytes that the picture may take.

    Returns:
        (h, w, 3) RGB, upright, the long side at most MOST_SIDE pixels.
    """
    upright = decoded.upright
    size = upright.size if isinstance(upright, Image.Image) else upright.shape[:2]
    if decoded.scaled and max(size) < LEAST_SIDE:
        return None
    if isinstance(upright, np.ndarray) and max(size) <= MOST_SIDE:
        return upright if upright.nbytes <= room else None
    picture = fit_picture(decoded.image)
    return np.asarray(picture) if 3 * picture.width * picture.height <= room else None


def fit_picture(image: Image.Image) -> Image.Image:
    """Return an image whose long side is at most MOST_SIDE pixels: itself where that is so."""
    side = max(image.size)
    if side <= MOST_SIDE:
        return image
    factor = -(-side // MOST_SIDE)
    if side >= factor * LEAST_SIDE:
        return image.reduce(factor)  # whole pixels in the mean: a quarter of a resize's time
    scale = MOST_SIDE / side
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    return image.resize(size, Image.Resampling.HAMMING)
