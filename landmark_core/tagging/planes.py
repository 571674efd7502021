"""Pictures as JPEG stores them: brightness in full, colour at half of its width and height.

Arithmetic on these planes is half of that on RGB, and the encoder has nothing left to convert.
Full-range BT.601, as in JFIF (ITU-T T.871): no colour is 128.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

try:
    import simplejpeg
except ImportError:  # no wheel for this machine: Pillow writes the same, in half as much time again
    simplejpeg = None

Pixels = NDArray[np.uint8]
Inside = tuple[int, int, int, int]  # left, top, right, bottom in pixels, at the edges of cells
GREY = 128  # a colour plane where there is no colour


@dataclass(frozen=True, slots=True)
class Planes:
    """One picture; a cell of colour covers 2 x 2 pixels, the last ones less where a side is odd."""

    luma: Pixels  # (H, W)
    blue: Pixels  # (ceil(H/2), ceil(W/2)) Cb
    red: Pixels  # likewise, Cr

    def cut(self, inside: Inside) -> "Planes":
        """Return a part of the picture, as views."""
        left, top, right, bottom = inside
        cells = np.s_[top // 2 : -(-bottom // 2), left // 2 : -(-right // 2)]
        return Planes(self.luma[top:bottom, left:right], self.blue[cells], self.red[cells])

    def __iter__(self) -> Iterator[Pixels]:
        return iter((self.luma, self.blue, self.red))


def to_planes(image: Image.Image) -> Planes:
    """Take an RGB image apart; the planes may be written to."""
    # Twice from RGB, each in its own size: converting all and halving two planes takes longer.
    _, blue, red = image.reduce(2).convert("YCbCr").split()
    return Planes(*(np.array(plane) for plane in (image.convert("L"), blue, red)))


def to_jpeg(planes: Planes, quality: int) -> bytes:
    """Encode a picture as JFIF, 4:2:0."""
    height, width = planes.luma.shape
    if simplejpeg is not None:
        # TurboJPEG reads whole cells of brightness too: beyond the last pixel where a side is odd.
        luma = planes.luma
        if height % 2 or width % 2:
            whole = np.pad(luma, ((0, height % 2), (0, width % 2)), mode="edge")
            luma = whole[:height, :width]
        colours = (planes.blue, planes.red)
        encoded: bytes = simplejpeg.encode_jpeg_yuv_planes(luma, *colours, quality=quality)
        return encoded
    cells = np.ix_(np.arange(height) // 2, np.arange(width) // 2)
    full = (planes.luma, planes.blue[cells], planes.red[cells])
    image = Image.merge("YCbCr", [Image.fromarray(plane) for plane in full])
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
