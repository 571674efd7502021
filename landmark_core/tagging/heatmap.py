"""Draw where the network looked: photo and Grad-CAM map become one JPEG that a person can read.

The photo stays recognisable: colour covers it only where the map is warm, and its own colours are
muted, so that a sunset is not taken for heat. What the network did not see (outside of its crop) is
dimmed, with a line around what it saw. Tag, confidence and identity travel in the file. Nothing of
the photo's own metadata is copied: it may say where somebody lives.
Colours: matplotlib's inferno (https://bids.github.io/colormap/, CC0): even steps of lightness,
readable in grey and by the colour-blind.
"""

import io
import json
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageDraw, ImageEnhance

from landmark_core.library import fit_picture

Box = tuple[float, float, float, float]

# Every eighth colour of inferno as RRGGBB; between them it is straight to within 2 of 255.
_INFERNO = bytes.fromhex(
    "0000040403120b0724150b37210c4a2f0a5b3d09654a0c6b57106e64156e71196e"
    "7d1e6d8a226a972766a32c61b0315bbc3754c63d4dd04545da4e3ce35933eb6429"
    "f1711ff67e14f98c0afb9b06fcaa0ffbba1ff9c932f5d949f2e865f3f586fcffa4"
)
_COLOURFUL = 0.45  # of the photo's saturation is left
_DIMMED = 0.65  # of the brightness is left outside of the crop
_OPACITY = 0.7  # of the colour where the map is hottest
_OUTLINE = 3  # pixels, dark-light-dark
_JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What the file says about itself; the names are the columns of the tags table."""

    photo_id: str
    model_id: str
    tag: str
    confidence: float


def render_overlay(
    photo: Image.Image, cam: NDArray[np.float32], *, crop_box: Box, caption: Caption
) -> bytes:
    """Lay a Grad-CAM map over a photo.

    Args:
        photo: RGB, upright, whole; larger than MOST_SIDE it is made smaller.
        cam: (h, w) raw map, not negative; all zero where nothing spoke for the tag.
        crop_box: left, top, right, bottom of what the network saw, as fractions of the photo's
            width and height; beyond 0..1 where the crop was padded.
        caption: goes into the JPEG's comment and EXIF user comment as JSON, and into its EXIF
            description as text.

    Returns:
        The bytes of a JPEG, its long side at most MOST_SIDE pixels.
    """
    shown = ImageEnhance.Color(fit_picture(photo)).enhance(_COLOURFUL)
    box = _in_pixels(crop_box, shown.size)
    inside = _inner_box(box, shown.size)
    picture = shown.point(lambda value: value * _DIMMED)
    picture.paste(_heated(shown.crop(inside), _heat(cam, box, inside)), inside[:2])
    _outline(picture, inside)
    return _to_jpeg(picture, caption)


def _in_pixels(fractions: Box, size: tuple[int, int]) -> Box:
    left, top, right, bottom = fractions
    width, height = size
    return left * width, top * height, right * width, bottom * height


def _inner_box(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the whole pixels that a box covers of a picture, at least one each way."""
    left = min(max(round(box[0]), 0), size[0] - 1)
    top = min(max(round(box[1]), 0), size[1] - 1)
    right = min(max(round(box[2]), left + 1), size[0])
    bottom = min(max(round(box[3]), top + 1), size[1])
    return left, top, right, bottom


def _heat(cam: NDArray[np.float32], box: Box, inside: tuple[int, int, int, int]) -> Image.Image:
    """Return the map over some whole pixels, 0..255 where 255 is its hottest cell.

    The map's cells tile the box exactly, so each cell's centre keeps its place also where the
    pixels cut through a cell or the box reaches beyond the photo.
    """
    hottest = float(cam.max())
    usable = np.isfinite(hottest) and hottest > 0
    cells = Image.fromarray(np.clip(cam / hottest, 0, 1) if usable else np.zeros_like(cam))
    per_x = cells.width / (box[2] - box[0])
    per_y = cells.height / (box[3] - box[1])
    # A box of less than a pixel may lie beside the pixel that shows it: a sliver is its colour.
    left = min(max((inside[0] - box[0]) * per_x, 0.0), cells.width - 0.01)
    top = min(max((inside[1] - box[1]) * per_y, 0.0), cells.height - 0.01)
    right = min(max((inside[2] - box[0]) * per_x, left + 0.01), cells.width)
    bottom = min(max((inside[3] - box[1]) * per_y, top + 0.01), cells.height)
    region = (left, top, right, bottom)
    size = (inside[2] - inside[0], inside[3] - inside[1])
    # Smooth to a quarter in floats, the rest in bytes: the same to the eye in half the time.
    quarter = (min(size[0], max(64, size[0] // 4)), min(size[1], max(64, size[1] // 4)))
    smooth = np.asarray(cells.resize(quarter, Image.Resampling.BICUBIC, box=region))
    levels = Image.fromarray((smooth.clip(0, 1) * 255).round().astype(np.uint8))
    return levels.resize(size, Image.Resampling.BILINEAR)


def _heated(photo: Image.Image, heat: Image.Image) -> Image.Image:
    """Blend a photo with the colours of its heat, the more the hotter."""
    points = np.frombuffer(_INFERNO, dtype=np.uint8).reshape(-1, 3)
    at = np.linspace(0, 255, len(points)).round()
    palette = np.stack([np.interp(np.arange(256), at, points[:, c]) for c in range(3)], axis=1)
    colours = heat.copy()
    colours.putpalette(palette.round().astype(np.uint8).tobytes())
    # Cold parts keep their own colours: cover begins slowly and grows with the heat.
    opacity = heat.point([round(255 * _OPACITY * (value / 255) ** 0.8) for value in range(256)])
    return Image.composite(colours.convert("RGB"), photo, opacity)


def _outline(picture: Image.Image, inside: tuple[int, int, int, int]) -> None:
    """Draw the edge of what the network saw: white on black, to be seen on any photo."""
    left, top, right, bottom = inside
    if min(right - left, bottom - top) < 2 * _OUTLINE:
        return  # nothing would be left to see inside
    draw = ImageDraw.Draw(picture)
    draw.rectangle((left, top, right - 1, bottom - 1), outline="black", width=_OUTLINE)
    draw.rectangle((left + 1, top + 1, right - 2, bottom - 2), outline="white")


def _to_jpeg(picture: Image.Image, caption: Caption) -> bytes:
    facts = asdict(caption)
    exif = Image.Exif()
    # Bytes, as EXIF has no encoding of its own for text: every reader of today takes UTF-8.
    exif[ExifTags.Base.ImageDescription] = f"{caption.tag} {caption.confidence:.2f}".encode()
    exif[ExifTags.Base.Software] = "landmark-tagger"
    in_ascii = b"ASCII\0\0\0" + json.dumps(facts).encode("ascii")
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = in_ascii
    buffer = io.BytesIO()
    comment = json.dumps(facts, ensure_ascii=False).encode()
    picture.save(buffer, "JPEG", quality=_JPEG_QUALITY, exif=exif, comment=comment)
    return buffer.getvalue()
