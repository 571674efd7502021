"""One sitting over one OUT: which photos there are, what was said of them, in which lists.

Everything that the server answers comes from here, and everything that it is told goes in here.
Lists (views) are frozen when they are opened, so that next and previous stay put while decisions
are taken; the newest few are kept. What other people decide is read every few seconds.
"""

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from landmark_core.errors import ConfigError
from landmark_core.finding import match_tag
from landmark_core.records import ReviewItem
from landmark_core.review.catalogue import Catalogue
from landmark_core.review.decisions import Action, Answer, Choice, DecisionLog
from landmark_core.review.interval import wilson
from landmark_core.review.look_finder import LookFinder
from landmark_core.review.people import People
from landmark_core.review.refusals import RefusedError
from landmark_core.review.standing import PhotoReviews, version_of_item, version_token
from landmark_core.review.views import ViewQuery, choose
from landmark_core.tables import Store

VIEWS_KEPT = 8
REFRESH_SECONDS = 10.0  # between two looks at what others decided
RUNS_SECONDS = 60.0  # between two looks for newer runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """A photo that looks like another one."""

    photo_id: str
    version: str
    is_open: bool  # nobody has settled it


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A photo as it is shown: what the model says, what people say, and what looks like it."""

    item: ReviewItem
    version: str
    reviews: PhotoReviews
    alike: tuple[Alike, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenView:
    """A list that was opened."""

    view_id: str
    total: int
    start: int  # place at which to begin
    tag: str | None  # that was meant; null where none was asked for, or none fits
    no_tag: str | None  # why no tag fits what was asked for, with those that are near


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far people have come."""

    photos: int  # that are laid out here
    waiting: int  # for a person, as `landmarks status` counts them: skipped ones wait, too
    unasked: int  # of these, nobody has skipped
    settled: int
    skipped: int
    disagreements: int
    machine: int  # settled by the machine alone, in all of OUT
    left_out: int  # wait too, but did not fit into this sitting
    mine_today: int
    looks_done: int
    looks_total: int
    audited: int
    audit_wrong: int
    audit_low: float  # error rate of what nobody checks: 95 % interval
    audit_high: float
    is_newer: bool  # a run has finished since; its photos show after a restart


