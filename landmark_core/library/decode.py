"""Turn a photo's bytes into upright 8-bit RGB, or say in one line why that cannot be.

The content decides, never the name, but for camera raw: those files begin like a TIFF and hold a
small preview, which would pass for the photo. Limits are checked on the header, before any pixel.

What is a photo here and what is not, where formats leave a choice:

- A file whose pixels cannot all be decoded is `corrupt`, as in torchvision and plain Pillow: half a
  photo filled up with grey would get confident wrong tags.
- Of animations (GIF, APNG, WebP, AVIF) the first frame counts; of MPO and Ultra HDR the plain JPEG.
- Embedded colour profiles are left alone, except for CMYK (see `colours`): the models learnt from
  photos read the same way, and Display P3 read as sRGB moves no tag.

A JPEG's pixels come from libjpeg-turbo as an array (see `jpeg`), all others from Pillow, which has
no reduced sizes for them. Its plugins are called directly: `Image.open` has a process-wide pixel
limit of its own and would try formats that run other programs (EPS).
"""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError
from landmark_core.library.colours import to_rgb
from landmark_core.library.jpeg import decode_draft, turn_upright
from landmark_core.library.kinds import HEAD_BYTES, RAW_EXTENSIONS, extension_of, sniff


def _open_heif(file: io.BytesIO) -> ImageFile.ImageFile:
    try:
        # Here, for it brings 26 MB of decoders, and libraries without a phone's photos need none.
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise PhotoError("unsupported", "HEIC needs the package pillow-heif") from error
    image: ImageFile.ImageFile = HeifImageFile(file)  # type: ignore[no-untyped-call]
    return image


# Photos are decoded side by side, one on each core; a thread for each core and photo beside that
# would cost an AVIF of 640 x 480 a sixth of its time on 16 cores, half of it on 64.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_OPENERS: dict[str, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    "jpeg": JpegImagePlugin.jpeg_factory,
    "png": PngImagePlugin.PngImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
    "heif": _open_heif,
}
_DECODED = "JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP or GIF"
_DNG_VERSION = 50706  # TIFF tag that only camera raw carries, Adobe DNG specification 1.7
# JPEG decodes at 1/2, 1/4 or 1/8 for less time, by a plain filter. At twice the needed side,
# the model's own resize still does the last, well-filtered reduction: an 1800 x 1200 photo ends 0.4
# grey levels from its full decode (1.3 without the margin), in half the time. Pillow's thumbnail()
# does the same by its reducing_gap=2.0.
DRAFT_MARGIN = 2
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Picture = Image.Image | NDArray[np.uint8]  # an image, or (H, W, 3)


@dataclass(frozen=True, kw_only=True, eq=False)  # no slots: `image` is kept once it is made
class Decoded:
    """A photo's pixels, upright, and the size it has in full."""

    upright: Picture  # RGB, as its decoder made it
    width: int  # pixels of the full photo, upright
    height: int
    scaled: bool  # upright is smaller than the full photo: a JPEG decoded at 1/2, 1/4 or 1/8

    @cached_property
    def image(self) -> Image.Image:
        """The same pixels as an image in mode RGB; where an array does, `upright` costs less."""
        picture = self.upright
        return picture if isinstance(picture, Image.Image) else Image.fromarray(picture)


