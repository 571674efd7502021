"""A photo's bytes → a small JPEG of it, without the original's metadata."""

import io
from dataclasses import dataclass

from PIL import Image

from landmark_core.config import ReadLimits
from landmark_core.library import decode_photo

QUALITY = 72

# A page of pictures is worth neither long waits nor much memory: the next photo is as good.
THUMBNAIL_LIMITS = ReadLimits(
    max_bytes=64 * 2**20,
    max_decoded_pixels=40_000_000,
    fetch_attempts=1,
    fetch_timeout_s=5.0,
    fetch_concurrency=4,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """A small picture."""

    jpeg: bytes
    width: int  # pixels of the JPEG
    height: int


def make_thumbnail(data: bytes, *, name: str, side: int) -> Thumbnail:
    """Return a photo with a long side of `side` pixels, or less where it has less.

    Args:
        data: the whole file.
        name: file name or location, as `decode_photo` takes it.
        side: pixels.

    Raises:
        PhotoError: if it cannot be decoded.
    """
    image = decode_photo(data, name=name, min_side=side, limits=THUMBNAIL_LIMITS, margin=1).image
    image.thumbnail((side, side), Image.Resampling.HAMMING)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY)
    return Thumbnail(jpeg=buffer.getvalue(), width=image.width, height=image.height)
