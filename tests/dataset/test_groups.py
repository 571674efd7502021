"""Near-duplicates: what is a copy, what is none, and groups that do not depend on the order."""

import io

import numpy as np
import pytest
from draw_library import draw_scene
from PIL import Image, ImageDraw

from landmark_core.dataset.groups import connect, find_links
from landmark_core.dataset.look import has_detail, similarity, take_look

NONE = np.zeros((0, 2), np.int64)


def recompress(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def mark(image: Image.Image) -> Image.Image:
    marked = image.copy()
    width, height = marked.size
    ImageDraw.Draw(marked).rectangle(
        (width * 0.6, height * 0.88, width * 0.98, height * 0.96), fill="white"
    )
    return marked


def crop(left: float, top: float, right: float, bottom: float):
    def cut(image: Image.Image) -> Image.Image:
        width, height = image.size
        return image.crop(
            (int(left * width), int(top * height), int(right * width), int(bottom * height))
        )

    return cut


def test_detail_is_told_of_each_look_by_itself():
    looks = np.random.default_rng(0).integers(0, 256, (4100, 32, 32), dtype=np.uint8)
    looks[[7, 4095, 4096]] = 200
    assert np.flatnonzero(~has_detail(looks)).tolist() == [7, 4095, 4096]


def groups_of(images: list[Image.Image]) -> list[int]:
    looks = np.stack([take_look(image) for image in images])
    return connect(len(looks), find_links(looks, NONE)).tolist()


def photo(seed: int) -> Image.Image:
    return draw_scene(seed, (480, 360))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda image: recompress(image, 30), id="re-compressed"),
        pytest.param(lambda image: image.resize((200, 150)), id="resized"),
        pytest.param(lambda image: image.resize((480, 300)), id="squeezed"),
        pytest.param(mark, id="marked"),
        pytest.param(lambda image: image.convert("L").convert("RGB"), id="grey"),
        pytest.param(lambda image: image.point(lambda v: int(v * 0.8 + 20)), id="paler"),
        pytest.param(crop(0, 0, 1, 0.92), id="caption-cut-off"),
        pytest.param(crop(0.03, 0.03, 0.97, 0.97), id="margin-cut-off"),
        pytest.param(crop(0.08, 0, 1, 0.93), id="corner"),
    ],
)
def test_copies_are_grouped_and_other_photos_are_not(change):
    originals = [photo(seed) for seed in range(6)]
    copies = [change(image) for image in originals]
    groups = groups_of([*originals, *copies])
    assert groups[6:] == groups[:6] == list(range(6))


@pytest.mark.parametrize(
    "images",
    [
        pytest.param([Image.new("RGB", (64, 48), (g, g, g)) for g in range(0, 250, 25)], id="flat"),
        pytest.param(
            [
                Image.linear_gradient("L").resize((64, 48)).point(lambda v, k=k: int(v * k / 9))
                for k in range(3, 10)
            ],
            id="skies",
        ),
    ],
)
def test_pictures_without_detail_stay_alone(images):
    assert groups_of([image.convert("RGB") for image in images]) == list(range(len(images)))


def test_a_mirrored_photo_is_no_copy():
    image = photo(3)
    assert groups_of([image, image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]) == [0, 1]


def test_groups_are_the_same_in_any_order_and_when_photos_come_later():
    images = [photo(seed) for seed in range(8)]
    images += [recompress(image, 40) for image in images[:5]]
    looks = np.stack([take_look(image) for image in images])
    together = connect(len(looks), find_links(looks, NONE))
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(looks))
        first = find_links(looks[order[:6]], NONE)
        grown = connect(len(looks), find_links(looks[order], first, compared=6))
        inverse = np.argsort(order)
        same = grown[inverse][:, None] == grown[inverse][None]
        assert (same == (together[:, None] == together[None])).all()


def test_similarity_is_symmetric_and_one_for_itself():
    looks = np.stack([take_look(photo(seed)) for seed in range(10)])
    there, back = similarity(looks[:5], looks[5:]), similarity(looks[5:], looks[:5])
    assert there == pytest.approx(back, abs=1e-5)
    assert similarity(looks, looks) == pytest.approx(np.ones(10), abs=1e-4)


def test_links_connect_in_turn():
    assert connect(5, np.array([[3, 4], [1, 3]])).tolist() == [0, 1, 2, 1, 1]


def test_many_copies_of_one_photo_need_few_links():
    looks = np.repeat(take_look(photo(1))[None], 300, axis=0)
    links = find_links(looks, NONE)
    assert set(connect(300, links).tolist()) == {0}
    assert len(links) < 300 * 299 / 4
