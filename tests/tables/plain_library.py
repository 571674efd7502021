"""What OUT should hold and say, in plain Python: lists, dicts, loops, and nothing of the product.

Slow and obvious on purpose. The state machine does everything twice, with the real tables and with
this, and compares.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

Key = tuple[str, str]  # model, preprocessing
COUNTS = ("listed", "duplicates", "already_done", "failed_remembered", "claimed", "missing")
COUNTS += ("to_do", "retried")


class Photo(NamedTuple):
    """One photo of the listing."""

    number: int  # who
    size: int
    modified: int  # microseconds since 1970
    etag: str | None

    @property
    def version(self) -> object:
        return (self.size, self.modified) if self.etag is None else self.etag


class Row(NamedTuple):
    """One row of the tags."""

    photo: Photo
    key: Key
    status: str
    decision: str | None
    tag: str | None
    heatmap: str | None
    run_id: str
    tagged_at: datetime


class Now(NamedTuple):
    """What is known of a photo."""

    row: Row
    decision: str | None
    tag: str | None
    settled_by: str | None
    reviewer: str | None


class Word(NamedTuple):
    """What a person said of one version of a photo."""

    action: str
    reviewer: str
    number: int
    version: object
    answer: str  # tag, not_a_landmark or skip
    tag: str | None


class Standing(NamedTuple):
    """What stands of the words on one version."""

    settled: Word | None
    is_skipped: bool
    is_disputed: bool


@dataclass
class Backfill:
    """A plan that outlives processes."""

    key: Key
    shards: list[list[Photo]]
    is_open: bool = True


class PlainLibrary:
    """Everything that happened to one OUT."""

    def __init__(self) -> None:
        self.listing: dict[int, Photo] = {}  # by number, in the order of the listing
        self.parts: dict[tuple[str, int], list[Row]] = {}  # by run and shard
        self.planned: set[str] = set()
        self.finished: set[str] = set()
        self.backfills: dict[str, Backfill] = {}
        self.words: list[Word] = []  # in the order in which they were said
        self.undone: set[str] = set()  # actions

    @property
    def rows(self) -> list[Row]:
        return [row for part in self.parts.values() for row in part]

    def claimed(self, key: Key) -> set[int]:
        """Who waits for a shard of an open backfill."""
        return {
            photo.number
            for run_id, backfill in self.backfills.items()
            if backfill.is_open and backfill.key == key
            for number in self.remaining(run_id)
            for photo in backfill.shards[number]
        }

    def remaining(self, run_id: str) -> list[int]:
        """Which shards of a backfill nobody has done."""
        numbers = range(len(self.backfills[run_id].shards))
        return [number for number in numbers if (run_id, number) not in self.parts]

    def work(
        self,
        listing: list[Photo],
        key: Key,
        *,
        retry_failed: bool = False,
        limit: int | None = None,
    ) -> tuple[list[Photo], dict[str, int]]:
        """What a run has to do, and what the listing comes to."""
        counts = Counter(listed=len(listing))
        missing: list[tuple[Photo, bool]] = []
        claimed = self.claimed(key)
        seen: set[int] = set()
        for photo in listing:
            status = self._status(photo, key)
            if photo.number in seen:
                counts["duplicates"] += 1
            elif status == "ok":
                counts["already_done"] += 1
            elif status not in (None, "fetch_error") and not retry_failed:
                counts["failed_remembered"] += 1
            elif photo.number in claimed:
                counts["claimed"] += 1
            else:
                missing.append((photo, status is not None))
            seen.add(photo.number)
        to_do = missing[:limit]
        counts["missing"], counts["to_do"] = len(missing), len(to_do)
        counts["retried"] = sum(again for _, again in to_do)
        return [photo for photo, _ in to_do], {name: counts[name] for name in COUNTS}

    def current(self) -> dict[int, Now]:
        """Each photo's newest row with the newest review on top."""
        newest: dict[int, Row] = {}
        for row in sorted(self.rows, key=lambda row: row.tagged_at):
            newest[row.photo.number] = row
        return {number: self._now(row) for number, row in newest.items()}

    def standing(self, number: int, version: object) -> Standing:
        """What stands of all that was said of one version."""
        words = [
            word
            for word in self.words
            if (word.number, word.version) == (number, version) and word.action not in self.undone
        ]
        settling = [word for word in words if word.answer != "skip"]
        opinions = {word.reviewer: (word.answer, word.tag) for word in settling}
        return Standing(
            settled=settling[-1] if settling else None,
            is_skipped=bool(words) and words[-1].answer == "skip",
            is_disputed=len(set(opinions.values())) > 1,
        )

    def actions(self, reviewer: str | None = None) -> list[str]:
        """Which decisions stand, oldest first; of one reviewer or of all."""
        mine = [word.action for word in self.words if reviewer in (None, word.reviewer)]
        return [action for action in dict.fromkeys(mine) if action not in self.undone]

    def undo(self, reviewer: str, action: str | None) -> str | None:
        """Take an action back, or this reviewer's newest; return it, null where none stands."""
        mine = self.actions(reviewer)
        found = action if action is not None else next(reversed(mine), None)
        if found not in self.actions():
            return None
        self.undone.add(found)
        return found

    def counts(self) -> dict[str, object]:
        """What `landmarks status` should count."""
        current = self.current()
        decisions = Counter(now.decision for now in current.values())
        said = [self.standing(n, now.row.photo.version) for n, now in current.items()]
        return {
            "photos": len(current),
            **{name: decisions[name] for name in ("tagged", "review", "no_landmark")},
            "reviewed": sum(now.settled_by == "person" for now in current.values()),
            "skipped": sum(one.is_skipped for one in said),
            "disagreements": sum(one.is_disputed for one in said),
        }

    def runs(self) -> dict[str, tuple[str, int]]:
        """The state and the parts of each run."""
        parts = Counter(run_id for run_id, _ in self.parts)
        known = {*parts, *self.planned, *self.finished}
        return {run_id: (self._state(run_id), parts[run_id]) for run_id in known}

    def _state(self, run_id: str) -> str:
        if run_id in self.finished:
            return "finished"
        return "open" if run_id in self.backfills else "interrupted"

    def _status(self, photo: Photo, key: Key) -> str | None:
        mine = [row for row in self.rows if row.key == key and row.photo.number == photo.number]
        mine = [row for row in mine if row.photo.version == photo.version]
        return max(mine, key=lambda row: row.tagged_at).status if mine else None

    def _now(self, row: Row) -> Now:
        word = self.standing(row.photo.number, row.photo.version).settled
        if word is not None:
            decision = "no_landmark" if word.answer == "not_a_landmark" else "tagged"
            return Now(row, decision, word.tag, "person", word.reviewer)
        tag = row.tag if row.decision == "tagged" else None
        settled_by = "machine" if row.decision in ("tagged", "no_landmark") else None
        return Now(row, row.decision, tag, settled_by, None)
