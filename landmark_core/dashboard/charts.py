"""Counts by month as the geometry of a small chart of columns; the template draws it. Pure.

A chart is `width` units wide and HIGH high and is stretched to the page; texts lie outside of it,
so that they keep their size on a phone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from landmark_core.dashboard.months import filled

HIGH = 100.0  # units, the highest column
_STEP, _WIDE = 10.0, 8.0  # units from column to column, and of a column
_CROWDED = 100  # columns; more of them touch, as gaps of half a pixel only blur
_FEWEST = 24  # columns for which there is room: three months are no walls
_APART = 25.0  # percent of the width between two labels, at least: they have to fit on a phone
_EDGE = 8.0  # percent; nearer to an edge, a label begins or ends there


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One kind of one column, in units from the top left."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One month: what it says when it is pointed at, and its blocks."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A text below the columns."""

    text: str
    left: float  # percent
    anchor: str  # start, middle or end: what of the text lies there


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Columns with labels below."""

    width: float
    columns: tuple[Column, ...]
    labels: tuple[Label, ...]
    highest: int  # what a column of HIGH stands for
    has_breaks: bool  # whether months were left out


def draw_chart(counts: Mapping[str, Mapping[str, int]], titles: Mapping[str, str]) -> Chart:
    """Lay columns out, one a month.

    Args:
        counts: by month, ascending (2026-01), then by kind, from the bottom up; at least one.
        titles: of the kinds.
    """
    months = filled(list(counts))
    highest = max(sum(kinds.values()) for kinds in counts.values())
    slots = max(len(months), _FEWEST)
    wide = _STEP if len(months) > _CROWDED else _WIDE
    return Chart(
        width=slots * _STEP,
        columns=tuple(
            Column(
                title=f"{month}: {_in_words(counts[month], titles)}",
                blocks=tuple(_blocks(counts[month], number * _STEP, wide, HIGH / highest)),
            )
            for number, month in enumerate(months)
            if month is not None and month in counts
        ),
        labels=_labels(months, slots),
        highest=highest,
        has_breaks=None in months,
    )


def _blocks(kinds: Mapping[str, int], x: float, wide: float, scale: float) -> Iterator[Block]:
    top = HIGH
    for kind, count in kinds.items():
        if count:
            top -= count * scale
            yield Block(kind=kind, x=x, y=top, width=wide, height=count * scale)


def _in_words(kinds: Mapping[str, int], titles: Mapping[str, str]) -> str:
    parts = ", ".join(f"{titles[kind]} {count:,}" for kind, count in kinds.items() if count)
    return f"{sum(kinds.values()):,} ({parts})"


def _labels(months: Sequence[str | None], slots: int) -> tuple[Label, ...]:
    """Name as many columns as there is room for, the newest first."""
    labels: list[Label] = []
    for number, month in reversed(list(enumerate(months))):
        left = 100 * (number + _WIDE / _STEP / 2) / slots
        if month is None or (labels and labels[-1].left - left < _APART):
            continue
        anchor = "start" if left < _EDGE else "end" if left > 100 - _EDGE else "middle"
        labels.append(Label(text=month, left=left, anchor=anchor))
    return tuple(labels)
