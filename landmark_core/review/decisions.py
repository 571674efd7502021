"""People's decisions in OUT/reviews: read, taken, taken back; each is durable when it is answered.

One session writes one growing part, named by its own ULID: every action replaces the part by
itself with its rows added, whole and atomically (at most PART_ROWS rows or PART_HOURS, then a new
part). So there are few files, no row is ever changed, and two servers never write the same file.

An action (one keystroke, one photo or many) carries an id that whoever asks has made. The same id
again writes nothing: what was sent before a crash can be sent again after it.
"""

import random
import threading
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal

from landmark_core.errors import ConfigError
from landmark_core.records import ReviewDecision, ReviewItem, Verdict
from landmark_core.review.decision_reading import STANDING_SCHEMA, ReadRow, read_rows
from landmark_core.review.decision_rows import decisions_to_table
from landmark_core.review.said import Said
from landmark_core.review.standing import Opinion, PhotoReviews, Version
from landmark_core.review.ulid import Ulids, is_ulid, moment_of
from landmark_core.tables import Store

Answer = Literal["tag", "not_a_landmark", "skip"]

PART_ROWS = 512  # a part of so many rows is written again in about 3 ms
PART_HOURS = 12
_STILL_GROWING = timedelta(days=1)  # a part that was read at such an age does not grow any more
_CLOCKS_APART = timedelta(days=1)  # beyond, another machine's clock is wrong, not ahead
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a person says of one photo, and what stood in front of that person."""

    item: ReviewItem
    answer: Answer
    tag: str | None  # null unless answer is tag
    seconds: float | None
    shown_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What one keystroke did."""

    action_id: str
    reviewer: str
    moment_us: int
    verdict: Verdict | None  # of its first row; null where it takes back
    tag: str | None
    decision_ids: tuple[str, ...]
    photo_ids: tuple[str, ...]  # beside decision_ids
    undoes: tuple[str, ...]  # decision_ids that it takes back; then decision_ids are of those rows


