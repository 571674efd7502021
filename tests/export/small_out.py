"""An OUT made by hand: photos, people's decisions on them, and what stands of it, read back."""

import io
import itertools
import random
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from landmark_core.export import (
    ExportSettings,
    ImportReport,
    ImportSettings,
    export_photos,
    import_file,
)
from landmark_core.library import photo_id_of
from landmark_core.records import (
    DecodedPhoto,
    PhotoRef,
    PhotoRow,
    Prediction,
    ReviewItem,
    TagScore,
)
from landmark_core.review import Choice, DecisionLog, Ulids, version_of
from landmark_core.tables import Store, rows_to_table

START = datetime(2026, 11, 23, tzinfo=UTC)


def photo(
    name: str = "a.jpg",
    decision: str | None = "review",
    tag: str = "Petra",
    confidence: float = 0.75,
    **facts: Any,
) -> PhotoRow:
    """A row; decision null makes it an unreadable photo."""
    uri = f"/photos/{name}"
    known = {"size_bytes": 10, "modified_us": 1000, "etag": None} | facts
    scores = (TagScore(tag=tag, confidence=confidence), TagScore(tag="Rome", confidence=0.125))
    return PhotoRow(
        photo=DecodedPhoto(
            ref=PhotoRef(photo_id=photo_id_of(uri), uri=uri, location=uri, **known),
            status="ok" if decision else "corrupt",
            error=None,
            content_sha256=None,
            width=None,
            height=None,
        ),
        prediction=decision
        and Prediction(decision=decision, tags=scores, margin=0.5, entropy=1.0, energy=None),
        heatmap=None,
        model_id="m",
        preprocess_id="p",
        run_id="r",
        tagged_at=START,
    )


def make_out(folder: Path, rows: Sequence[PhotoRow], *, run: str = "run0") -> Store:
    store = Store(str(folder))
    store.write_part(run, 0, rows_to_table(rows))
    return store


def without_decisions(store: Store, folder: Path) -> Store:
    """A copy in which nobody has decided anything."""
    shutil.copytree(Path(store.out, "tags"), folder / "tags")
    return Store(str(folder))


class People:
    """Owns the decisions of a test: one every minute from `start` on."""

    def __init__(self, store: Store, start: datetime = START + timedelta(hours=1)) -> None:
        moments = (start + timedelta(minutes=n) for n in itertools.count())
        self._ulids, self._start = Ulids(random.Random(7)), start
        self.log = DecisionLog(store, clock=lambda: next(moments), rng=random.Random(5))
        self.log.load()

    def say(
        self, reviewer: str, row: PhotoRow, answer: str, tag: str | None = None, **more: Any
    ) -> None:
        choice = Choice(
            item=item_of(row),
            answer=answer,
            tag=tag,
            **({"seconds": None, "shown_by": None} | more),
        )
        self.log.decide(self._ulids.new(self._start), reviewer, [choice])

    def undo(self, reviewer: str) -> None:
        self.log.undo(self._ulids.new(self._start), reviewer, None, uri_of=lambda _: "/x")


def item_of(row: PhotoRow) -> ReviewItem:
    assert row.prediction
    return ReviewItem(
        ref=row.photo.ref,
        content_sha256=None,
        width=None,
        height=None,
        prediction=row.prediction,
        has_heatmap=False,
        model_id="m",
        run_id="r",
        tagged_at=START,
    )


def standing(store: Store, rows: Sequence[PhotoRow]) -> dict[str, Any]:
    """What stands of each photo by its uri: settling word, skip, every word (oldest first)."""
    log = People(store).log
    found = {}
    for row in rows:
        ref = row.photo.ref
        facts = (ref.etag, ref.size_bytes, ref.modified_us)
        reviews = log.photo(ref.photo_id, version_of(*facts))
        found[ref.uri] = (
            _word(reviews.settled),
            bool(reviews.skipped) and not reviews.settled,
            [_word(one) for one in reviews.opinions[::-1]],
        )
    return found


def _word(opinion: Any) -> tuple[str, bool, str | None] | None:
    return opinion and (opinion.reviewer, opinion.verdict == "not_a_landmark", opinion.tag)


def export(store: Store, path: Path, now: datetime, **settings: Any) -> Any:
    """Write an export to a file."""
    file = io.StringIO(newline="")
    done = export_photos(store, file, ExportSettings(**settings), now)
    path.write_bytes(file.getvalue().encode())
    return done


def take_in(store: Store, path: Path, now: datetime, **settings: Any) -> ImportReport:
    """Import a file at a moment; decisions follow each other by a second."""

    def ticks() -> Iterator[datetime]:
        return (now + timedelta(seconds=n) for n in itertools.count())

    clock = ticks()
    return import_file(
        store,
        path,
        ImportSettings(**{"reviewer": "ann", **settings}),
        clock=lambda: next(clock),
        rng=random.Random(3),
    )


def new_words(report: ImportReport) -> dict[str, int]:
    """The counts of a report that are not zero."""
    return {fate: count for fate, count in report.fates.items() if count}
