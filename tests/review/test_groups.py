"""Look-alikes are found one by one as a slow comparison of all with all finds them."""

import itertools
import time

import numpy as np
import pytest
from draw_library import draw_scene
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from landmark_core.dataset import ALIKE, similarity, take_look
from landmark_core.errors import PhotoError
from landmark_core.review.groups import MOST_MEMBERS, LookAlikes
from landmark_core.review.look_finder import LookFinder

SECOND = 1_000_000


def far_apart(count):
    return LookAlikes(
        count, moments=np.arange(count) * 3600 * SECOND, folders=np.zeros(count, np.int32)
    )


def look_of(image):
    return take_look(image.convert("RGB"))


def partition(groups, count):
    return {groups.members(number) for number in range(count)}


def test_copies_are_found_and_others_are_not():
    scenes = [draw_scene(seed) for seed in range(6)]
    copies = [scene.resize((200, 150)) for scene in scenes]
    brighter = [ImageEnhance.Brightness(scene).enhance(1.2) for scene in scenes]
    images = [*scenes, *copies, *brighter]
    groups = far_apart(len(images))
    for number, image in enumerate(images):
        groups.add(number, look_of(image))
    for number in range(6):
        assert {number, number + 6, number + 12} <= set(groups.members(number))
    looks = np.stack([look_of(image) for image in images])
    expected = far_apart(len(images))
    for one, other in itertools.combinations(range(len(images)), 2):
        if similarity(looks[[one]], looks[[other]])[0] >= ALIKE:
            expected.join(one, other)
    assert partition(groups, len(images)) == partition(expected, len(images))


def test_the_order_in_which_looks_come_does_not_matter():
    images = [draw_scene(seed).resize(size) for seed in range(5) for size in ((300, 200), (90, 60))]
    looks = [look_of(image) for image in images]
    found = []
    for seed in range(4):
        groups = far_apart(len(looks))
        for number in np.random.default_rng(seed).permutation(len(looks)).tolist():
            groups.add(number, looks[number])
        found.append(partition(groups, len(looks)))
    assert all(one == found[0] for one in found)


def moved(image, pixels):
    """Return the scene as a hand that moved a little would have taken it."""
    width, height = image.size
    return image.crop((pixels, pixels // 2, width, height)).resize((width, height))


def test_a_burst_is_grouped_more_easily_than_photos_of_other_days():
    scene = draw_scene(3)
    later = moved(scene, 90)
    looks = [look_of(scene), look_of(later)]
    alike = similarity(looks[0][None], looks[1][None])[0]
    assert alike > 0.35
    for seconds, folders in ((5, (0, 0)), (5, (0, 1)), (600, (0, 0))):
        groups = LookAlikes(
            2,
            moments=np.array([0, seconds * SECOND]),
            folders=np.array(folders, np.int32),
        )
        for number, look in enumerate(looks):
            groups.add(number, look)
        is_burst = seconds <= 10 and folders == (0, 0)
        assert (len(groups.members(0)) == 2) == (is_burst or alike >= ALIKE)


def test_photos_without_detail_are_alike_to_none():
    groups = far_apart(4)
    for number in range(4):
        assert groups.add(number, np.full((32, 32), 10 * number, np.uint8)) == ()
    assert partition(groups, 4) == {(0,), (1,), (2,), (3,)}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=60))
def test_groups_are_a_partition(pairs):
    groups = far_apart(30)
    reached = {number: {number} for number in range(30)}
    for one, other in pairs:
        assert groups.join(one, other)
        whole = reached[one] | reached[other]
        for member in whole:
            reached[member] = whole
    for number in range(30):
        assert set(groups.members(number)) == reached[number]
    roots = groups.group_of(np.arange(30))
    assert [min(reached[number]) for number in range(30)] == roots.tolist()


def test_no_chain_swallows_the_library():
    groups = far_apart(1000)
    for number in range(999):
        groups.join(number, number + 1)
    assert max(len(groups.members(number)) for number in range(1000)) == MOST_MEMBERS


@pytest.fixture
def finder():
    started = []

    def make(count, read_small):
        finder = LookFinder(far_apart(count), np.arange(count), read_small)
        started.append(finder)
        finder.start()
        return finder

    yield make
    for one in started:
        one.stop()


def wait_for(is_so):
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_finder_reads_all_and_survives_what_is_broken(finder):
    def read(number):
        if number == 1:
            raise PhotoError("corrupt", "broken")
        if number == 2:
            raise ZeroDivisionError
        return draw_scene(5 if number in (0, 3) else number).resize((128, 96))

    found = finder(8, read)
    wait_for(lambda: found.progress() == (8, 8))
    assert found.members(0) == (0, 3)


def test_what_is_in_front_of_the_person_is_read_first(finder):
    seen = []

    def read(number):
        seen.append(number)
        time.sleep(0.02)
        return Image.new("RGB", (64, 64))

    found = finder(100, read)
    found.prefer([70, 71])
    wait_for(lambda: {70, 71} <= set(seen))
    assert len(seen) < 20


def test_the_finder_ends_soon(finder):
    found = finder(1000, lambda number: draw_scene(number))
    time.sleep(0.1)
    begin = time.monotonic()
    found.stop()
    assert time.monotonic() - begin < 3
    done, _ = found.progress()
    time.sleep(0.2)
    assert found.progress()[0] <= done + 1


def test_real_photos_of_one_landmark_stay_apart(shared_data):
    folder = sorted((shared_data / "landmarks13-train").iterdir())[0]
    photos = sorted(folder.glob("*.jpg"))[:60]
    groups = far_apart(len(photos))
    for number, photo in enumerate(photos):
        with Image.open(photo) as image:
            groups.add(number, look_of(image))
    alone = sum(len(groups.members(number)) == 1 for number in range(len(photos)))
    assert alone > 0.9 * len(photos)