class DecisionLog:
    """Owns the decisions on one OUT for one session; several threads may use it."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime], rng: random.Random) -> None:
        """Name the place; nothing is read or written yet.

        Args:
            store: OUT.
            clock: tells the time, UTC.
            rng: for identifiers.
        """
        self._store = store
        self._clock = clock
        self._ulids = Ulids(rng)
        self._lock = threading.RLock()
        self._said = Said()
        self._actions: dict[str, Action] = {}
        self._actions_of: dict[str, list[tuple[int, str]]] = {}  # by reviewer, oldest first
        self._rows_read: dict[str, int] = {}  # by part
        self._read_at: dict[str, datetime] = {}  # by part, the last time
        self._newest_us = 0
        self._part_id = ""
        self._part_since = _EPOCH
        self._part_rows: tuple[ReviewDecision, ...] = ()

    def load(self) -> int:
        """Read all decisions; return how many rows there are.

        Raises:
            ConfigError: naming the file that is broken or foreign.
        """
        with self._lock:
            self._read(self._store.list_reviews())
            return sum(self._rows_read.values())

    def refresh(self) -> frozenset[str]:
        """Read what others decided since; return the photos that it concerns.

        Raises:
            ConfigError: naming the file that is broken or foreign.
        """
        with self._lock:
            names = [name for name in self._store.list_reviews() if self._may_have_grown(name)]
            return self._read(names)

    def decide(self, action_id: str, reviewer: str, choices: Sequence[Choice]) -> tuple[str, ...]:
        """Write what a person decided; it is durable on return.

        Args:
            action_id: ULID; an action that was written already is not written again.
            reviewer: who decides.
            choices: one for each photo, at most PART_ROWS.

        Returns:
            The photo_ids of the action.

        Raises:
            RunError: if OUT is full or fails; nothing is decided then, and the same action can be
                sent again.
        """
        with self._lock:
            if action_id not in self._actions:
                blank = self._blank(action_id, reviewer)
                self._write([_fill(blank, choice) for choice in choices])
            return self._actions[action_id].photo_ids

    def undo(
        self,
        action_id: str,
        reviewer: str,
        undoes: str | None,
        *,
        uri_of: Callable[[str], str],
    ) -> Action | None:
        """Take an action back, by further rows.

        Args:
            action_id: ULID of this undo; the same again writes nothing.
            reviewer: who takes back.
            undoes: the action; null for this reviewer's newest one that stands.
            uri_of: a photo's uri by its id.

        Returns:
            The action that was taken back; null where there is none that stands.

        Raises:
            RunError: if OUT is full or fails; nothing is taken back then.
        """
        with self._lock:
            if action_id in self._actions:
                return self._undone_by(self._actions[action_id])
            found = self._actions.get(undoes) if undoes else self._newest_of(reviewer)
            if found is None or not self._stands(found):
                return None
            blank = self._blank(action_id, reviewer)
            pairs = zip(found.decision_ids, found.photo_ids, strict=True)
            self._write(
                [
                    replace(blank, photo_id=photo_id, uri=uri_of(photo_id), undoes=decision_id)
                    for decision_id, photo_id in pairs
                    if not self._said.is_undone(decision_id)
                ]
            )
            return found

    def photo(self, photo_id: str, version: Version) -> PhotoReviews:
        """Return what stands of one version of a photo."""
        with self._lock:
            return self._said.photo(photo_id, version)

    def photo_ids(self) -> tuple[str, ...]:
        """Return all photos on which anything was ever said."""
        with self._lock:
            return self._said.photo_ids()

    def settled(self) -> tuple[tuple[str, Opinion], ...]:
        """Return the settling decision of each photo and version, with the photo."""
        with self._lock:
            return tuple(self._said.settled())

    def last_actions(self, reviewer: str, count: int) -> tuple[Action, ...]:
        """Return a reviewer's newest actions that stand, newest first."""
        with self._lock:
            newest = reversed(self._actions_of.get(reviewer, ()))
            mine = (self._actions[action_id] for _, action_id in newest)
            return tuple(islice((action for action in mine if self._stands(action)), count))

    def decided_since(self, reviewer: str, moment: datetime) -> int:
        """Return how many photos a reviewer settled since a moment, where it was not taken back."""
        since_us = (moment - _EPOCH) // timedelta(microseconds=1)
        with self._lock:
            mine = self._actions_of.get(reviewer, [])
            lately = mine[bisect_left(mine, (since_us, "")) :]
            actions = [self._actions[action_id] for _, action_id in lately]
            settling = [one for one in actions if one.verdict not in (None, "skipped")]
            photos = {
                photo_id
                for action in settling
                for decision_id, photo_id in zip(action.decision_ids, action.photo_ids, strict=True)
                if not self._said.is_undone(decision_id)
            }
            return len(photos)

    def _newest_of(self, reviewer: str) -> Action | None:
        newest = self.last_actions(reviewer, 1)
        return newest[0] if newest else None

    def _stands(self, action: Action) -> bool:
        if action.undoes:
            return False
        return not all(self._said.is_undone(one) for one in action.decision_ids)

    def _undone_by(self, undo: Action) -> Action | None:
        if not undo.undoes:
            return None
        return next((a for a in self._actions.values() if undo.undoes[0] in a.decision_ids), None)

    def _blank(self, action_id: str, reviewer: str) -> ReviewDecision:
        return ReviewDecision(
            decision_id="",
            action_id=action_id,
            photo_id="",
            uri="",
            content_sha256=None,
            size_bytes=None,
            modified_us=None,
            etag=None,
            verdict=None,
            tag=None,
            reviewer=reviewer,
            decided_at=self._clock(),
            seconds=None,
            model_id=None,
            model_tag=None,
            model_confidence=None,
            model_decision=None,
            shown_by=None,
            undoes=None,
        )

    def _write(self, decisions: Iterable[ReviewDecision]) -> None:
        """Put rows into the session's part; only then they count here."""
        rows = tuple(self._stamped(decisions))
        part_id, since, before = self._part_id, self._part_since, self._part_rows
        now = self._clock()
        too_old = now - since > timedelta(hours=PART_HOURS)
        if not part_id or too_old or len(before) + len(rows) > PART_ROWS:
            part_id, since, before = self._ulids.new(now), now, ()
        table = decisions_to_table((*before, *rows))
        self._store.write_reviews(part_id, table)
        self._part_id, self._part_since, self._part_rows = part_id, since, (*before, *rows)
        added = table.slice(len(before)).select(STANDING_SCHEMA.names)
        self._take_in(list(read_rows(added, name=part_id)))

    def _stamped(self, decisions: Iterable[ReviewDecision]) -> Iterator[ReviewDecision]:
        """Give rows their time and id, later than all that is known: the newest decision counts.

        A clock that went back, or another machine's that is a little ahead, must not make a
        decision older than one that the person had in front of them.
        """
        newest_us = self._newest_us
        now = self._clock()
        now_us = (now - _EPOCH) // timedelta(microseconds=1)
        if newest_us - now_us > _CLOCKS_APART // timedelta(microseconds=1):
            newest_us = 0
        for decision in decisions:
            newest_us = max(now_us, newest_us + 1)
            moment = _EPOCH + timedelta(microseconds=newest_us)
            yield replace(decision, decision_id=self._ulids.new(moment), decided_at=moment)

    def _may_have_grown(self, name: str) -> bool:
        if name not in self._rows_read:
            return True
        part_id = name.removeprefix("reviews/part-").removesuffix(".parquet")
        if part_id == self._part_id or self._rows_read[name] >= PART_ROWS or not is_ulid(part_id):
            return False
        # As old as it was then: whoever was not asked for days has not seen how it ended.
        return self._read_at[name] - moment_of(part_id) < _STILL_GROWING

    def _read(self, names: Sequence[str]) -> frozenset[str]:
        now = self._clock()
        changed: set[str] = set()
        tables = self._store.read_parts(names, STANDING_SCHEMA)
        for name, table in zip(names, tables, strict=True):
            known = self._rows_read.get(name, 0)
            if len(table) < known:
                raise ConfigError(
                    f"{self._store.out}/{name} had {known} decisions and now has {len(table)}; "
                    "restore it from a backup"
                )
            changed |= self._take_in(list(read_rows(table.slice(known), name=name)))
            self._rows_read[name] = len(table)
            self._read_at[name] = now
        return frozenset(changed)

    def _take_in(self, rows: Sequence[ReadRow]) -> set[str]:
        changed = set()
        for row in rows:
            if row.opinion is not None:
                self._said.add(row.photo_id, row.version, row.opinion)
                changed.add(row.photo_id)
            if row.undoes is not None:
                changed.add(self._said.undo(row.undoes) or row.photo_id)
            self._note_action(row)
            self._newest_us = max(self._newest_us, row.moment_us)
        return changed

    def _note_action(self, row: ReadRow) -> None:
        known = self._actions.get(row.action_id)
        undoes = () if row.undoes is None else (row.undoes,)
        if known is None:
            opinion = row.opinion
            self._actions[row.action_id] = Action(
                action_id=row.action_id,
                reviewer=row.reviewer,
                moment_us=row.moment_us,
                verdict=opinion.verdict if opinion else None,
                tag=opinion.tag if opinion else None,
                decision_ids=(row.decision_id,),
                photo_ids=(row.photo_id,),
                undoes=undoes,
            )
            # Most come in the order of time; where others' do not, their place is found.
            insort(self._actions_of.setdefault(row.reviewer, []), (row.moment_us, row.action_id))
        elif row.decision_id not in known.decision_ids:
            self._actions[row.action_id] = replace(
                known,
                decision_ids=(*known.decision_ids, row.decision_id),
                photo_ids=(*known.photo_ids, row.photo_id),
                undoes=(*known.undoes, *undoes),
            )


def _fill(blank: ReviewDecision, choice: Choice) -> ReviewDecision:
    item = choice.item
    best = item.prediction.tags[0] if item.prediction.tags else None
    return replace(
        blank,
        photo_id=item.ref.photo_id,
        uri=item.ref.uri,
        content_sha256=item.content_sha256,
        size_bytes=item.ref.size_bytes,
        modified_us=item.ref.modified_us,
        etag=item.ref.etag,
        verdict=_verdict(choice, best.tag if best else None),
        tag=choice.tag if choice.answer == "tag" else None,
        seconds=choice.seconds,
        model_id=item.model_id,
        model_tag=best.tag if best else None,
        model_confidence=best.confidence if best else None,
        model_decision=item.prediction.decision,
        shown_by=choice.shown_by,
    )


def _verdict(choice: Choice, model_tag: str | None) -> Verdict:
    if choice.answer == "tag":
        return "accepted" if choice.tag == model_tag else "corrected"
    return "skipped" if choice.answer == "skip" else "not_a_landmark"