def decode_photo(
    data: bytes, *, name: str, min_side: int, limits: ReadLimits, margin: int = DRAFT_MARGIN
) -> Decoded:
    """Decode a photo.

    Args:
        data: the whole file.
        name: file name or location; only its extension is looked at, and only for camera raw.
        min_side: pixels that the image's short side keeps at least, where the photo has them; what
            the model's preprocessing reduces it to.
        limits: pixels that the header may declare, and that may be held in memory.
        margin: how many times min_side a JPEG keeps; 1 is the fastest, for pictures to look at.

    Raises:
        PhotoError: "corrupt", "unsupported" or "too_large"; no other error leaves this function.
    """
    kind = _recognise(data, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of metadata that we do not use
            return _decode_as(kind, data, margin * min_side, limits)
    except PhotoError:
        raise
    except Image.DecompressionBombError as error:
        # A limit inside Pillow's plugins; its text names a number that is not ours.
        raise PhotoError(
            "too_large", "the header declares more pixels than any photo has"
        ) from error
    except MemoryError as error:
        raise PhotoError("too_large", "not enough memory to decode it") from error
    except Exception as error:  # decoders raise OSError, SyntaxError, struct.error and many more
        raise PhotoError("corrupt", f"not a readable {kind.upper()}: {_one_line(error)}") from error


def open_photo(data: bytes, name: str) -> ImageFile.ImageFile:
    """Open a photo without decoding a pixel, for what its header says.

    Raises:
        PhotoError: if its content is none that is decoded; what Pillow raises, if it is damaged.
    """
    return _OPENERS[_recognise(data, name)](io.BytesIO(data))


def _recognise(data: bytes, name: str) -> str:
    kind = sniff(data[:HEAD_BYTES])
    extension = extension_of(name)
    if not data:
        raise PhotoError("corrupt", "the file is empty")
    if kind == "camera raw" or (kind in ("tiff", None) and extension in RAW_EXTENSIONS):
        raise PhotoError("unsupported", f"camera raw ({extension or 'by content'}); export a JPEG")
    if kind is None and not data.strip(b"\0"):
        raise PhotoError("corrupt", "the file holds only zeros")
    if kind not in _OPENERS:
        content = kind.upper() if kind else "unknown content"
        raise PhotoError("unsupported", f"expected {_DECODED}, got {content}")
    return kind


def _decode_as(kind: str, data: bytes, min_jpeg_side: int, limits: ReadLimits) -> Decoded:
    with _OPENERS[kind](io.BytesIO(data)) as image:
        _refuse_preview(image)
        size = image.size
        _check_declared(size, limits)
        if kind == "jpeg":
            image.draft(None, (min_jpeg_side, min_jpeg_side))
        _check_held(image, size, limits)
        pixels = decode_draft(data, image, size) if kind == "jpeg" else None
        if pixels is None:
            image.load()
        # Asked after loading: decoders that turn the pixels themselves (HEIF, TIFF) have taken the
        # mark out by then; AVIF's has put in what the file's own boxes say.
        orientation = image.getexif().get(ExifTags.Base.Orientation)
        turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
        upright = _turn(to_rgb(image) if pixels is None else pixels, turn)
    swapped = turn is not None and orientation in (5, 6, 7, 8)
    width, height = reversed(size) if swapped else size
    return Decoded(upright=upright, width=width, height=height, scaled=image.size != size)


def _turn(picture: Picture, turn: Image.Transpose | None) -> Picture:
    if turn is None:
        return picture
    if isinstance(picture, Image.Image):
        return picture.transpose(turn)
    return turn_upright(picture, turn)


def _refuse_preview(image: ImageFile.ImageFile) -> None:
    if isinstance(image, TiffImagePlugin.TiffImageFile) and _DNG_VERSION in image.tag_v2:
        raise PhotoError("unsupported", "camera raw (DNG by content); export a JPEG")


def _check_declared(size: tuple[int, int], limits: ReadLimits) -> None:
    width, height = size
    if width * height > limits.max_pixels:
        raise PhotoError(
            "too_large", f"expected at most {limits.max_pixels:,} pixels, got {width} x {height}"
        )


def _check_held(image: ImageFile.ImageFile, size: tuple[int, int], limits: ReadLimits) -> None:
    # libjpeg keeps all coefficients of a progressive file, whatever the scale it decodes to.
    width, height = size if image.info.get("progressive") else image.size
    if width * height > limits.max_decoded_pixels:
        raise PhotoError(
            "too_large",
            f"expected at most {limits.max_decoded_pixels:,} pixels held, got {width} x {height}",
        )


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
