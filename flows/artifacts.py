"""Show a run on Prefect's page: progress while it goes, then what came of it.

From finished records alone: what they mean is decided in landmark_core. Every artifact is made
every time, so that the newest one of a key is always of the newest run. Small ones: they live in
Prefect's database.
"""

import base64
import logging
import time
from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from landmark_core import report_text
from landmark_core.backfill import ShardFailure
from landmark_core.gallery import Example, Gallery
from landmark_core.nights import Comparison, Night, PassedLimit
from landmark_core.nights_text import nights_to_markdown
from landmark_core.number_text import percent_text
from landmark_core.report import FAILURES, RunSummary

logger = logging.getLogger(__name__)

_UPDATE_S = 5.0  # seconds between two updates of the progress, at least
_MOST_TAGS = 200
_INLINE_EACH = 4  # pictures of each decision in the artifact; the page has more


class RunProgress:
    """The progress of one run, as an artifact that changes while shards finish."""

    def __init__(
        self,
        run_id: str,
        *,
        shards: int,
        photos: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create the artifact; call it within a flow run, once the run is planned.

        Args:
            run_id: of the run.
            shards: to do.
            photos: to do.
            clock: seconds, ascending.
        """
        self._shards, self._photos = shards, photos
        self._run_id, self._clock = run_id, clock
        self._started = self._updated = clock()
        created = create_progress_artifact(
            key="run-progress",
            progress=0.0 if photos else 100.0,
            description=self._describe(0, 0),
        )
        assert isinstance(created, UUID)  # a coroutine only where an event loop runs
        self._artifact = created

    def finished(self, shards_done: int, photos_done: int) -> None:
        """Say how far the run is; cheap, however often it is called.

        Args:
            shards_done: of all so far.
            photos_done: of all so far.
        """
        last = shards_done >= self._shards
        if not last and self._clock() < self._updated + _UPDATE_S:
            return
        self._updated = self._clock()
        try:
            update_progress_artifact(
                artifact_id=self._artifact,
                progress=100.0 if last else 100.0 * photos_done / max(self._photos, 1),
                description=self._describe(shards_done, photos_done),
            )
        except httpx.HTTPError as error:  # a night's work does not end because nobody can watch
            logger.warning("the progress cannot be shown: %s", error)

    def _describe(self, shards_done: int, photos_done: int) -> str:
        text = (
            f"{photos_done:,} of {self._photos:,} photos, {shards_done:,} of {self._shards:,} "
            f"shards, run {self._run_id}"
        )
        seconds = self._clock() - self._started
        if not photos_done or not seconds:
            return text
        left = (self._photos - photos_done) * seconds / photos_done
        rate = f"{photos_done / seconds:.1f} photos/s"
        return f"{text}, {rate}" + (f", about {left / 60:.0f} min left" if left >= 30 else "")


def publish_run(
    summary: RunSummary,
    past: Sequence[Night],
    comparison: Comparison,
    passed: Sequence[PassedLimit],
    gallery: Gallery,
    out: str,
) -> None:
    """Make the artifacts of a finished run; call it within a flow run.

    Args:
        summary: of the run.
        past: the nights before, oldest first.
        comparison: of the run with them.
        passed: limits that the run is beyond.
        gallery: page of the run.
        out: OUT as the user typed it.
    """
    photos = f"{summary.counts.photos:,} photos of {summary.settings['source']}"
    create_markdown_artifact(
        key="tag-library", markdown=report_text.to_markdown(summary, out), description=photos
    )
    create_table_artifact(
        key="run-failures",
        table=failure_rows(summary),
        description=f"{summary.counts.failed:,} of {photos} could not be read",
    )
    create_table_artifact(
        key="run-tags",
        table=tag_rows(summary),
        description=f"{len(summary.tags):,} tags found in {photos}",
    )
    create_markdown_artifact(
        key="nights",
        markdown=nights_to_markdown(comparison, past, passed),
        description=f"tonight beside the {len(past)} nights before",
    )
    create_markdown_artifact(
        key="gallery",
        markdown=gallery_to_markdown(gallery, out),
        description=f"pictures of {photos}",
    )


def publish_failed_shards(failures: Sequence[ShardFailure]) -> None:
    """List the shards that could not be done; call it within a flow run that is about to fail."""
    create_table_artifact(
        key="failed-shards",
        table=[
            {"shard": failure.shard, "why": report_text.printable(failure.reason)}
            for failure in failures
        ],
        description=f"{len(failures):,} shards failed; a further run does them",
    )


def failure_rows(summary: RunSummary) -> list[dict[str, Any]]:
    """Return failures by kind with examples, as the rows of a table; names are those in SOURCE.

    Prefect's tables do not wrap: a whole path would push the reason off the page.
    """
    source = f"{str(summary.settings['source']).rstrip('/')}/"
    rows: list[dict[str, Any]] = []
    for kind in FAILURES:
        if photos := getattr(summary.counts, kind):
            rows += [
                {
                    "kind": kind,
                    "photos": f"{photos:,}",
                    "for example": report_text.printable(failure.uri.removeprefix(source)),
                    "why": report_text.printable(failure.error),
                }
                for failure in summary.failures
                if failure.status == kind
            ]
    return rows or [{"kind": "none", "photos": "0", "for example": "", "why": ""}]


def tag_rows(summary: RunSummary) -> list[dict[str, Any]]:
    """Return the tags found, most first, as the rows of a table."""
    tagged = summary.counts.tagged
    rows = [
        {
            "tag": report_text.printable(tag),
            "photos": f"{photos:,}",
            "of tagged photos": percent_text(photos / tagged, 1),
        }
        for tag, photos in summary.tags[:_MOST_TAGS]
    ]
    return rows or [{"tag": "none", "photos": "0", "of tagged photos": ""}]


def gallery_to_markdown(gallery: Gallery, out: str) -> str:
    """Return where the page of pictures is, with a few of them."""
    place = quote(out, safe=":/") if "://" in out else Path(out).absolute().as_uri()
    shown = report_text.printable(f"{out.rstrip('/')}/{gallery.name}").replace("`", "'")
    lines = [
        f"[Page of this run's pictures]({place.rstrip('/')}/{gallery.name})",
        "",
        f"Browsers follow no link from here to a disk; open `{shown}` by hand there.",
        "",
    ]
    columns = {
        title: [example for example in gallery.examples if example.decision == decision]
        for decision, title in (
            ("tagged", "tagged"),
            ("review", "to review"),
            ("no_landmark", "no landmark"),
        )
    }
    lines += [f"| {' | '.join(columns)} |", "|---|---|---|"]
    cells = [[_cell(one) for one in column[:_INLINE_EACH]] for column in columns.values()]
    lines += [f"| {' | '.join(row)} |" for row in zip_longest(*cells, fillvalue=" ")]
    return "\n".join(lines)


def _cell(example: Example) -> str:
    picture = base64.b64encode(example.jpeg).decode()
    tag = report_text.markdown_cell(example.tag)
    return f"![](data:image/jpeg;base64,{picture})<br>{tag} {percent_text(example.confidence)}"
