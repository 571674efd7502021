"""Look-alikes, found as looks come one by one: against all pairs compared, and other grouping."""

import io
import itertools
from collections import Counter

import numpy as np
import pytest
from draw_library import draw_scene
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from landmark_core.dataset import ALIKE, hash_looks, similarity, take_look
from landmark_core.dataset.groups import connect, find_links
from landmark_core.review import groups as module
from landmark_core.review.groups import BURST_ALIKE, BURST_SECONDS, MOST_MEMBERS, LookAlikes

SECOND = 1_000_000


def draw(seed: int, size: tuple[int, int] = (240, 180)) -> Image.Image:
    """Draw a photo with detail at all scales; other seeds give photos that are not alike."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", size)
    for cells in (3, 6, 12):
        patch = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        image = Image.blend(image, patch.resize(size, Image.Resampling.BICUBIC), 0.5)
    return image


def recompress(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=30)
    return Image.open(file).convert("RGB")


def cut(left: float, top: float, right: float, bottom: float):
    def crop(image: Image.Image) -> Image.Image:
        width, height = image.size
        return image.crop(
            (int(left * width), int(top * height), int(right * width), int(bottom * height))
        )

    return crop


HELD, MOVED = cut(0.0, 0.0, 0.9, 0.9), cut(0.07, 0.07, 0.97, 0.97)  # two shots of a burst


def look_of(image: Image.Image) -> np.ndarray:
    return take_look(image.convert("RGB"))


def far_apart(count: int) -> LookAlikes:
    """Return photos of one folder, an hour between them."""
    hours = np.arange(count) * 3600 * SECOND
    return LookAlikes(count, moments=hours, folders=np.zeros(count, np.int32))


def partition(groups: LookAlikes, count: int) -> set[tuple[int, ...]]:
    return {groups.members(number) for number in range(count)}


def components(count: int, links: list[tuple[int, int]]) -> set[tuple[int, ...]]:
    """Return connected photos, by going through the links until nothing changes."""
    reached = [{number} for number in range(count)]
    for _ in range(count):
        for one, other in links:
            reached[one] |= reached[other]
            reached[other] |= reached[one]
    return {tuple(sorted(some)) for some in reached}


POOL = np.stack(
    [
        look_of(change(draw(seed)))
        for seed in (0, 1, 2, 5)
        for change in (
            lambda image: image,
            recompress,
            lambda image: image.resize((70, 50)),
            lambda image: image.point(lambda v: int(v * 0.8 + 20)),
            cut(0, 0, 1, 0.94),
            HELD,
            MOVED,
        )
    ]
)
ALIKENESS = similarity(np.repeat(POOL, len(POOL), 0), np.tile(POOL, (len(POOL), 1, 1))).reshape(
    len(POOL), len(POOL)
)


def test_two_shots_of_a_burst_are_between_the_two_bounds():
    held, moved = 5, 6
    assert (ALIKENESS[held::7, moved::7].diagonal() > BURST_ALIKE).all()
    assert (ALIKENESS[held::7, moved::7].diagonal() < ALIKE).all()


@settings(max_examples=100, deadline=None)
@given(
    photos=st.lists(
        st.tuples(
            st.integers(0, len(POOL) - 1),
            st.integers(0, 30),  # seconds
            st.integers(0, 1),  # folder
        ),
        min_size=1,
        max_size=9,
    ),
    seed=st.integers(0, 2**32 - 1),
)
def test_groups_are_those_of_a_comparison_of_all_pairs(photos, seed):
    count = len(photos)
    groups = LookAlikes(
        count,
        moments=np.array([seconds * SECOND for _, seconds, _ in photos]),
        folders=np.array([folder for *_, folder in photos], np.int32),
    )
    for number in np.random.default_rng(seed).permutation(count).tolist():
        groups.add(number, POOL[photos[number][0]])
    links = []
    for one, other in itertools.combinations(range(count), 2):
        (look, taken, folder), (other_look, other_taken, other_folder) = photos[one], photos[other]
        is_burst = folder == other_folder and abs(taken - other_taken) <= BURST_SECONDS
        if ALIKENESS[look, other_look] >= (BURST_ALIKE if is_burst else ALIKE):
            links.append((one, other))
    assert partition(groups, count) == components(count, links)


def test_groups_are_those_of_training_photos(shared_data):
    folders = sorted((shared_data / "landmarks13-train").iterdir())
    paths = [path for folder in folders for path in sorted(folder.glob("*.jpg"))[:25]]
    looks = []
    for path in paths:
        with Image.open(path) as image:
            looks.append(look_of(image))
    groups = far_apart(len(looks))
    for number in np.random.default_rng(4).permutation(len(looks)).tolist():
        groups.add(number, looks[number])
    expected = connect(len(looks), find_links(np.stack(looks), np.zeros((0, 2), np.int64)))
    assert groups.group_of(np.arange(len(looks))).tolist() == expected.tolist()
    classes = [{paths[n].parent.name for n in some} for some in partition(groups, len(looks))]
    assert all(len(some) == 1 for some in classes)
    assert 5 < sum(count > 1 for count in Counter(expected.tolist()).values()) < 30


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(recompress, id="re-compressed"),
        pytest.param(lambda image: image.resize((200, 150)), id="resized"),
        pytest.param(lambda image: image.convert("L").convert("RGB"), id="grey"),
        pytest.param(cut(0, 0, 1, 0.92), id="caption-cut-off"),
        pytest.param(cut(0.08, 0, 1, 0.93), id="corner"),
    ],
)
def test_copies_of_drawn_scenes_are_found_and_other_scenes_are_not(change):
    scenes = [draw_scene(seed, (480, 360)) for seed in range(6)]
    groups = far_apart(12)
    for number, image in enumerate([*scenes, *map(change, scenes)]):
        groups.add(number, look_of(image))
    assert partition(groups, 12) == {(number, number + 6) for number in range(6)}


@pytest.mark.parametrize("cropped_first", [False, True])
def test_a_crop_is_found_though_the_hashes_of_the_whole_looks_are_far_apart(cropped_first):
    found = 0
    for seed in range(20):
        looks = [look_of(draw(seed)), look_of(cut(0.08, 0.08, 1, 1)(draw(seed)))]
        first, second = (hash_looks(look[None])[0][0] for look in looks)
        if int(np.bitwise_count(first ^ second).sum()) > 23:
            groups = far_apart(2)
            for number in (1, 0) if cropped_first else (0, 1):
                groups.add(number, looks[number])
            found += 1
            assert groups.members(0) == (0, 1)
    assert found


def test_only_what_it_found_alike_is_returned():
    groups = far_apart(4)
    looks = [look_of(draw(1)), look_of(draw(2)), look_of(recompress(draw(1)))]
    assert [groups.add(number, look) for number, look in enumerate(looks)] == [(), (), (0,)]
    assert groups.group_of(np.array([2, 1, 0, 3])).tolist() == [0, 1, 0, 3]


def test_to_find_joins_nothing():
    groups = far_apart(2)
    look = look_of(draw(1))
    assert groups.find(0, look) == ()
    assert groups.find(1, look) == (0,)
    assert groups.members(1) == (1,)


def test_a_second_look_of_a_photo_is_passed_over():
    groups = far_apart(3)
    groups.add(0, look_of(draw(1)))
    assert groups.add(0, look_of(draw(2))) == ()
    assert groups.add(1, look_of(draw(2))) == ()
    assert groups.add(2, look_of(draw(1))) == (0,)


def test_photos_without_detail_are_alike_to_none_but_their_own_bytes():
    groups = LookAlikes(4, moments=np.zeros(4, np.int64), folders=np.zeros(4, np.int32))
    groups.join(1, 3)
    for number in range(4):
        assert groups.add(number, np.full((32, 32), 10 * number, np.uint8)) == ()
    assert partition(groups, 4) == {(0,), (1, 3), (2,)}


def test_a_burst_ends_with_its_folder_and_its_time():
    moments = np.array([0, 9, 19, 20, 5], np.int64) * SECOND
    groups = LookAlikes(5, moments=moments, folders=np.array([0, 0, 0, 0, 1], np.int32))
    found = [sorted(groups.neighbours(number)) for number in range(5)]
    assert found == [[1], [0, 2], [1, 3], [2], []]


def test_a_folder_copied_within_seconds_is_no_endless_burst():
    groups = LookAlikes(100, moments=np.zeros(100, np.int64), folders=np.zeros(100, np.int32))
    assert groups.neighbours(50) == (*range(42, 50), *range(51, 59))


def test_beyond_the_most_looks_nothing_is_compared(monkeypatch):
    monkeypatch.setattr(module, "MOST_LOOKS", 2)
    groups, look = far_apart(3), look_of(draw(1))
    assert [groups.add(number, look) for number in range(3)] == [(), (0,), ()]


def test_copies_that_find_their_group_full_make_another(monkeypatch):
    monkeypatch.setattr(module, "MOST_MEMBERS", 5)
    groups, look = far_apart(12), look_of(draw(1))
    for number in range(12):
        groups.add(number, look)
    assert sorted(len(some) for some in partition(groups, 12)) == [2, 5, 5]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=60))
def test_joined_photos_are_in_one_group_named_by_its_smallest_number(pairs):
    groups = far_apart(30)
    assert all(groups.join(one, other) for one, other in pairs)
    expected = components(30, pairs)
    assert partition(groups, 30) == expected
    names = {number: some[0] for some in expected for number in some}
    assert groups.group_of(np.arange(30)).tolist() == [names[number] for number in range(30)]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_chain_swallows_the_library(seed):
    groups = far_apart(600)
    pairs = np.random.default_rng(seed).integers(0, 600, (1500, 2)).tolist()
    for one, other in pairs:
        joined = groups.join(one, other)
        assert joined == (other in groups.members(one))
    found = partition(groups, 600)
    assert sorted(number for some in found for number in some) == list(range(600))
    assert MOST_MEMBERS // 2 < max(map(len, found)) <= MOST_MEMBERS
