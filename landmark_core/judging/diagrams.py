"""Draw the diagrams of a report as SVG that a page takes in as it is.

Lines and text are drawn in one colour that the page's own text colour replaces, so that a diagram
is legible on light and dark. Series differ in colour (blue and vermilion after Okabe and Ito,
"Color Universal Design", safe for the colour-blind) and in dash or fill. No state of pyplot is
touched: figures may be drawn by several threads.
"""

import io
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from landmark_core.judging.curves import Bin, risk_coverage
from landmark_core.judging.history import Epoch
from landmark_core.report_text import printable

BLUE, ORANGE = "#2f8fd0", "#d55e00"
INK = "#123457"  # stands for the page's text colour; no series has it
_SHADE = LinearSegmentedColormap.from_list("shade", [(0, "#2f8fd000"), (1, "#2f8fd0e0")])
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: small, legible, and the reader's fonts know more
    "svg.hashsalt": "landmarks",  # the same picture is the same file
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "grid.color": INK,
    "grid.alpha": 0.15,
}
_WIDE, _HIGH = 5.2, 3.8  # inches, at 72 points each
_NAME_LENGTH = 24  # characters of a class's name on an axis
_MOST_NUMBERS = 30  # classes up to which a confusion matrix names its counts


def draw_reliability(bins: Sequence[Bin]) -> str:
    """Draw how often a tag of each confidence is right, and how many tags have it.

    Args:
        bins: of `curves.reliability`.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDE, _HIGH + 0.9), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        lows = [one.low for one in bins]
        width = 1 / len(bins)
        shares = [one.accuracy if one.photos else 0 for one in bins]
        above.bar(lows, shares, width * 0.92, align="edge", color=BLUE, alpha=0.75)
        above.plot([0, 1], [0, 1], color=INK, linestyle="--", linewidth=1, label="as it should be")
        above.legend(loc="upper left")
        above.set(ylim=(0, 1), xlim=(0, 1), ylabel="share of right tags")
        counts = [one.photos for one in bins]
        below.bar(lows, counts, width * 0.92, align="edge", color=BLUE, alpha=0.75)
        below.set(xlabel="confidence of the tag", ylabel="photos")
        return _to_svg(figure, "Reliability: share of right tags at each confidence")


def draw_risk_coverage(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], other: NDArray[np.bool_]
) -> str:
    """Draw which share of tags is wrong when only the surest photos are tagged.

    Args:
        confidence: (N,) of every photo.
        right: (N,) whether the tag is.
        other: (N,) which photos show no landmark.
    """
    with mpl.rc_context(_STYLE):
        figure, axes = _plot("share of photos tagged, surest first", "share of wrong tags")
        landmark = ~other
        lines = [("landmark photos alone", landmark, BLUE, "-")]
        if other.any():
            lines.append(("with photos of other things", landmark | other, ORANGE, "--"))
        for label, rows, colour, dash in lines:
            coverage, risk = risk_coverage(confidence[rows], right[rows])
            axes.plot(coverage, risk, color=colour, linestyle=dash, label=label)
        axes.set(xlim=(0, 1), ylim=(0, None))
        axes.legend(loc="upper left")
        return _to_svg(figure, "Risk and coverage")


def draw_confidences(
    confidence: NDArray[np.float64], other: NDArray[np.bool_], tagged_from: float | None
) -> str:
    """Draw how confident the model is of landmarks, and of other things.

    Args:
        confidence: (N,) of every photo.
        other: (N,) which photos show no landmark.
        tagged_from: is marked; nothing where null.
    """
    with mpl.rc_context(_STYLE):
        figure, axes = _plot("confidence of the best tag", "share of the photos")
        bins = np.linspace(0, 1, 26).tolist()
        for label, rows, colour, filled in (
            ("landmark photos", ~other, BLUE, True),
            ("photos of other things", other, ORANGE, False),
        ):
            if rows.any():
                axes.hist(
                    confidence[rows],
                    bins,
                    weights=np.full(int(rows.sum()), 1 / rows.sum()),
                    histtype="stepfilled" if filled else "step",
                    color=colour,
                    alpha=0.6 if filled else 1,
                    linewidth=1.8,
                    label=label,
                )
        if tagged_from is not None:
            axes.axvline(tagged_from, color=INK, linestyle=":")
            axes.annotate(
                "tagged →",
                (tagged_from, 0.5),
                xycoords=("data", "axes fraction"),
                ha="right",
                xytext=(-4, 0),
                textcoords="offset points",
            )
        axes.set(xlim=(0, 1))
        axes.legend(loc="upper center")
        return _to_svg(figure, "Confidence of landmarks and of other things")


def draw_confusion(matrix: NDArray[np.int64], names: Sequence[str]) -> str:
    """Draw which class is taken for which.

    Args:
        matrix: (K, K) counts; row the truth, column the tag.
        names: the K names.
    """
    size = 2.4 + 0.34 * len(names)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(size + 0.8, size), layout="constrained")
        axes = figure.subplots()
        shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        # The root of the share: single errors are to be seen beside a full diagonal.
        axes.imshow(np.sqrt(shares), cmap=_SHADE, vmin=0, vmax=1, interpolation="nearest")
        shown = [_shorten(name) for name in names]
        ticks = range(len(names))
        axes.set_xticks(ticks, shown, rotation=60, ha="right", parse_math=False)
        axes.set_yticks(ticks, shown, parse_math=False)
        axes.set(xlabel="tag of the model", ylabel="what the photo shows")
        axes.spines[:].set_visible(True)
        if len(names) <= _MOST_NUMBERS:
            for row, column in zip(*matrix.nonzero(), strict=True):
                strong = shares[row, column] > 0.3
                axes.annotate(
                    str(matrix[row, column]),
                    (column, row),
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color="white" if strong else INK,
                )
        return _to_svg(figure, "Confusion matrix")


def draw_training(history: Sequence[Epoch]) -> str:
    """Draw loss and accuracy over the epochs of a training."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(2 * _WIDE, _HIGH), layout="constrained")
        for axes, what in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
            for part, colour, dash in (("train", BLUE, "-"), ("validation", ORANGE, "--")):
                points = [
                    (one.epoch, value)
                    for one in history
                    if (value := getattr(one, f"{part}_{what}")) is not None
                ]
                if points:
                    axes.plot(
                        *zip(*points, strict=True),
                        color=colour,
                        linestyle=dash,
                        marker="." if len(points) < 30 else "",
                        label="training" if part == "train" else part,
                    )
            axes.set(xlabel="epoch", ylabel=what)
            axes.grid(visible=True)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.legend()
        return _to_svg(figure, "Training curves")


def _plot(xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDE, _HIGH), layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.grid(visible=True)
    return figure, axes


def _shorten(name: str) -> str:
    shown = printable(name)
    return shown if len(shown) <= _NAME_LENGTH else shown[: _NAME_LENGTH - 1] + "…"


def _to_svg(figure: Figure, title: str) -> str:
    """Return the figure as an svg element whose ink is the page's."""
    sink = io.StringIO()
    quiet = logging.getLogger("matplotlib.font_manager")
    level = quiet.level
    with warnings.catch_warnings():
        # Measured with matplotlib's font, drawn with the reader's, which may know the letters.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        quiet.setLevel(logging.ERROR)  # it looks for each font that a browser may have
        try:
            figure.savefig(sink, format="svg", transparent=True, metadata={"Date": None})
        finally:
            quiet.setLevel(level)
    text = sink.getvalue()
    picture = text[text.index("<svg") :].replace(INK, "currentColor")
    return picture.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)