class Desk:
    """Owns the state of one sitting; several threads may use it."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        log: DecisionLog,
        looks: LookFinder,
        *,
        further_tags: Iterable[str],
        clock: Callable[[], datetime],
        rng: random.Random,
    ) -> None:
        """Lay everything out.

        Args:
            store: OUT.
            catalogue: its photos.
            log: its decisions, loaded.
            looks: finds what looks alike; started by whoever made it.
            further_tags: that a person may give, beside those that photos have.
            clock: tells the time, UTC.
            rng: for the names of views.
        """
        self._store, self._catalogue, self._log, self._looks = store, catalogue, log, looks
        self._clock, self._rng = clock, rng
        self._people = People(catalogue, further_tags)
        self._people.load(log)
        self._lock = threading.RLock()
        self._views: OrderedDict[str, NDArray[np.int32]] = OrderedDict()
        self._refreshed = self._runs_seen = time.monotonic()
        self._runs = frozenset(store.list_finished())
        self._is_newer = False

    def open_view(self, query: ViewQuery, at: str | None = None) -> OpenView:
        """Make a list of photos.

        Args:
            query: which, in which order; a tag as a person types it.
            at: photo to begin with; else the first that nobody has settled or skipped.
        """
        query, no_tag = self._meant(query)
        everything = np.arange(len(self._catalogue))
        with self._lock:
            groups = self._looks.group_of(everything)
            numbers = choose(self._catalogue, self._people, groups, query).astype(np.int32)
            view_id = f"{self._rng.getrandbits(64):016x}"
            self._views[view_id] = numbers
            while len(self._views) > VIEWS_KEPT:
                self._views.popitem(last=False)
            return OpenView(
                view_id=view_id,
                total=len(numbers),
                start=self._start(numbers, at),
                tag=None if no_tag else query.tag,
                no_tag=no_tag,
            )

    def view(self, view_id: str, offset: int, count: int) -> tuple[int, tuple[int, ...]]:
        """Return how long a list is, and the numbers of some of its photos.

        Raises:
            RefusedError: if the list is not kept any more.
        """
        with self._lock:
            numbers = self._views.get(view_id)
            if numbers is None:
                raise RefusedError(
                    404, "view_gone", "this list is not kept any more; open it again"
                )
            self._views.move_to_end(view_id)
            some = tuple(numbers[offset : offset + count].tolist())
        self._looks.prefer(some)
        return len(numbers), some

    def number_of(self, photo_id: str) -> int:
        """Return a photo's number.

        Raises:
            RefusedError: if it is not laid out here.
        """
        number = self._catalogue.number_of(photo_id)
        if number is None:
            raise RefusedError(404, "no_photo", "no photo of this sitting has that photo_id")
        return number

    def item(self, photo_id: str) -> ReviewItem:
        """Return a photo as the model left it.

        Raises:
            RefusedError: if it is not laid out here.
        """
        return self._catalogue.item(self.number_of(photo_id))

    def show(self, number: int) -> Shown:
        """Return a photo as it is shown."""
        item = self._catalogue.item(number)
        others = [other for other in self._looks.members(number) if other != number]
        return Shown(
            item=item,
            version=version_token(version_of_item(item)),
            reviews=self._reviews(item),
            alike=self._alike(others),
        )

    def decide(
        self,
        action_id: str,
        reviewer: str,
        photos: Sequence[tuple[str, str]],
        *,
        answer: Answer,
        tag: str | None,
        seconds: float | None,
        shown_by: str | None,
    ) -> tuple[int, ...]:
        """Take a decision on some photos; it is durable on return.

        Args:
            action_id: ULID; the same again changes nothing.
            reviewer: who decides.
            photos: photo_id and version that the person saw, of each.
            answer: what the person says.
            tag: null unless the answer is a tag; one that differs from a known tag in case,
                accents or signs alone becomes that one.
            seconds: spent on all of them together.
            shown_by: the order that brought them up.

        Returns:
            The numbers of the photos of the action that are laid out here.

        Raises:
            RefusedError: if a photo is unknown, or has changed since the person saw it.
            RunError: if OUT is full or fails; nothing is decided then.
        """
        tag = None if tag is None else self._spelled(tag)
        share = None if seconds is None else seconds / len(photos)
        choices = [
            Choice(
                item=self._seen(photo_id, version),
                answer=answer,
                tag=tag,
                seconds=share,
                shown_by=shown_by,
            )
            for photo_id, version in photos
        ]
        return self._follow(self._log.decide(action_id, reviewer, choices))

    def undo(
        self, action_id: str, reviewer: str, undoes: str | None
    ) -> tuple[Action | None, tuple[int, ...]]:
        """Take an action back; null: this reviewer's newest one.

        Returns:
            The action, null where none stands; and the numbers of its photos.

        Raises:
            RefusedError: if one of its photos is not laid out here.
            RunError: if OUT is full or fails; nothing is taken back then.
        """
        found = self._log.undo(
            action_id, reviewer, undoes, uri_of=lambda photo_id: self.item(photo_id).ref.uri
        )
        return found, self._follow(found.photo_ids if found else ())

    def history(self, reviewer: str, count: int) -> tuple[Action, ...]:
        """Return a reviewer's newest actions that stand, newest first."""
        return self._log.last_actions(reviewer, count)

    def tags(self) -> list[tuple[str, int]]:
        """Return all tags that a person may give, with photos that have each now, most first."""
        with self._lock:
            return self._people.tags()

    def progress(self, reviewer: str) -> Progress:
        """Return how far people have come; what others decided is looked up now and then."""
        self._refresh()
        midnight = self._clock().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        done, total = self._looks.progress()
        with self._lock:
            people = self._people
            audited, wrong = people.audit()
            low, high = wilson(wrong, audited)
            return Progress(
                photos=len(self._catalogue),
                waiting=int(people.waiting().sum()),
                unasked=int(people.unasked().sum()),
                settled=int(people.settled.sum()),
                skipped=int(people.skipped.sum()),
                disagreements=int(people.disagree.sum()),
                machine=self._catalogue.machine_settled,
                left_out=self._catalogue.waiting_left_out,
                mine_today=self._log.decided_since(reviewer, midnight),
                looks_done=done,
                looks_total=total,
                audited=audited,
                audit_wrong=wrong,
                audit_low=low,
                audit_high=high,
                is_newer=self._is_newer,
            )

    def _meant(self, query: ViewQuery) -> tuple[ViewQuery, str | None]:
        """Find the tag that a person means, as `landmarks find` does; where none fits, say why."""
        if query.tag is None:
            return query, None
        with self._lock:
            spelled = self._people.spelled(query.tag)
            if self._people.code_of(spelled) is not None:
                return replace(query, tag=spelled), None
            tags = self._people.tags()
        # Half a name is meant for what can be seen here, not for a class that no photo has.
        names = [tag for tag, photos in tags if photos]
        try:
            return replace(query, tag=match_tag(query.tag, names).tags[0]), None
        except ConfigError as error:
            return query, str(error)

    def _spelled(self, tag: str) -> str:
        with self._lock:
            return self._people.spelled(tag)

    def _start(self, numbers: NDArray[np.int32], at: str | None) -> int:
        wanted = None if at is None else self._catalogue.number_of(at)
        places = np.flatnonzero(numbers == (-1 if wanted is None else wanted))
        if not len(places):
            people = self._people
            places = np.flatnonzero(~(people.settled | people.skipped)[numbers])
        return int(places[0]) if len(places) else 0

    def _reviews(self, item: ReviewItem) -> PhotoReviews:
        return self._log.photo(item.ref.photo_id, version_of_item(item))

    def _alike(self, numbers: Sequence[int]) -> tuple[Alike, ...]:
        versions = zip(numbers, self._catalogue.versions(numbers), strict=True)
        return tuple(
            Alike(
                photo_id=photo_id,
                version=version_token(version),
                is_open=not self._people.settled[number],
            )
            for number, (photo_id, version) in versions
        )

    def _seen(self, photo_id: str, version: str) -> ReviewItem:
        item = self.item(photo_id)
        if version_token(version_of_item(item)) != version:
            raise RefusedError(
                409, "changed", "the photo was changed since this page showed it; look at it again"
            )
        return item

    def _follow(self, photo_ids: Iterable[str]) -> tuple[int, ...]:
        """Bring the columns up to date with the decisions on some photos."""
        numbers = [self._catalogue.number_of(photo_id) for photo_id in photo_ids]
        known = tuple(number for number in numbers if number is not None)
        with self._lock:
            for number in known:
                self._people.set(number, self._reviews(self._catalogue.item(number)))
        return known

    def _refresh(self) -> None:
        now = time.monotonic()
        with self._lock:
            reviews_due = now - self._refreshed >= REFRESH_SECONDS
            runs_due = now - self._runs_seen >= RUNS_SECONDS
            self._refreshed = now if reviews_due else self._refreshed
            self._runs_seen = now if runs_due else self._runs_seen
        if reviews_due:
            self._follow(self._log.refresh())
        if runs_due:
            self._is_newer = frozenset(self._store.list_finished()) != self._runs
