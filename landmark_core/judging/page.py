"""Render a report as one HTML page that needs nothing else: no network, no script, no other file.

Pictures are inlined as data, diagrams as SVG. Jinja escapes every text (names of files and folders
come from outside); control and direction characters are shown escaped. The page's own policy keeps
a browser from loading or running anything.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import jinja2
from markupsafe import Markup

from landmark_core.judging.curves import reliability
from landmark_core.judging.diagrams import (
    draw_confidences,
    draw_confusion,
    draw_reliability,
    draw_risk_coverage,
    draw_training,
)
from landmark_core.judging.judgement import Report
from landmark_core.judging.metrics import ClassFigures, class_list, confused_pairs, confusion
from landmark_core.judging.page_style import STYLE
from landmark_core.judging.page_template import TEMPLATE
from landmark_core.judging.words import (
    NOTHING,
    figure_rows,
    headlines,
    percent,
    worst_first,
)
from landmark_core.report_text import printable

MOST_CLASSES = 100  # of a confusion matrix; beyond, only the pairs most often confused are shown
MOST_DOUBTS = 60  # labels in doubt that the page shows; report.json has all
MOST_FAILURES = 50
MOST_PAIRS = 12
_BARS = 10  # of the reliability diagram: fewer than ECE's bins, for the eye
_OTHER = "none of the landmarks"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRow:
    """A class of the table, and its place for each way to sort it."""

    figures: ClassFigures
    places: str  # CSS variables, one for each column that sorts


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two classes that are confused."""

    truth: str
    tag: str
    photos: int


def render_page(report: Report) -> str:
    """Return the whole page."""
    judgement = report.judgement
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    environment.filters.update(percent=percent, shown=_shown, lines=_lines, inline=_inline)
    page: str = environment.from_string(
        TEMPLATE
    ).render(
        report=report,
        judgement=judgement,
        style=Markup(STYLE),  # noqa: S704  # our own text
        headlines=headlines(judgement.figures),
        rows=figure_rows(judgement.figures, dict(judgement.spread)),
        classes=_class_rows(judgement.classes),
        pairs=_pairs(report),
        diagrams=_diagrams(report),
        doubts=judgement.doubts[:MOST_DOUBTS],
        failures=report.failures[:MOST_FAILURES],
        released=report.released or judgement.calibrations[0],
        nothing=NOTHING,
    )
    return page


def _diagrams(report: Report) -> dict[str, Markup]:
    """Return the diagrams by name; those without anything to show are not there."""
    judgement = report.judgement
    verdicts = judgement.verdicts
    landmark = ~verdicts.other
    drawn = {}
    if landmark.any():
        bars = reliability(verdicts.confidence[landmark], verdicts.right[landmark], _BARS)
        drawn["reliability"] = draw_reliability(bars)
        drawn["risk"] = draw_risk_coverage(verdicts.confidence, verdicts.right, verdicts.other)
        names = class_list(verdicts)
        if 1 < len(names) <= MOST_CLASSES:
            drawn["confusion"] = draw_confusion(confusion(verdicts), names)
    if len(verdicts.confidence):
        released = report.released or judgement.calibrations[0]
        limit = released.thresholds.tagged_from
        drawn["confidences"] = draw_confidences(verdicts.confidence, verdicts.other, limit)
    if report.history:
        drawn["training"] = draw_training(report.history)
    return {name: Markup(picture) for name, picture in drawn.items()}  # noqa: S704  # escaped SVG


def _class_rows(classes: Sequence[ClassFigures]) -> tuple[ClassRow, ...]:
    """Return the classes, worst first, with their places in the other orders."""
    by_f1 = worst_first(tuple(classes))
    orders = {
        "name": sorted(by_f1, key=lambda one: one.name.casefold()),
        "photos": sorted(by_f1, key=lambda one: -one.photos),
        "precision": sorted(by_f1, key=lambda one: _or_last(one.precision)),
        "recall": sorted(by_f1, key=lambda one: _or_last(one.recall)),
    }
    places: dict[str, list[str]] = {one.name: [] for one in by_f1}
    for column, order in orders.items():
        for place, one in enumerate(order):
            places[one.name].append(f"--{column}:{place}")
    return tuple(ClassRow(figures=one, places=";".join(places[one.name])) for one in by_f1)


def _or_last(value: float | None) -> float:
    return 2.0 if value is None else value


def _pairs(report: Report) -> tuple[Pair, ...]:
    """Return the classes that are confused most often."""
    verdicts = report.judgement.verdicts
    names = class_list(verdicts)
    return tuple(
        Pair(truth=names[truth], tag=names[tag], photos=photos)
        for truth, tag, photos in confused_pairs(verdicts)[:MOST_PAIRS]
    )


def _shown(text: str | None) -> str:
    return _OTHER if text is None else printable(text)


def _lines(text: str) -> str:
    return "\n".join(printable(line) for line in text.splitlines())


def _inline(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
