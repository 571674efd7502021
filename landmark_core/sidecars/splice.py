"""Changes of a file by byte offsets. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from landmark_core.sidecars.elements import Element

_SPACE = b" \t\r\n"  # what XML takes for white space


@dataclass(frozen=True, slots=True)
class Splice:
    """Bytes from `start` to `end` become others."""

    start: int
    end: int
    new: bytes = b""


def splice(data: bytes, splices: Iterable[Splice]) -> bytes:
    """Return the bytes with all changes made; one that lies within another is dropped.

    Args:
        data: the file.
        splices: none of them overlaps another partly; insertions at one place keep their order.
    """
    pieces, at = [], 0
    for one in sorted(splices, key=lambda one: (one.start, -one.end)):
        if one.start < at:
            continue
        pieces += [data[at : one.start], one.new]
        at = one.end
    return b"".join([*pieces, data[at:]])


def lead_of(data: bytes, start: int) -> bytes:
    """Return the white space right before an offset."""
    return data[len(data[:start].rstrip(_SPACE)) : start]


def cut(data: bytes, element: Element) -> Splice:
    """Remove an element and the white space before it, which came with it."""
    return Splice(element.start - len(lead_of(data, element.start)), element.end)
