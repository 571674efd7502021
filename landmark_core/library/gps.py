"""Where a photo was taken, from the GPS part of its EXIF; degrees in WGS 84.

Exif 2.32, section 4.6.6 (https://www.cipa.jp/std/documents/e/DC-008-Translation-2019-E.pdf): three
rationals (degrees, minutes, seconds) and a letter for each direction. Only the header is read.
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import ExifTags

from landmark_core.errors import PhotoError
from landmark_core.library.decode import open_photo


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place on the Earth."""

    latitude: float  # degrees in [-90, 90], north is positive
    longitude: float  # degrees in [-180, 180], east is positive


def read_position(data: bytes, *, name: str) -> Position | None:
    """Return where a photo was taken; null where it does not say, or says what cannot be.

    Args:
        data: the whole file.
        name: file name or location, as `decode_photo` takes it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of metadata that is damaged
            with open_photo(data, name) as image:
                gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    except PhotoError:
        return None
    except Exception:  # noqa: BLE001  # Pillow raises many kinds over damaged metadata
        return None
    return _position(gps)


def _position(gps: Mapping[int, Any]) -> Position | None:
    latitude = _degrees(gps, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "NS")
    longitude = _degrees(gps, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "EW")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    if latitude == longitude == 0:  # cameras that have no position yet write zeros
        return None
    return Position(latitude=latitude, longitude=longitude)


def _degrees(gps: Mapping[int, Any], value: int, direction: int, letters: str) -> float | None:
    parts, letter = gps.get(value), gps.get(direction)
    if not isinstance(parts, tuple) or len(parts) != 3 or not isinstance(letter, str):
        return None
    sign = {letters[0]: 1, letters[1]: -1}.get(letter.strip("\0 ").upper())
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    found = degrees + minutes / 60 + seconds / 3600
    return sign * found if sign and math.isfinite(found) else None
