"""The search for look-alikes in the background: what it reads first, survives, and how it ends."""

import logging
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from draw_library import draw_scene
from PIL import Image

from landmark_core.errors import PhotoError
from landmark_core.review import look_finder as module
from landmark_core.review.groups import LookAlikes
from landmark_core.review.look_finder import LookFinder

SECOND = 1_000_000
SMALL = [draw_scene(seed, (96, 72)) for seed in range(20)]


@pytest.fixture
def find():
    """Start to look among so many photos, taken so many seconds after one another."""
    started = []

    def make(count, read_small, *, seconds=3600, order=None):
        moments = np.arange(count) * seconds * SECOND
        groups = LookAlikes(count, moments=moments, folders=np.zeros(count, np.int32))
        finder = LookFinder(groups, np.arange(count) if order is None else order, read_small)
        started.append(finder)
        return finder

    yield make
    for finder in started:
        finder.stop()


def wait_for(is_so):
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


class Reader:
    """Notes what it reads, and holds still at one photo until it is let go."""

    def __init__(self, held: int) -> None:
        self.seen: list[int] = []
        self.held, self.let_go = held, threading.Event()

    def __call__(self, number: int) -> Image.Image:
        self.seen.append(number)
        if number == self.held:
            assert self.let_go.wait(20)
        return SMALL[number % len(SMALL)]


def test_copies_among_files_are_found(find, tmp_path):
    for number in range(6):
        scene = draw_scene(number % 5, (400, 300))
        scene.save(tmp_path / f"{number}.jpg", quality=90 - 10 * number)

    def read(number: int) -> Image.Image:
        with Image.open(Path(tmp_path, f"{number}.jpg")) as image:
            return image.convert("RGB")

    finder = find(6, read)
    finder.start()
    wait_for(lambda: finder.progress() == (6, 6))
    assert finder.members(5) == (0, 5)
    assert finder.group_of(np.arange(6)).tolist() == [0, 1, 2, 3, 4, 0]


def test_photos_are_read_once_each_in_the_order_that_was_given(find):
    reader = Reader(held=-1)
    finder = find(30, reader, order=np.arange(30)[::-1])
    finder.start()
    wait_for(lambda: finder.progress() == (30, 30))
    assert reader.seen == list(range(29, -1, -1))


def test_what_is_in_front_of_the_person_comes_next_then_its_neighbours(find):
    reader = Reader(held=0)
    finder = find(60, reader, seconds=6)
    finder.start()
    wait_for(lambda: reader.seen == [0])
    finder.prefer([20])
    finder.prefer([40, 50, 0])
    reader.let_go.set()
    wait_for(lambda: finder.progress() == (60, 60))
    # Six seconds apart, the photos right before and after one may be of the same burst.
    assert reader.seen[1:3] == [40, 50]
    assert sorted(reader.seen[3:8]) == [1, 39, 41, 49, 51]
    assert reader.seen[8] == 20
    assert sorted(reader.seen) == list(range(60))


def test_broken_photos_are_counted_and_passed_over(find, caplog):
    def read(number: int) -> Image.Image:
        if number == 1:
            raise PhotoError("corrupt", "broken")
        if number in (2, 3):
            raise ZeroDivisionError
        return SMALL[number // 4]

    caplog.set_level(logging.WARNING)
    finder = find(8, read)
    finder.start()
    wait_for(lambda: finder.progress() == (8, 8))
    assert finder.members(4) == (4, 5, 6, 7)
    # What nobody expected is said once, not for each of a library's photos.
    assert [record.getMessage() for record in caplog.records] == ["no look of photo 2"]


def test_groups_can_be_asked_for_while_they_grow(find):
    finder = find(60, lambda number: SMALL[number % 4])
    finder.start()
    while finder.progress()[0] < 60:
        roots = finder.group_of(np.arange(60))
        assert (roots <= np.arange(60)).all()
        assert (roots[roots] == roots).all()
        assert all(number in finder.members(number) for number in range(60))
        time.sleep(0.002)
    assert [len(finder.members(number)) for number in range(4)] == [15] * 4


def test_nobody_waits_while_a_photo_is_read(find):
    reader = Reader(held=3)
    finder = find(10, reader)
    finder.start()
    wait_for(lambda: 3 in reader.seen)
    began = time.monotonic()
    finder.prefer([7])
    finder.group_of(np.arange(10))
    finder.members(3)
    assert time.monotonic() - began < 0.5
    began = time.monotonic()
    finder.stop()
    assert time.monotonic() - began < 1.5
    reader.let_go.set()
    wait_for(lambda: finder.progress() == (4, 10))
    time.sleep(0.1)
    assert reader.seen == [0, 1, 2, 3]


def test_it_can_end_before_it_begins(find):
    find(3, Reader(held=-1)).stop()


def test_no_more_are_read_than_can_be_compared(find, monkeypatch):
    monkeypatch.setattr(module, "MOST_LOOKS", 5)
    reader = Reader(held=0)
    finder = find(12, reader)
    finder.start()
    wait_for(lambda: reader.seen == [0])
    finder.prefer([11])
    reader.let_go.set()
    wait_for(lambda: finder.progress() == (5, 5))
    time.sleep(0.1)
    assert reader.seen == [0, 11, 1, 2, 3]
