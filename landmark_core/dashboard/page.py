"""Render the state of a library as one HTML page that needs nothing else.

No script, no network, no picture. Jinja escapes every text (names come from outside); control and
direction characters are shown escaped. The page's own policy keeps a browser from loading anything.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import jinja2
from markupsafe import Markup

from landmark_core import __version__
from landmark_core.dashboard.charts import HIGH, Chart, draw_chart
from landmark_core.dashboard.months import newest, unknown
from landmark_core.dashboard.style import STYLE
from landmark_core.dashboard.template import TEMPLATE
from landmark_core.dashboard.text import TITLES, failed_photos, model_names, run_to_text
from landmark_core.number_text import count_text, percent_label
from landmark_core.report_text import printable
from landmark_core.tables import LibraryStatus, ModelMonth, MonthCount

MONTHS_SHOWN, RUNS_SHOWN = 240, 20
_COLOURS = 6  # of models; the last one is for all others


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The photos of one decision."""

    kind: str  # names its colour
    title: str
    photos: int
    share: float  # in [0, 1]


def render_status(status: LibraryStatus, out: str, now: datetime) -> str:
    """Return the whole page.

    Args:
        status: of the library.
        out: how it was called.
        now: UTC; the page says when it was made.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        shown=printable, quoted=shlex.quote, percent=percent_label, units=_units, ended=run_to_text
    )
    shown, earlier = newest(status.months, MONTHS_SHOWN)
    colours = _model_colours(status)
    rendered: str = environment.from_string(
        TEMPLATE
    ).render(
        status=status,
        out=out,
        now=now,
        version=__version__,
        style=Markup(STYLE),  # noqa: S704  # our own text
        number=count_text,
        high=HIGH,
        shares=_shares(status),
        most=max((one.photos + one.waiting for one in status.landmarks), default=1),
        more_landmarks=status.landmarks_known > len(status.landmarks),
        months=_month_chart(shown) if shown else None,
        shown_months=shown[::-1],
        first_month=shown[0].month if shown else "",
        earlier=earlier.photos,
        without=unknown(status.months),
        models=_model_chart(status.model_months, colours, model_names(status)),
        colours=colours,
        runs=status.runs[-RUNS_SHOWN:],
    )
    return rendered.lstrip()


def _shares(status: LibraryStatus) -> list[Share]:
    counts = (status.tagged, status.review, status.no_landmark, failed_photos(status))
    return [
        Share(kind=kind, title=title, photos=photos, share=photos / max(status.photos, 1))
        for (kind, title), photos in zip(TITLES.items(), counts, strict=True)
    ]


def _month_chart(months: tuple[MonthCount, ...]) -> Chart:
    counts = {
        one.month: {kind: getattr(one, kind) for kind in TITLES} for one in months if one.month
    }
    return draw_chart(counts, TITLES)


def _model_colours(status: LibraryStatus) -> Mapping[str, str]:
    """Return the colour of each model; the newest ones have one of their own."""
    newest_first = dict.fromkeys(model.model_id for model in reversed(status.models))
    return {
        model_id: f"m{min(number, _COLOURS - 1)}" for number, model_id in enumerate(newest_first)
    }


def _model_chart(
    rows: tuple[ModelMonth, ...], colours: Mapping[str, str], names: Mapping[str, str]
) -> Chart | None:
    counts: dict[str, dict[str, int]] = {}
    titles: dict[str, str] = {}
    for row in rows:
        colour = colours[row.model_id]
        month = counts.setdefault(row.month, {})
        month[colour] = month.get(colour, 0) + row.rows
        titles[colour] = "others" if colour == f"m{_COLOURS - 1}" else names[row.model_id]
    shown = list(counts.items())[-MONTHS_SHOWN:]
    # One month is one block, which says less than the table below it.
    return draw_chart(dict(shown), titles) if len(shown) > 1 else None


def _units(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
