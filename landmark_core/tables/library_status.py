"""The state of a library as frozen records: what `status` counts and what pages and texts show."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

RunState = Literal["finished", "running", "interrupted", "open"]  # open: a backfill goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureKind:
    """Photos that cannot be read for one kind of reason, with one of them as an example."""

    status: str
    photos: int
    uri: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LandmarkCount:
    """The photos of one tag."""

    tag: str
    photos: int  # that are so tagged now
    by_people: int  # of these, settled by a person
    waiting: int  # photos to review of which this is the model's best guess


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCount:
    """The photos whose files were last changed in one month, by what stands of them."""

    month: str | None  # such as 2026-01, in UTC; null where the store has no time
    tagged: int
    review: int
    no_landmark: int
    failed: int

    @property
    def photos(self) -> int:
        """All of them."""
        return self.tagged + self.review + self.no_landmark + self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSeen:
    """A model that wrote rows, current or not."""

    model_id: str
    preprocess_id: str
    rows: int
    first_tagged_at: datetime  # UTC
    last_tagged_at: datetime
    name: str | None = None  # as the runs called it; null where no run file knows it


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelMonth:
    """The rows that one model wrote in one month."""

    model_id: str
    month: str  # such as 2026-01, in UTC
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSeen:
    """A run that left something in OUT."""

    run_id: str
    state: RunState
    parts: int  # finished shards whose rows are there
    merged: int = 0  # of these, in files that compactions made of several


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryStatus:
    """The state of a library; photos = tagged + review + no_landmark + those of the failures."""

    photos: int
    tagged: int
    review: int  # waiting for a person
    no_landmark: int
    reviewed: int  # settled by a person
    reviewers: tuple[tuple[str, int], ...]  # whose decisions stand, most photos first
    skipped: int  # left to somebody else, last of all that was said
    disagreements: int  # photos on which two people's newest words differ
    tags: tuple[tuple[str, int], ...]  # photos by final tag, most first; only the first ones
    failures: tuple[FailureKind, ...]  # most first
    models: tuple[ModelSeen, ...]  # newest rows last
    runs: tuple[RunSeen, ...]  # oldest first
    landmarks: tuple[LandmarkCount, ...] = ()  # most photos first; only the first ones
    landmarks_known: int = 0  # how many there are in all
    months: tuple[MonthCount, ...] = ()  # oldest first, those without photos left out
    model_months: tuple[ModelMonth, ...] = ()  # oldest first, then by model
