"""Blend a picture with the colours of its heat, and darken what has none.

Colours: matplotlib's inferno (https://bids.github.io/colormap/, CC0): even steps of lightness,
readable in grey and by the colour-blind.

What some heat does to a value of the picture is linear in that value, so tables by heat hold all of
it. Bytes are looked up by `bytes.translate`, in a third of the time that NumPy takes to index.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmark_core.records import Picture
from landmark_core.tagging.planes import GREY, Pixels

# Every eighth colour of inferno as RRGGBB; between them it is straight to within 2 of 255.
_INFERNO = bytes.fromhex(
    "0000040403120b0724150b37210c4a2f0a5b3d09654a0c6b57106e64156e71196e"
    "7d1e6d8a226a972766a32c61b0315bbc3754c63d4dd04545da4e3ce35933eb6429"
    "f1711ff67e14f98c0afb9b06fcaa0ffbba1ff9c932f5d949f2e865f3f586fcffa4"
)
_COLOURFUL = 0.45  # of the photo's saturation is left
_DIMMED = 0.65  # of the brightness is left outside of the crop
_OPACITY = 0.7  # of the colour where the map is hottest
_TO_YCBCR = np.array(  # ITU-T T.871, section 7; columns are Y, Cb, Cr
    [[0.299, -0.168736, 0.5], [0.587, -0.331264, -0.418688], [0.114, 0.5, -0.081312]]
)


@dataclass(frozen=True, slots=True)
class _Blend:
    """What each heat, 0..255, leaves of the photo and adds to it; tables of 256 bytes."""

    luma_kept: bytes  # 256 x share - 1, so that 255 keeps all
    luma_added: bytes
    colour_kept: bytes  # 256 x share
    blue_added: bytes  # from 128, which adds nothing
    red_added: bytes


def warm(picture: Picture, heat: Pixels) -> None:
    """Cover a picture with the colours of its heat, the more the hotter, and mute its own.

    Args:
        picture: changed in place.
        heat: 0..255, one for each cell of colour.
    """
    _warm_luma(picture.luma, heat)
    _warm_colours((picture.blue, picture.red), heat)


def dim(picture: Picture) -> None:
    """Darken and mute a picture, in place."""
    picture.luma[...] = (picture.luma * np.uint16(256 * _DIMMED)) >> 8
    for colour in (picture.blue, picture.red):
        colour[...] = _scaled(colour, np.int16(256 * _DIMMED * _COLOURFUL)) + np.int16(GREY)


def _warm_luma(luma: Pixels, heat: Pixels) -> None:
    columns = luma.shape[1]
    kept = _look_up(_BLEND.luma_kept, heat).astype(np.uint32)
    kept += 1  # from 1..256, which no byte holds
    kept *= 0x10001  # each twice, side by side: a multiplication is faster than `np.repeat`
    twice = kept.view(np.uint16)[:, :columns]
    added = (_look_up(_BLEND.luma_added, heat) * np.uint16(0x101)).view(np.uint8)[:, :columns]
    for rows in (luma[::2], luma[1::2]):  # one may have one less
        mixed = rows * twice[: len(rows)]  # 65,280 at most
        mixed += 128
        mixed >>= 8
        np.add(mixed, added[: len(rows)], out=rows, casting="unsafe")


def _warm_colours(colours: tuple[Pixels, Pixels], heat: Pixels) -> None:
    kept = _look_up(_BLEND.colour_kept, heat).astype(np.int16)
    for colour, table in zip(colours, (_BLEND.blue_added, _BLEND.red_added), strict=True):
        np.add(_scaled(colour, kept), _look_up(table, heat), out=colour, casting="unsafe")


def _scaled(colour: Pixels, share: NDArray[np.int16] | np.int16) -> NDArray[np.int16]:
    """Return a share, in 256ths, of how far a colour plane is from grey."""
    distance = colour.astype(np.int16)
    distance -= GREY
    distance *= share
    distance += 128
    distance >>= 8
    return distance


def _look_up(table: bytes, values: Pixels) -> Pixels:
    return np.frombuffer(values.tobytes().translate(table), np.uint8).reshape(values.shape)


def _make_blend() -> _Blend:
    points = np.frombuffer(_INFERNO, dtype=np.uint8).reshape(-1, 3)
    at = np.linspace(0, 255, len(points)).round()
    colours = np.stack([np.interp(np.arange(256), at, points[:, c]) for c in range(3)], axis=1)
    luma, blue, red = (colours @ _TO_YCBCR).T  # blue and red from -128 to 127
    # Cold parts keep their own colours: cover begins slowly and grows with the heat.
    opacity = _OPACITY * (np.arange(256) / 255) ** 0.8
    return _Blend(
        luma_kept=_as_bytes(256 * (1 - opacity) - 1),
        luma_added=_as_bytes(opacity * luma),
        colour_kept=_as_bytes(256 * (1 - opacity) * _COLOURFUL),
        blue_added=_as_bytes(opacity * blue + GREY),
        red_added=_as_bytes(opacity * red + GREY),
    )


def _as_bytes(values: NDArray[np.float64]) -> bytes:
    return values.round().astype(np.uint8).tobytes()


_BLEND = _make_blend()
