"""Write the page of a run beside its run file: OUT/runs/<run_id>.html.

One file that opens anywhere: from a folder by a double click, from a bucket that is served. Small
pictures are inlined; heatmaps stay files of OUT, named relative to the page.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from landmark_core.gallery.choose import DECISIONS, choose_rows, choose_shards
from landmark_core.gallery.page import Page, render_page
from landmark_core.gallery.thumbnails import Example, make_examples
from landmark_core.report import RunSummary
from landmark_core.tables import Store

MOST_EXAMPLES = 60  # of all decisions together
MOST_HEATMAPS = 500
MOST_FAILURES = 100
_SECONDS = 2.0  # for the pictures of one decision; what is there by then is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """A page that was written, and the small pictures on it."""

    name: str  # relative to OUT
    examples: tuple[Example, ...]  # by decision, surest first


def page_name(run_id: str) -> str:
    """Return the name of a run's page, relative to OUT."""
    return f"runs/{run_id}.html"


def write_gallery(
    store: Store, summary: RunSummary, *, clock: Callable[[], float] = time.monotonic
) -> Gallery:
    """Choose, read and render the pictures of a finished run; a few seconds, whatever its size.

    Args:
        store: OUT of the run.
        summary: of the run.
        clock: seconds, ascending; bounds the time for pictures.

    Raises:
        ConfigError: if a part of the run is broken.
        RunError: if a part is gone, or OUT cannot be written.
    """
    each = MOST_EXAMPLES // len(DECISIONS)
    shards = choose_shards(store, summary)
    chosen = choose_rows(
        store,
        summary.run_id,
        shards=shards,
        examples=each,
        heatmaps=MOST_HEATMAPS,
        failures=MOST_FAILURES,
    )
    examples = [
        example
        for decision in DECISIONS
        for example in make_examples(
            chosen.examples[decision], each, until=clock() + _SECONDS, clock=clock
        )
    ]
    page = Page(
        summary=summary,
        examples=tuple(examples),
        heatmaps=tuple(chosen.heatmaps),
        failures=tuple(chosen.failures),
        parts=len(shards),
    )
    name = page_name(summary.run_id)
    with store.new_file(name) as path:
        path.write_text(render_page(page), encoding="utf-8")
    return Gallery(name=name, examples=tuple(examples))
