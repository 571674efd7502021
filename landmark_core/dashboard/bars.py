"""Counts as bars of characters, as long as a terminal is wide. Pure.

Each kind has a sign of its own, so that bars say the same without colours.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# One sign for screens that have block characters, one for those that do not, and an ANSI colour
# (https://www.ecma-international.org/publications-and-standards/standards/ecma-48/).
_SIGNS: Mapping[str, tuple[str, str, int]] = {
    "tagged": ("█", "#", 34),
    "review": ("▓", "=", 33),
    "no_landmark": ("░", "-", 35),
    "failed": ("×", "x", 31),
}
_SHORTEST = 8  # characters; where names leave less room, lines grow longer than the terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the screen can show."""

    width: int = 80  # characters
    has_colour: bool = False
    has_blocks: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line: a name, texts in columns, then a bar of the parts."""

    name: str
    cells: tuple[str, ...] = ()  # right-aligned
    parts: tuple[tuple[str, int], ...] = ()  # (kind, photos)


def draw_rows(rows: Sequence[Row], look: Look, *, widest: int = 32) -> list[str]:
    """Return the rows as lines whose columns and bars are aligned; the longest bar fills the line.

    Args:
        rows: with equally many cells.
        look: of the screen.
        widest: characters of a name, at most.
    """
    name = min(max((breadth(row.name) for row in rows), default=0), widest)
    cells = [max(map(len, column)) for column in zip(*(row.cells for row in rows), strict=True)]
    room = look.width - 2 - name - sum(2 + cell for cell in cells) - 2
    most = max((sum(photos for _, photos in row.parts) for row in rows), default=0)
    scale = max(room, _SHORTEST) / most if most else 0.0
    lines = []
    for row in rows:
        texts = [fit(row.name, name)]
        texts += [text.rjust(cell) for text, cell in zip(row.cells, cells, strict=True)]
        texts += [draw_bar(row.parts, scale, look)]
        lines.append(("  " + "  ".join(texts)).rstrip())
    return lines


def draw_bar(parts: Sequence[tuple[str, int]], scale: float, look: Look) -> str:
    """Return one bar; what is not empty is one character at least.

    Args:
        parts: (kind, photos), from left to right.
        scale: characters for one photo.
        look: of the screen.
    """
    drawn, before, end = "", 0, 0.0
    for kind, photos in parts:
        end += photos * scale
        length = max(round(end) - before, 1 if photos and not before else 0)
        drawn += _paint(kind, length, look)
        before += length
    return drawn


def heading(text: str, look: Look) -> str:
    """Return the title of a section."""
    return f"\033[1m{text}\033[0m" if look.has_colour else text


def breadth(text: str) -> int:
    """Return how many columns of a terminal a text takes; Chinese signs take two."""
    return sum(_columns(char) for char in text)


def fit(text: str, width: int) -> str:
    """Return a text that takes exactly `width` columns, cut or filled up."""
    kept = text
    if breadth(text) > width:
        kept = ""
        while breadth(kept + text[len(kept)]) < width:
            kept += text[len(kept)]
        kept += "…"
    return kept + " " * (width - breadth(kept))


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _paint(kind: str, length: int, look: Look) -> str:
    block, plain, colour = _SIGNS[kind]
    bar = (block if look.has_blocks else plain) * length
    return f"\033[{colour}m{bar}\033[0m" if look.has_colour and bar else bar
