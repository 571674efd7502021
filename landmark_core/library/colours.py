"""Turn decoded pixels of any mode into 8-bit RGB, as a viewer would show them on white paper.

Pillow converts most modes well; this module handles those where its plain `convert` loses the
photo: 16-bit and float samples (it clips them), transparency (it shows what was hidden) and CMYK
(it ignores the inks that the file's own profile describes).
"""

import io
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from landmark_core.errors import PhotoError

_DEEP_MODES = frozenset(("I", "I;16", "I;16L", "I;16B", "I;16N", "F"))
_PLAIN_MODES = frozenset(("1", "L", "P", "RGB", "RGBX", "YCbCr", "HSV", "CMYK"))
_WHITE = (255, 255, 255, 255)


def to_rgb(image: Image.Image) -> Image.Image:
    """Return a photo's pixels in mode RGB.

    Args:
        image: loaded; `info` may hold a transparency and a colour profile.

    Raises:
        PhotoError: "unsupported", for colour models without a known way to RGB.
    """
    if image.mode in _DEEP_MODES:
        return _scale_to_8_bits(image)
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, _WHITE)
        paper.alpha_composite(image.convert("RGBA"))
        return paper.convert("RGB")
    if image.mode == "CMYK" and (converted := _through_profile(image)) is not None:
        return converted
    if image.mode not in _PLAIN_MODES:
        raise PhotoError("unsupported", f"colour model {image.mode}; save it as RGB")
    return image.convert("RGB")


def _scale_to_8_bits(image: Image.Image) -> Image.Image:
    """Map black to 0 and the sample type's white to 255; Pillow's own convert would clip."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0.0, neginf=0.0)  # (H, W)
    grey = np.clip(values * (255.0 / _white_of(image.mode, values)), 0, 255)
    transparent: Any = image.info.get("transparency")
    if isinstance(transparent, int):  # PNG: this very value is a hole, and holes show the paper
        grey[values == transparent] = 255
    return Image.fromarray(np.rint(grey).astype(np.uint8), "L").convert("RGB")


def _white_of(mode: str, values: "np.ndarray[Any, np.dtype[np.float64]]") -> float:
    """Return the value that is white: the least usual one that no sample exceeds.

    Files of 32-bit integers and floats do not say it. 0..1, 0..255 and 0..65535 are what programs
    write; anything beyond is scaled by its own maximum.
    """
    peak = float(values.max(initial=0.0))
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
