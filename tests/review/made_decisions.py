"""Decisions on made-up photos, for tests that need some and no model."""

import random
from datetime import UTC, datetime, timedelta

from landmark_core.records import PhotoRef, Prediction, ReviewItem, TagScore
from landmark_core.review.decisions import Choice
from landmark_core.review.ulid import Ulids

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def item_of(number: int, *, size: int = 1000) -> ReviewItem:
    ref = PhotoRef(
        photo_id=f"{number:032x}",
        uri=f"/photos/{number}.jpg",
        location=f"/photos/{number}.jpg",
        size_bytes=size,
        modified_us=1_700_000_000_000_000 + number,
        etag=None,
    )
    tags = (TagScore(tag="Dome", confidence=0.5), TagScore(tag="Arch", confidence=0.25))
    return ReviewItem(
        ref=ref,
        content_sha256="ab" * 32,
        width=640,
        height=480,
        prediction=Prediction(decision="review", tags=tags, margin=0.25, entropy=1.0, energy=-2.0),
        has_heatmap=True,
        model_id="model",
        run_id="run",
        tagged_at=NOON,
    )


def choice_of(number: int, answer="tag", tag: str | None = "Dome", **how) -> Choice:
    item = item_of(number, **how)
    tag = tag if answer == "tag" else None
    return Choice(item=item, answer=answer, tag=tag, seconds=1.5, shown_by="margin")


def ids(count: int, seed: int = 9) -> list[str]:
    ulids = Ulids(random.Random(seed))
    return [ulids.new(NOON + timedelta(seconds=number)) for number in range(count)]
