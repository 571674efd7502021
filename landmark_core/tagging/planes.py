"""Parts of a picture, and its JPEG: its planes are those that JFIF stores (ITU-T T.871).

Arithmetic on them is half of that on RGB, and the encoder has nothing left to convert.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from landmark_core.records import Picture

try:
    import simplejpeg
except ImportError:  # no wheel for this machine: Pillow writes the same, in half as much time again
    simplejpeg = None

Pixels = NDArray[np.uint8]
Inside = tuple[int, int, int, int]  # left, top, right, bottom in pixels, at the edges of cells
GREY = 128  # a colour plane where there is no colour


def cut(picture: Picture, inside: Inside) -> Picture:
    """Return a part of a picture, as views."""
    left, top, right, bottom = inside
    cells = np.s_[top // 2 : -(-bottom // 2), left // 2 : -(-right // 2)]
    return Picture(
        luma=picture.luma[top:bottom, left:right],
        blue=picture.blue[cells],
        red=picture.red[cells],
    )


def to_jpeg(picture: Picture, quality: int) -> bytes:
    """Encode a picture as JFIF, 4:2:0."""
    height, width = picture.luma.shape
    if simplejpeg is not None:
        # TurboJPEG reads whole cells of brightness too: beyond the last pixel where a side is odd.
        luma = picture.luma
        if height % 2 or width % 2:
            whole = np.pad(luma, ((0, height % 2), (0, width % 2)), mode="edge")
            luma = whole[:height, :width]
        colours = (picture.blue, picture.red)
        encoded: bytes = simplejpeg.encode_jpeg_yuv_planes(luma, *colours, quality=quality)
        return encoded
    cells = np.ix_(np.arange(height) // 2, np.arange(width) // 2)
    full = (picture.luma, picture.blue[cells], picture.red[cells])
    image = Image.merge("YCbCr", [Image.fromarray(plane) for plane in full])
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
