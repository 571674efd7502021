"""Everything that may happen to one OUT, in any order, as rules of a state machine.

Runs, deaths at any step, other models, backfills, compactions, people's decisions: each rule does
one thing to both libraries. After every step all rows are compared, and after every `look_every`
steps all that readers are told.
"""

import contextlib
import os
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from both_libraries import KEYS, TAGS, Begun, BothLibraries, version_of
from death import dies_before
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from plain_library import Key, Word
from sittings import Sent, Sitting, expected_standing, photo_of

from landmark_core.backfill import cancel_backfill, close_backfill
from landmark_core.errors import RunError
from landmark_core.review import Ulids
from landmark_core.tables import CompactionSettings, Store

TALLY: "Counter[str]" = Counter()  # steps and examples of a whole test
STEP = timedelta(hours=5)  # a few of them make a night, a day, and a part of reviews that is full

numbers = st.integers(0, 7)
some_photos = st.dictionaries(numbers, st.integers(0, 2), min_size=1, max_size=5)
keys = st.sampled_from(KEYS)
places = st.integers(0, 3)  # in a list of whatever there is, however long it is
reviewers = st.sampled_from(["ann", "bob"])
some_troubles = st.dictionaries(numbers, st.sampled_from(["corrupt", "fetch_error"]), max_size=3)
deaths = st.none() | st.integers(0, 14)  # changes that are made before


