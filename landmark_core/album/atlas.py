"""Where photos were taken, as a map without tiles: a plain graticule and dots. Pure.

The projection is equirectangular; a map of one place is narrowed by the cosine of its latitude, so
that a square in the field is one on the page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDE, HIGH = 720.0, 360.0  # units of the picture, at most
_LEAST_SPAN = 0.02  # degrees, about two kilometres: one place is not a blank sheet
_ROOM = 0.08  # of the span, around the outermost dots
_WORLD = 75.0  # degrees; what is wider is a map of the world
_STEPS = (60.0, 30.0, 15.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005)
_LINES = 3  # of the graticule, at least, in the longer direction; twelve on the world
_NAMED = 60.0  # degrees between the names of lines on the world
_NAME = 70.0  # units that the name of a meridian takes to its right
_SMALLEST, _LARGEST = 3.0, 12.0  # units, radius of a dot


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """A part of the world in degrees; never across the date line."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Photos that were taken about one place."""

    latitude: float  # degrees, north is positive
    longitude: float  # degrees, east is positive
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the graticule, in units from the top left, and how it is named."""

    x: float  # of a meridian; 0 for a parallel
    y: float  # of a parallel; 0 for a meridian
    is_meridian: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One spot on the map."""

    x: float
    y: float
    radius: float
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """A picture of `width` by `height` units."""

    width: float
    height: float
    lines: tuple[Line, ...]
    dots: tuple[Dot, ...]  # the largest first, so that no small one is hidden


def frame(south: float, west: float, north: float, east: float) -> Extent:
    """Return the part of the world that shows all that lies between these; the world at most."""
    if max(east - west, north - south) > _WORLD:
        return Extent(south=-90, west=-180, north=90, east=180)
    high = max(north - south, _LEAST_SPAN) * (0.5 + _ROOM)
    wide = max(east - west, _LEAST_SPAN) * (0.5 + _ROOM)
    middle = (north + south) / 2
    high = max(high, wide * _narrowing(middle) * HIGH / WIDE)  # the sheet is filled either way
    wide = high / _narrowing(middle) * WIDE / HIGH
    return Extent(
        south=max(middle - high, -90.0),
        north=min(middle + high, 90.0),
        west=max((west + east) / 2 - wide, -180.0),
        east=min((west + east) / 2 + wide, 180.0),
    )


def draw_map(extent: Extent, spots: Sequence[Spot]) -> Map:
    """Lay the spots out.

    Args:
        extent: what is shown.
        spots: inside of it; at least one.
    """
    across, along = extent.east - extent.west, extent.north - extent.south
    is_world = along >= 180
    narrowing = 1.0 if is_world else _narrowing((extent.north + extent.south) / 2)
    scale = min(WIDE / (across * narrowing), HIGH / along)  # units for a degree of latitude
    width, height = across * narrowing * scale, along * scale
    most = max(spot.photos for spot in spots)

    def x_of(longitude: float) -> float:
        return (longitude - extent.west) * narrowing * scale

    def y_of(latitude: float) -> float:
        return (extent.north - latitude) * scale

    named = _NAMED if is_world else 0.0
    lines = [
        Line(
            x=x_of(at),
            y=0.0,
            is_meridian=True,
            text=_degrees(at, "E", "W", named) if x_of(at) < width - _NAME else "",
        )
        for at in _graticule(extent.west, extent.east, max(across, along))
    ]
    lines += [
        Line(x=0.0, y=y_of(at), is_meridian=False, text=_degrees(at, "N", "S", named))
        for at in _graticule(extent.south, extent.north, max(across, along))
    ]
    dots = [
        Dot(
            x=x_of(spot.longitude),
            y=y_of(spot.latitude),
            radius=max(_SMALLEST, _LARGEST * math.sqrt(spot.photos / most)),
            photos=spot.photos,
        )
        for spot in sorted(spots, key=lambda spot: -spot.photos)
    ]
    return Map(width=width, height=height, lines=tuple(lines), dots=tuple(dots))


def _narrowing(latitude: float) -> float:
    return max(math.cos(math.radians(latitude)), 0.1)


def _graticule(low: float, high: float, span: float) -> Sequence[float]:
    """Return round degrees strictly between two, with a step that suits the longer direction."""
    least = 12 if span >= 360 else _LINES
    step = next((step for step in _STEPS if span / step >= least), _STEPS[-1])
    first, last = math.floor(low / step) + 1, math.ceil(high / step) - 1
    return [number * step for number in range(first, last + 1)]


def _degrees(value: float, positive: str, negative: str, named: float) -> str:
    """Return how a line is called; empty where only every `named` degrees are."""
    if named and value % named:
        return ""
    text = f"{abs(value):.3f}".rstrip("0").rstrip(".")
    return f"{text}°{'' if not value else positive if value > 0 else negative}"
