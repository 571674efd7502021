"""Render a run as one HTML page that needs nothing else but the heatmaps beside it.

No script, no network, no other style. Jinja escapes every text (names of files come from outside);
control and direction characters are shown escaped. The page's own policy keeps a browser from
loading or running anything but pictures of the place that it lies in.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from landmark_core.gallery.choose import DECISIONS, RunRow
from landmark_core.gallery.style import STYLE
from landmark_core.gallery.template import TEMPLATE
from landmark_core.gallery.thumbnails import Example
from landmark_core.night_charts import NAMES
from landmark_core.number_text import count_text, percent_label
from landmark_core.report import FAILURES, RunSummary
from landmark_core.report_text import printable

_MOST_TAGS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the page of a run shows."""

    summary: RunSummary
    examples: tuple[Example, ...]
    heatmaps: tuple[RunRow, ...]
    failures: tuple[RunRow, ...]
    parts: int  # that were looked at to choose them


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The examples of one decision."""

    title: str
    examples: Sequence[Example]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One count of the run and its share."""

    key: str  # names its colour
    title: str
    photos: int
    share: float  # in [0, 1]


def render_page(page: Page) -> str:
    """Return the whole page."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        shown=printable, file_name=_file_name, inline=_inline, beside=_beside, percent=percent_label
    )
    summary = page.summary
    rendered: str = environment.from_string(
        TEMPLATE
    ).render(
        page=page,
        summary=summary,
        style=Markup(STYLE),  # noqa: S704  # our own text
        number=count_text,
        bars=_bars(summary),
        groups=_groups(page.examples),
        kinds=[(kind, getattr(summary.counts, kind)) for kind in FAILURES],
        tags=summary.tags[:_MOST_TAGS],
        more_tags=max(len(summary.tags) - _MOST_TAGS, 0),
    )
    return rendered


def _bars(summary: RunSummary) -> list[Bar]:
    counts = summary.counts
    return [
        Bar(
            key=name,
            title=title,
            photos=getattr(counts, name),
            share=getattr(counts, name) / counts.photos if counts.photos else 0.0,
        )
        for name, title in NAMES.items()
    ]


def _groups(examples: Sequence[Example]) -> list[Group]:
    groups = [
        Group(
            title=NAMES[decision],
            examples=[example for example in examples if example.decision == decision],
        )
        for decision in DECISIONS
    ]
    return [group for group in groups if group.examples]


def _file_name(uri: str) -> str:
    return printable(uri.rstrip("/").rpartition("/")[2])


def _inline(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def _beside(name: str) -> str:
    """Return a name relative to OUT as seen from the page, which lies in OUT/runs."""
    return "../" + quote(name, safe="/=")
