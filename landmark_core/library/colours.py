"""Turn decoded pixels of any mode into 8-bit RGB, as a viewer would show them on white paper.

Pillow converts most modes well; this module handles those where its plain `convert` loses the
photo: 16-bit and float samples (it clips them), transparency (it shows what was hidden) and CMYK
(it ignores the inks that the file's own profile describes).
"""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from landmark_core.errors import PhotoError

_DEEP_MODES = frozenset(("I", "I;16", "I;16L", "I;16B", "I;16N", "F"))
_PLAIN_MODES = frozenset(("1", "L", "P", "RGBX", "YCbCr", "HSV", "CMYK"))
_BLOCK = 2**20  # samples scaled at once: a whole scan as float64 would take gigabytes
_WHITE = (255, 255, 255, 255)


def to_rgb(image: Image.Image) -> Image.Image:
    """Return a photo's pixels in mode RGB.

    Args:
        image: loaded; `info` may hold a transparency and a colour profile. Returned itself where
            it is RGB already.

    Raises:
        PhotoError: "unsupported", for colour models without a known way to RGB.
    """
    if image.mode in _DEEP_MODES:
        return _scale_to_8_bits(image)
    if image.has_transparency_data:
        picture = image if image.mode == "RGBA" else image.convert("RGBA")
        paper = Image.new("RGBA", image.size, _WHITE)
        return Image.alpha_composite(paper, picture).convert("RGB")
    if image.mode == "RGB":
        return image  # most photos; convert would copy them, a tenth of the time of a small one
    if image.mode == "CMYK" and (converted := _through_profile(image)) is not None:
        return converted
    if image.mode not in _PLAIN_MODES:
        raise PhotoError("unsupported", f"colour model {image.mode}; save it as RGB")
    return image.convert("RGB")


def _scale_to_8_bits(image: Image.Image) -> Image.Image:
    """Map black to 0 and the sample type's white to 255; Pillow's own convert would clip."""
    values = np.asarray(image)  # (H, W)
    rows = max(1, _BLOCK // max(1, image.width))
    blocks = [values[top : top + rows] for top in range(0, image.height, rows)]
    white = _white_of(image.mode, max(float(_finite(block).max(initial=0)) for block in blocks))
    grey = np.concatenate([_scale(_finite(block), white) for block in blocks])  # (H, W)
    transparent: Any = image.info.get("transparency")
    if isinstance(transparent, int):  # PNG: this very value is a hole, and holes show the paper
        grey[values == transparent] = 255
    return Image.fromarray(grey).convert("RGB")


def _finite(block: NDArray[Any]) -> NDArray[np.float64]:
    return np.nan_to_num(block.astype(np.float64), posinf=0.0, neginf=0.0)


def _scale(block: NDArray[np.float64], white: float) -> NDArray[np.uint8]:
    return np.rint(np.clip(block * (255.0 / white), 0, 255)).astype(np.uint8)


def _white_of(mode: str, peak: float) -> float:
    """Return the value that is white: the least usual one that no sample exceeds.

    Files of 32-bit integers and floats do not say it. 0..1, 0..255 and 0..65535 are what programs
    write; anything beyond is scaled by its own maximum.
    """
    usual = (1.0, 255.0, 65535.0) if mode == "F" else (65535.0,)
    return next((white for white in usual if peak <= white), peak)


def _through_profile(image: Image.Image) -> Image.Image | None:
    """Convert CMYK by its embedded profile; null where it has none that works.

    Inks are not the complement of light: without its profile a real print comes out redder and
    darker, by 10 grey levels on average. Other profiles are left alone (see `decode`).
    """
    profile = image.info.get("icc_profile")
    if not profile:
        return None
    try:
        return ImageCms.profileToProfile(
            image, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
