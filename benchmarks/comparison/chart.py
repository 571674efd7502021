"""Draw the results: a panel for each case, a bar for each contestant, a line where the floor is."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from benchmarks.comparison.cases import FLOOR
from benchmarks.comparison.results import CaseResult, Line

OURS, OTHERS, EDGE, TEXT = "#1f6f8b", "#c3c9cf", "#3d4852", "#22292f"
BAR_INCHES, HEAD_INCHES, WIDTH_INCHES = 0.36, 0.85, 9.0
CAPTION_COLUMNS = 150  # characters of small print in one line of that width


def drawn_lines(result: CaseResult) -> list[Line]:
    """Return the lines that get a bar: everybody who tags, cheapest first."""
    return [line for line in result.lines if line.name not in (*FLOOR, "floor")]


def draw_chart(results: Sequence[CaseResult], path: Path, *, caption: str) -> int:
    """Write the chart as PNG.

    Args:
        results: of all cases; those without bars (forward alone) are left out.
        path: of the file.
        caption: small print below the panels.

    Returns:
        How many bars it has.
    """
    shown = [result for result in results if drawn_lines(result)]
    if not shown:
        return 0
    counts = [len(drawn_lines(result)) for result in shown]
    height = BAR_INCHES * sum(counts) + HEAD_INCHES * len(shown) + 1.1
    figure = Figure(figsize=(WIDTH_INCHES, height), layout=ConstrainedLayoutEngine(hspace=0.06))
    panels = figure.subplots(len(shown), 1, height_ratios=counts, squeeze=False)[:, 0]
    figure.suptitle(
        "What one photo more costs, in milliseconds (shorter is better)",
        x=0.01,
        ha="left",
        fontsize=13,
        fontweight="bold",
        color=TEXT,
    )
    for axes, result in zip(panels, shown, strict=True):
        _draw_case(axes, result)
    small_print = "\n".join(textwrap.wrap(caption, CAPTION_COLUMNS))
    figure.supxlabel(small_print, x=0.01, ha="left", fontsize=7.5, color=EDGE)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150, facecolor="white")
    return sum(len(axes.patches) for axes in panels)


def _draw_case(axes: Axes, result: CaseResult) -> None:
    lines = drawn_lines(result)
    medians = [line.cost.median for line in lines]
    below = [max(0.0, line.cost.median - line.cost.least) for line in lines]
    above = [max(0.0, line.cost.most - line.cost.median) for line in lines]
    axes.barh(
        range(len(lines)),
        medians,
        height=0.68,
        color=[OURS if line.name == "ours" else OTHERS for line in lines],
        xerr=(below, above),
        error_kw={"ecolor": EDGE, "elinewidth": 1, "capsize": 2},
    )
    axes.set_yticks(range(len(lines)), [line.label for line in lines])
    axes.set_ylim(len(lines) - 0.5, -0.5)  # cheapest on top; bars of one height in all panels
    most = max(line.cost.most for line in lines)
    axes.set_xlim(0, most * 1.36)  # room for the figures
    for number, line in enumerate(lines):
        text = f"{line.cost.median:.1f} ms"
        if line.against_ours and line.name != "ours":
            text += f"   {line.against_ours.median:.1f} times ours"
        place = max(line.cost.most, line.cost.median) + most * 0.012
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # above the line of the floor
        axes.text(place, number, text, va="center", fontsize=9, color=TEXT, bbox=box, zorder=3)
    _draw_floor(axes, result)
    _tidy(axes, result.label)


def _draw_floor(axes: Axes, result: CaseResult) -> None:
    floor = next((line for line in result.lines if line.name == "floor"), None)
    if floor is None:
        return
    axes.axvline(floor.cost.median, color=EDGE, linestyle=(0, (4, 2)), linewidth=1.2)
    axes.annotate(
        f"floor: {floor.label}, {floor.cost.median:.1f} ms",
        (floor.cost.median, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 2),
        textcoords="offset points",
        fontsize=7.5,
        color=EDGE,
    )


def _tidy(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10.5, color=TEXT, pad=14)
    axes.tick_params(axis="y", length=0, labelsize=9, labelcolor=TEXT)
    axes.tick_params(axis="x", labelsize=8, labelcolor=EDGE)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x", color="#e8ebee", linewidth=0.8)
    axes.set_axisbelow(True)