class LibraryMachine(RuleBasedStateMachine):
    """Owns both libraries for one example."""

    look_every = 6  # steps

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="state-machine-")
        self.both = BothLibraries(Path(self._folder.name))
        self.plain, self.root = self.both.plain, self.both.root
        self.ulids = Ulids(random.Random(9))
        self.begun: list[Begun] = []
        self.sittings: list[Sitting] = []
        self.sent: list[Sent] = []
        self.since_look = 0
        TALLY["examples"] += 1

    def teardown(self) -> None:
        self._folder.cleanup()

    @initialize(photos=some_photos)
    def begin(self, photos: dict[int, int]) -> None:
        self.photos_come(photos)

    @rule(photos=some_photos)
    def photos_come(self, photos: dict[int, int]) -> None:
        """Photos are new, changed, or again what they were."""
        for number, version in photos.items():
            self.plain.listing[number] = version_of(number, version)

    @rule(gone=st.sets(numbers, min_size=1, max_size=3))
    def photos_go(self, gone: set[int]) -> None:
        for number in gone:
            self.plain.listing.pop(number, None)

    @rule(
        key=keys,
        retry_failed=st.booleans(),
        limit=st.none() | st.integers(1, 3),
        twice=st.none() | numbers,
        troubles=some_troubles,
        death=deaths,
    )
    def run(
        self,
        key: Key,
        retry_failed: bool,
        limit: int | None,
        twice: int | None,
        troubles: dict[int, str],
        death: int | None,
    ) -> None:
        """A run, as `landmarks tag` makes it; it may die after any change."""
        store = Store(self.both.out)
        with dies_before(death, self.root):
            store.check_writable()
            with store.lock():
                store.sweep()
                self.both.check_swept()
                plan = self.both.plan(key, retry_failed=retry_failed, limit=limit, twice=twice)
                for shard in plan.shards:
                    self.both.tag_shard(shard, key, troubles)
                self.both.finish(plan.run_id)
            if limit is None:
                self._check_nothing_is_left(key, troubles)

    def _check_nothing_is_left(self, key: Key, troubles: dict[int, str]) -> None:
        """Whoever is listed has a row now, but for those that a backfill will do."""
        left, _ = self.plain.work(list(self.plain.listing.values()), key)
        assert all(troubles.get(photo.number) == "fetch_error" for photo in left)

    @rule()
    def a_day_passes(self) -> None:
        self.both.now += timedelta(days=1)

    @rule()
    def others_come_while_out_is_held(self) -> None:
        other = Store(self.both.out)
        with Store(self.both.out).lock():
            with pytest.raises(RunError, match="another run is writing"), other.lock():
                raise AssertionError("two runs at once")
            if self.plain.rows:
                with pytest.raises(RunError, match="another run is writing"):
                    self.both.compact(CompactionSettings(), lambda _seconds: None)
            assert other.holder().pid == os.getpid()
        assert other.holder() is None

    @rule()
    def sweep(self) -> None:
        store = Store(self.both.out)
        with store.lock():
            store.sweep()
            assert store.sweep() == 0
        self.both.check_swept()

    @rule(key=keys, retry_failed=st.booleans(), death=deaths)
    def plan_backfill(self, key: Key, retry_failed: bool, death: int | None) -> None:
        store = Store(self.both.out)
        with dies_before(death, self.root), store.lock():
            store.sweep()
            self.both.check_swept()
            plan = self.both.plan(key, retry_failed=retry_failed)
            if plan.shards:
                self.both.open_backfill(plan, key)

    @precondition(lambda self: self.plain.backfills)
    @rule(which=places, shards=st.sets(places, min_size=1), troubles=some_troubles, death=deaths)
    def do_shards(
        self, which: int, shards: set[int], troubles: dict[int, str], death: int | None
    ) -> None:
        """An executor does some shards, whoever else did, will do or has begun them."""
        with dies_before(death, self.root):
            for number in sorted(shards):
                begun = self.both.begin_shard(self._backfill(which), number, troubles)
                if begun is not None:
                    self.both.end_shard(begun)

    @precondition(lambda self: self.plain.backfills)
    @rule(which=places, number=places, troubles=some_troubles)
    def begin_shard(self, which: int, number: int, troubles: dict[int, str]) -> None:
        """An executor begins with a shard; its part comes some steps later, or never."""
        begun = self.both.begin_shard(self._backfill(which), number, troubles)
        if begun is not None:
            self.begun.append(begun)

    @precondition(lambda self: self.begun)
    @rule(which=places, death=deaths)
    def end_shard(self, which: int, death: int | None) -> None:
        begun = self.begun.pop(which % len(self.begun))
        with dies_before(death, self.root):
            self.both.end_shard(begun)

    @precondition(lambda self: self.plain.backfills)
    @rule(which=places, end=st.sampled_from([close_backfill, cancel_backfill]), death=deaths)
    def end_backfill(self, which: int, end: Callable[..., Any], death: int | None) -> None:
        """A backfill is closed when all is done, or cancelled at any time; it ends once."""
        out, run_id = self.both.out, self._backfill(which)
        backfill, left = self.plain.backfills[run_id], self.plain.remaining(run_id)
        if not backfill.is_open or (end is close_backfill and left):
            with pytest.raises(RunError, match=r"has ended already|are missing"):
                end(out, run_id, now=self.both.moment())
            return
        with dies_before(death, self.root):
            summary = end(out, run_id, now=self.both.moment())
            backfill.is_open = False
            self.plain.finished.add(run_id)
            assert summary.counts.photos == sum(row.run_id == run_id for row in self.plain.rows)
            assert Store(out).read_run(run_id).summary["shards_missing"] == len(left)

    @precondition(lambda self: self.plain.rows)
    @rule(
        target_rows=st.sampled_from([100, 5, 8]),
        older_than_h=st.sampled_from([0.0, 24.0]),
        grace_s=st.sampled_from([0.0, 20 * 3600.0]),
        meanwhile=st.sampled_from(["nothing", "a look", "a run", "another holds OUT"]),
        death=st.none() | st.integers(0, 30),
    )
    def compact(
        self,
        target_rows: int,
        older_than_h: float,
        grace_s: float,
        meanwhile: str,
        death: int | None,
    ) -> None:
        """A compaction with something during its grace period; it may die after any change."""
        settings = CompactionSettings(
            target_rows=target_rows, older_than_h=older_than_h, grace_s=grace_s
        )
        with contextlib.ExitStack() as other_run, dies_before(death, self.root):

            def grace(_seconds: float) -> None:
                if meanwhile == "a look":
                    self.both.check_rows()
                    self.both.check_answers()
                elif meanwhile == "a run":
                    self.run(KEYS[0], True, None, None, {}, None)
                elif meanwhile == "another holds OUT":
                    other_run.enter_context(Store(self.both.out).lock())

            report = self.both.compact(settings, grace)
            if grace_s == 0 and meanwhile != "another holds OUT":
                assert report.waiting == 0
                self.both.check_nothing_waits()
            if (target_rows, older_than_h) == (100, 0) and meanwhile != "a run":
                self.both.check_merged()
        self._look()

    @precondition(lambda self: self.plain.rows and len(self.sittings) < 2)
    @rule(ahead_s=st.sampled_from([0, 300, -300]))
    def open_sitting(self, ahead_s: int) -> None:
        """A server starts, on a machine whose clock may be wrong; two of them run at once."""
        ahead = timedelta(seconds=ahead_s)
        rng = random.Random(self.both.rng.getrandbits(64))
        sitting = Sitting(self.both.out, lambda: self.both.now + ahead, rng)
        current = {number: now.row for number, now in self.plain.current().items()}
        assert {number: photo_of(item) for number, item in sitting.items.items()} == {
            number: row.photo for number, row in current.items() if row.status == "ok"
        }
        self.sittings.append(sitting)

    @precondition(lambda self: self.sittings)
    @rule(
        which=places,
        reviewer=reviewers,
        photos=st.sets(numbers, min_size=1, max_size=4),
        answer=st.sampled_from(["tag", "not_a_landmark", "skip"]),
        tag=st.sampled_from([*TAGS, "Old mill"]),
        dies=st.sampled_from([False, False, False, True]),
    )
    def decide(
        self, which: int, reviewer: str, photos: set[int], answer: str, tag: str, dies: bool
    ) -> None:
        sitting = self._sitting(which)
        choices = sitting.choices(photos, answer, tag)
        if choices:
            self.sent.append(Sent(self.ulids.new(self.both.now), reviewer, choices))
            self._send(sitting, self.sent[-1], dies)

    @precondition(lambda self: self.sittings and self.sent)
    @rule(which=places, what=places)
    def send_again(self, which: int, what: int) -> None:
        """The page did not hear an answer, or its server died before it decided."""
        self._send(self._sitting(which), self.sent[-1 - what % len(self.sent)], False)

    def _send(self, sitting: Sitting, sent: Sent, dies: bool) -> None:
        is_answered = False
        with dies_before(0 if dies else None, self.root):
            sitting.decide(sent)
            is_answered = True
        if not is_answered:
            self.sittings.remove(sitting)
        elif all(word.action != sent.action for word in self.plain.words):
            self.plain.words += _words(sent)

    @precondition(lambda self: self.sittings)
    @rule(which=places, reviewer=reviewers, what=st.none() | places)
    def undo(self, which: int, reviewer: str, what: int | None) -> None:
        """Somebody takes back the newest of their actions, or any that they see."""
        is_chosen = self.sent and what is not None
        undoes = self.sent[-1 - what % len(self.sent)].action if is_chosen else None
        found = self._sitting(which).undo(self.ulids.new(self.both.now), reviewer, undoes)
        assert found == self.plain.undo(reviewer, undoes)

    @precondition(lambda self: self.sittings)
    @rule(which=places)
    def look_at_sitting(self, which: int) -> None:
        """A server knows what all have decided, however long it was not asked."""
        sitting = self._sitting(which)
        for photo in {photo_of(choice.item) for sent in self.sent for choice in sent.choices}:
            plain = self.plain.standing(photo.number, photo.version)
            assert sitting.standing(photo) == expected_standing(plain)

    @invariant()
    def every_row_is_there_once(self) -> None:
        self.both.check_rows()

    @invariant()
    def time_passes(self) -> None:
        TALLY["steps"] += 1
        self.both.now += STEP
        self.since_look += 1
        if self.since_look >= self.look_every:
            self._look()

    def _look(self) -> None:
        self.since_look = 0
        self.both.check_answers()

    def _backfill(self, which: int) -> str:
        return list(self.plain.backfills)[which % len(self.plain.backfills)]

    def _sitting(self, which: int) -> Sitting:
        return self.sittings[which % len(self.sittings)]


def _words(sent: Sent) -> list[Word]:
    """Return what a keystroke says, a word for each photo."""
    photos = [photo_of(choice.item) for choice in sent.choices]
    return [
        Word(sent.action, sent.reviewer, photo.number, photo.version, choice.answer, choice.tag)
        for photo, choice in zip(photos, sent.choices, strict=True)
    ]
