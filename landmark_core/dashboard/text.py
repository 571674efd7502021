"""Turn the state of a library into the lines that a person reads on a terminal.

Pure but for the records that it reads. Names of photos come from outside and are shown escaped.
"""

import shlex
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from landmark_core.dashboard.bars import Look, Row, draw_rows, heading
from landmark_core.dashboard.months import newest, unknown
from landmark_core.number_text import count_text, percent_text
from landmark_core.report_text import printable
from landmark_core.tables import LibraryStatus, ModelSeen, MonthCount, RunSeen

Section = Callable[[LibraryStatus, Look], list[str]]

LANDMARKS_SHOWN, MONTHS_SHOWN, RUNS_SHOWN = 12, 12, 5
TITLES = {
    "tagged": "tagged",
    "review": "to review",
    "no_landmark": "no landmark",
    "failed": "unreadable",
}


def status_to_text(status: LibraryStatus, out: str, look: Look | None = None) -> str:
    """Return the state as the lines that `landmarks status` prints.

    Args:
        status: of the library.
        out: how it was called.
        look: of the screen; by default one of 80 characters without colours.
    """
    look = look or Look()
    first = partial(_decisions, out)
    sections: tuple[Section, ...] = (first, _landmarks, _months, _failures, _models, _runs)
    lines = [heading(f"{count_text(status.photos, 'photo')} in {printable(out)}", look)]
    for number, section in enumerate(sections):
        if drawn := section(status, look):
            lines += [""] * bool(number) + drawn
    return "\n".join(lines)


def failed_photos(status: LibraryStatus) -> int:
    """Return how many photos could not be read."""
    return sum(kind.photos for kind in status.failures)


def _decisions(out: str, status: LibraryStatus, look: Look) -> list[str]:
    counts = {
        "tagged": status.tagged,
        "review": status.review,
        "no_landmark": status.no_landmark,
        "failed": failed_photos(status),
    }
    rows = [
        Row(
            name=TITLES[kind],
            cells=(f"{photos:,}", percent_text(photos / max(status.photos, 1), 1)),
            parts=((kind, photos),),
        )
        for kind, photos in counts.items()
    ]
    return draw_rows(rows, look) + _people(status, out)


def _people(status: LibraryStatus, out: str) -> list[str]:
    """Say what waits, who decided, and what is left between people."""
    lines = []
    if status.review:
        review = printable(f"landmarks review {shlex.quote(out)}")
        lines.append(f"{status.review:,} waiting for a person: {review}")
    if status.reviewers or status.skipped:
        between = f"skipped {status.skipped:,}, disagreements {status.disagreements:,}"
        lines.append(f"{status.reviewed:,} settled by {_names(status)}; {between}")
    return lines


def _names(status: LibraryStatus) -> str:
    """Return who settled photos, with how many each where it is not one alone."""
    if len(status.reviewers) == 1:
        return printable(status.reviewers[0][0])
    named = ", ".join(f"{printable(name)} {photos:,}" for name, photos in status.reviewers)
    return f"people: {named}" if named else "people"


def _landmarks(status: LibraryStatus, look: Look) -> list[str]:
    # One more takes no more room than "and 1 more".
    is_last = status.landmarks_known == LANDMARKS_SHOWN + 1
    shown = status.landmarks[: LANDMARKS_SHOWN + is_last]
    if not shown:
        return []
    head = Row(name="", cells=("tagged", "to review"))
    rows = [
        Row(
            name=printable(one.tag),
            cells=(f"{one.photos:,}", f"{one.waiting:,}"),
            parts=(("tagged", one.photos), ("review", one.waiting)),
        )
        for one in shown
    ]
    lines = [heading("Landmarks", look), *draw_rows([head, *rows], look)]
    return lines + _others(status, len(shown), look)


def _others(status: LibraryStatus, shown: int, look: Look) -> list[str]:
    """Name the landmarks for which there was no row, with their photos: tagged and to review."""
    more = status.landmarks_known - shown
    if more <= 0:
        return []
    others = status.landmarks[shown:]
    named = [f"{printable(one.tag)} {one.photos + one.waiting:,}" for one in others]
    if more > len(others):
        named.append(f"and {more - len(others):,} others")
    # A name stays on one line.
    text = ", ".join(name.replace(" ", "\N{NO-BREAK SPACE}") for name in named)
    text = f"and {more:,} more: {text}" if others else f"and {more:,} more"
    lines = textwrap.wrap(
        text, look.width, initial_indent="  ", subsequent_indent="    ", break_long_words=False
    )
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def _months(status: LibraryStatus, look: Look) -> list[str]:
    shown, earlier = newest(status.months, MONTHS_SHOWN)
    if not shown:
        return []
    named = [("earlier", earlier)] if earlier.photos else []
    named += [(one.month or "", one) for one in shown]
    rows = [Row(name=name, cells=(f"{one.photos:,}",), parts=_parts(one)) for name, one in named]
    if without := unknown(status.months):
        rows.append(Row(name="unknown", cells=(f"{without:,}",)))
    return [heading("By month of the file's last change (UTC)", look), *draw_rows(rows, look)]


def _parts(month: MonthCount) -> tuple[tuple[str, int], ...]:
    return tuple((kind, getattr(month, kind)) for kind in TITLES)


def _failures(status: LibraryStatus, look: Look) -> list[str]:
    if not status.failures:
        return []
    return [
        heading("Unreadable", look),
        *(
            f"  {kind.photos:>9,}  {kind.status}, for example "
            f"{printable(kind.uri)}: {printable(kind.error)}"
            for kind in status.failures
        ),
    ]


def _models(status: LibraryStatus, look: Look) -> list[str]:
    lines, names = [heading("Models", look)], model_names(status)
    lines += [
        f"  {model.rows:>9,}  {'row' if model.rows == 1 else 'rows'} by {_model(model)}, "
        f"{model.first_tagged_at:%Y-%m-%d %H:%M} to {model.last_tagged_at:%Y-%m-%d %H:%M} UTC"
        for model in status.models
    ]
    if len(status.model_months) > 1:
        rows = [
            Row(
                name=f"{one.month}  {printable(names[one.model_id])}",
                cells=(f"{one.rows:,}",),
                parts=(("tagged", one.rows),),
            )
            for one in status.model_months[-MONTHS_SHOWN:]
        ]
        lines += draw_rows(rows, look)
    return lines


def _model(model: ModelSeen) -> str:
    known = printable(model.model_id)
    return known if model.name is None else f"{printable(model.name)} ({known})"


def model_names(status: LibraryStatus) -> Mapping[str, str]:
    """Return by its id how each model is called for short: by its name where no other has it."""
    bearers = Counter(name for _, name in {(one.model_id, one.name) for one in status.models})
    names = {one.model_id: one.model_id for one in status.models}
    return names | {
        one.model_id: one.name for one in status.models if one.name and bearers[one.name] == 1
    }


def _runs(status: LibraryStatus, look: Look) -> list[str]:
    total = len(status.runs)
    title = f"Runs (the last {RUNS_SHOWN} of {total:,})" if total > RUNS_SHOWN else "Runs"
    return [
        heading(title, look),
        *(f"  {run.run_id}  {run_to_text(run)}" for run in status.runs[-RUNS_SHOWN:]),
    ]


def run_to_text(run: RunSeen) -> str:
    """Return how a run ended and what it left, in words."""
    state = "backfill, open" if run.state == "open" else run.state
    merged = f", {run.merged:,} of them merged" if run.merged else ""
    return f"{state}, {count_text(run.parts, 'part')}{merged}"
