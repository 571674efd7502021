"""Preprocessing stands against torchvision's own transforms."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision import transforms
from torchvision.transforms.functional import InterpolationMode

from landmark_core.model import preprocess
from landmark_core.model.card import PreprocessSettings
from landmark_core.model.preprocess import Preprocess, preprocess_id

DEFAULT = Preprocess(PreprocessSettings())


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    """A photo that is hard to resize: every pixel differs from its neighbours."""
    random = np.random.default_rng(seed)
    return Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))


def hills(width: int, height: int) -> Image.Image:
    """A photo without hard edges."""
    x, y = np.linspace(0, 7, width), np.linspace(0, 5, height)[:, None]
    channels = [np.sin(x + y), np.cos(x - y), np.sin(x * y)]
    return Image.fromarray(((np.stack(channels, axis=2) + 1) * 127.5).astype(np.uint8))


def torchvisions(image: Image.Image, asked: PreprocessSettings) -> np.ndarray:
    size = asked.resize_size
    resize = transforms.Resize(
        size if asked.resize_rule == "short_side" else [size, size],
        interpolation=InterpolationMode(asked.interpolation),
    )
    return np.asarray(transforms.CenterCrop(asked.crop_size)(resize(image)))


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 500),
    height=st.integers(1, 500),
    resize_size=st.integers(1, 200),
    crop_size=st.integers(1, 200),
    rule=st.sampled_from(["short_side", "stretch"]),
)
def test_pixels_match_torchvision_within_two_grey_levels(
    width, height, resize_size, crop_size, rule
):
    if max(width, height) * resize_size > 20_000 * min(width, height):
        return  # torchvision would draw the whole strip
    asked = PreprocessSettings(resize_size=resize_size, crop_size=crop_size, resize_rule=rule)
    image = noise(width, height)
    ours, theirs = Preprocess(asked).apply(image), torchvisions(image, asked)
    assert ours.shape == (crop_size, crop_size, 3)
    assert ours.dtype == np.uint8
    assert ours.flags.c_contiguous
    assert np.abs(ours.astype(int) - theirs).max() <= 2


# As decoders hand them over: small photos, scaled JPEGs, whole PNGs, odd ones.
SIZES = [(340, 256), (500, 375), (800, 600), (750, 1000), (1600, 1200), (1203, 517), (90, 61)]


def apart(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return np.abs(ours.astype(int) - theirs)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_most_pixels_are_torchvisions_and_the_others_one_grey_level_off(size):
    for image in (hills(*size), noise(*size)):
        off = apart(DEFAULT.apply(image), torchvisions(image, DEFAULT.settings))
        assert off.max() <= 1
        assert off.mean() < 0.01


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("interpolation", "draw"), [("bilinear", noise), ("bicubic", hills)], ids=["linear", "cubic"]
)
def test_pixels_are_those_of_torchvisions_resize_in_floats(size, interpolation, draw):
    asked = PreprocessSettings(interpolation=interpolation)
    image = draw(*size)
    tensor = torch.from_numpy(np.array(image)).permute(2, 0, 1)  # (3, H, W)
    ways = [
        transforms.Resize(256, interpolation=InterpolationMode(interpolation), antialias=True),
        transforms.CenterCrop(224),
    ]
    theirs = transforms.Compose(ways)(tensor).permute(1, 2, 0).numpy()
    assert apart(Preprocess(asked).apply(image), theirs).max() <= 1


# The second half is Pillow's: mostly cut away, or too large to be copied out of an image.
WAYS = [(640, 480), (3, 5), (256, 300), (1500, 256), (300, 4000), (2600, 1700)]


@pytest.mark.parametrize("size", WAYS, ids=str)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("rule", ["short_side", "stretch"])
def test_an_image_and_the_array_of_its_pixels_end_the_same(size, interpolation, rule):
    asked = PreprocessSettings(interpolation=interpolation, resize_rule=rule)
    image = noise(*size)
    array = np.array(image)
    ours = Preprocess(asked).apply(array)
    assert np.array_equal(ours, Preprocess(asked).apply(image))
    assert ours.flags.writeable
    assert not np.shares_memory(ours, array)


@pytest.mark.parametrize("size", WAYS, ids=str)
def test_both_ways_end_the_same_within_two_grey_levels(size, monkeypatch):
    ours = DEFAULT.apply(noise(*size))
    monkeypatch.setattr(preprocess, "_MOST_WASTE", 0)
    by_box = DEFAULT.apply(noise(*size))
    assert apart(ours, by_box).max() <= 2


def test_the_number_of_threads_changes_nothing():
    image, before = noise(1203, 903), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = DEFAULT.apply(image)
        torch.set_num_threads(4)
        assert np.array_equal(DEFAULT.apply(image), alone)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("size", [(640, 427), (427, 640), (256, 256), (300, 256), (90, 200)])
def test_bicubic_pixels_match_torchvision_where_nothing_overshoots(size):
    asked = PreprocessSettings(interpolation="bicubic")
    ours = Preprocess(asked).apply(hills(*size)).astype(int)
    assert np.abs(ours - torchvisions(hills(*size), asked)).max() <= 2


@pytest.mark.parametrize("size", [(256, 256), (256, 300), (301, 256)], ids=str)
def test_photo_of_the_right_size_is_cropped_alone(size):
    assert np.array_equal(DEFAULT.apply(noise(*size)), torchvisions(noise(*size), DEFAULT.settings))


def test_crop_larger_than_the_photo_is_padded_with_black():
    asked = PreprocessSettings(resize_size=100, crop_size=151)
    pixels = Preprocess(asked).apply(Image.new("RGB", (100, 100), "white"))
    assert pixels.sum() == 100 * 100 * 3 * 255
    assert pixels[25:125, 25:125].min() == 255
    assert np.array_equal(pixels, torchvisions(Image.new("RGB", (100, 100), "white"), asked))


def test_panorama_costs_no_more_than_its_crop():
    photo = noise(20_000, 100)
    tall = photo.transpose(Image.Transpose.ROTATE_90)
    # The crop of the middle is what the whole strip would show, but for the far neighbours.
    middle = photo.crop((20_000 // 2 - 200, 0, 20_000 // 2 + 200, 100))
    for image, expected in ((photo, middle), (tall, middle.transpose(Image.Transpose.ROTATE_90))):
        ours = DEFAULT.apply(image).astype(int)
        assert np.abs(ours - DEFAULT.apply(expected)).max() <= 2


def test_photos_are_not_changed():
    photo = np.array(noise(300, 256))
    before = photo.copy()
    DEFAULT.apply(photo)[:] = 0
    assert np.array_equal(photo, before)


@pytest.mark.parametrize(
    "array",
    [np.zeros((9, 9, 3), np.float32), np.zeros((9, 9), np.uint8), np.zeros((3, 9, 9), np.uint8)],
    ids=["float", "grey", "planes"],
)
def test_only_arrays_of_rgb_bytes_are_taken(array):
    with pytest.raises(ValueError, match="expected uint8"):
        DEFAULT.apply(array)


def test_only_rgb_is_taken():
    with pytest.raises(ValueError, match="expected an RGB image, got L"):
        DEFAULT.apply(Image.new("L", (300, 300)))


# Worked out by hand: 512x384 becomes 341x256; left is round((341 - 224) / 2) = 58, top 16.
HAND = [
    pytest.param((256, 256), (16, 16, 240, 240), id="square"),
    pytest.param((512, 512), (32, 32, 480, 480), id="twice-as-large"),
    pytest.param((512, 384), (58 * 512 / 341, 24, 282 * 512 / 341, 360), id="landscape"),
    pytest.param((384, 512), (24, 58 * 512 / 341, 360, 282 * 512 / 341), id="portrait"),
]


@pytest.mark.parametrize(("size", "box"), HAND)
def test_crop_box_by_hand(size, box):
    assert DEFAULT.crop_box(*size) == pytest.approx(box)


def test_crop_box_of_a_padded_crop_reaches_beyond_the_photo():
    padded = Preprocess(PreprocessSettings(resize_size=100, crop_size=150))
    assert padded.crop_box(200, 200) == (-50, -50, 250, 250)


def test_crop_box_of_stretched_photos_is_the_whole_photo():
    asked = PreprocessSettings(resize_size=224, crop_size=224, resize_rule="stretch")
    assert Preprocess(asked).crop_box(640, 300) == (0, 0, 640, 300)


@settings(max_examples=40, deadline=None)
@given(width=st.integers(64, 700), height=st.integers(64, 700), seed=st.integers(0, 99))
def test_crop_box_is_where_a_marked_pixel_lands(width, height, seed):
    """Paint one spot of the photo white and find it in the pixels, through the box alone."""
    random = np.random.default_rng(seed)
    left, top, right, bottom = DEFAULT.crop_box(width, height)
    x = random.uniform(left + (right - left) * 0.1, right - (right - left) * 0.1)
    y = random.uniform(top + (bottom - top) * 0.1, bottom - (bottom - top) * 0.1)
    canvas = np.zeros((height, width, 3), dtype=np.uint8)
    canvas[int(y), int(x)] = 255
    pixels = DEFAULT.apply(Image.fromarray(canvas)).astype(float)[..., 0]
    rows, columns = np.nonzero(pixels == pixels.max())
    assert columns.mean() + 0.5 == pytest.approx(
        (int(x) + 0.5 - left) * 224 / (right - left), abs=1
    )
    assert rows.mean() + 0.5 == pytest.approx((int(y) + 0.5 - top) * 224 / (bottom - top), abs=1)


def test_normalising_gives_the_bits_of_totensor_and_normalize():
    photo = noise(224, 224)
    asked = PreprocessSettings(mean=(0.46, 0.47, 0.48), std=(0.27, 0.28, 0.3))
    chain = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize(list(asked.mean), list(asked.std))]
    )
    pixels = torch.from_numpy(np.asarray(photo).transpose(2, 0, 1).copy())
    assert torch.equal(Preprocess(asked).normalise(pixels[None])[0], chain(photo))


def test_half_precision_is_the_rounded_float32():
    pixels = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8)
    half = DEFAULT.normalise(pixels, torch.bfloat16)
    assert torch.equal(half, DEFAULT.normalise(pixels).to(torch.bfloat16))


def test_normalising_keeps_channels_last_and_takes_no_photos():
    pixels = torch.zeros(2, 3, 8, 8, dtype=torch.uint8).to(memory_format=torch.channels_last)
    assert DEFAULT.normalise(pixels).is_contiguous(memory_format=torch.channels_last)
    assert DEFAULT.normalise(pixels[:0]).shape == (0, 3, 8, 8)


@pytest.mark.parametrize(
    "pixels",
    [torch.zeros(1, 3, 4, 4), torch.zeros(3, 4, 4).byte(), torch.zeros(1, 1, 4, 4).byte()],
    ids=["float", "one-photo", "grey"],
)
def test_normalising_refuses_what_is_not_a_batch_of_rgb_bytes(pixels):
    with pytest.raises(ValueError, match="expected uint8"):
        DEFAULT.normalise(pixels)


def test_it_is_unpickled_without_torch():
    code = (
        "import pickle, sys\n"
        "preprocess = pickle.loads(bytes.fromhex(sys.argv[1]))\n"
        "print(preprocess.shape, 'torch' in sys.modules)"
    )
    sent = pickle.dumps(DEFAULT).hex()
    done = subprocess.run([sys.executable, "-c", code, sent], capture_output=True, text=True)
    assert done.stdout.strip() == "(224, 224) False", done.stderr


def test_preprocess_id_tells_settings_and_foreign_class_lists_apart():
    plain, larger = PreprocessSettings(), PreprocessSettings(resize_size=257)
    ids = [
        preprocess_id(plain),
        preprocess_id(larger),
        preprocess_id(plain, classes=("a", "b")),
        preprocess_id(plain, classes=("b", "a")),
        preprocess_id(plain, classes=("ab",)),
    ]
    assert len(set(ids)) == 5
    assert all(len(each) == 16 and int(each, 16) >= 0 for each in ids)
    assert preprocess_id(PreprocessSettings()) == ids[0]
