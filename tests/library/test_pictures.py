"""Pictures to draw on: of the same decode as the model's pixels, whatever way the batch takes."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from landmark_core.config import ReadLimits
from landmark_core.library import loader as loader_module
from landmark_core.library.decode import decode_photo
from landmark_core.library.find import open_listing
from landmark_core.library.loader import PhotoLoader
from landmark_core.library.pictures import PICTURE_SIDE, keep_picture, make_picture
from landmark_core.model import Preprocess, PreprocessSettings

LIMITS = ReadLimits()
PREPROCESS = Preprocess(PreprocessSettings(resize_size=64, crop_size=64))


def waves(width, height):
    """A picture without sharp edges, different in every part."""
    ys, xs = np.mgrid[0:height, 0:width]
    planes = [np.sin(xs / 50) * 90 + 120, np.cos(ys / 70) * 90 + 120, (xs + ys) % 256 * 0.0 + 80]
    return Image.fromarray(np.stack(planes, axis=2).astype(np.uint8))


def read_all(folder, **options):
    refs = list(open_listing(str(folder)))
    options = {"batch_size": 3, "workers": 0, "keep_pictures": True, **options}
    with PhotoLoader(PREPROCESS, limits=LIMITS, **options) as photos_of:
        return [(batch, batch.pictures or ()) for batch in photos_of.batches(refs)]


def to_rgb(picture):
    """Back to RGB by Pillow, which knows nothing of how the planes were made."""
    height, width = picture.luma.shape
    cells = np.ix_(np.arange(height) // 2, np.arange(width) // 2)
    planes = (picture.luma, picture.blue[cells], picture.red[cells])
    merged = Image.merge("YCbCr", [Image.fromarray(plane) for plane in planes])
    return np.asarray(merged.convert("RGB"), dtype=float)


def as_floats(image):
    return np.asarray(image.convert("RGB"), dtype=float)


@pytest.fixture
def folder(tmp_path):
    """Seven photos, of which 2 and 3 are broken; each of its own size."""
    for number in range(7):
        waves(40 + number, 30 + 2 * number).save(tmp_path / f"{number}.png")
    for number in (2, 3):
        (tmp_path / f"{number}.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    return tmp_path


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("shared_memory", [None, 100_000, 0], ids=["plenty", "for-pixels", "none"])
def test_each_good_photo_comes_with_its_own_picture(folder, workers, shared_memory, monkeypatch):
    monkeypatch.setattr(loader_module, "shared_memory_free", lambda: shared_memory)
    batches = read_all(folder, workers=workers)
    assert [len(pictures) for _, pictures in batches] == [2, 2, 1]
    found = [
        (photo, picture)
        for batch, pictures in batches
        for photo, picture in zip(batch.readable, pictures, strict=True)
    ]
    assert [photo.ref.location[-5] for photo, _ in found] == list("01456")
    for photo, picture in found:
        with Image.open(photo.ref.location) as image:
            assert picture.luma.shape == image.size[::-1]
            assert np.abs(to_rgb(picture) - as_floats(image)).mean() < 2


@pytest.mark.parametrize("workers", [0, 1])
def test_no_picture_is_kept_unless_asked_for(folder, workers):
    assert {b.pictures for b, _ in read_all(folder, workers=workers, keep_pictures=False)} == {None}


def test_pictures_stay_within_their_memory(folder, monkeypatch):
    monkeypatch.setattr(loader_module, "PICTURE_MEMORY", 40 * 30 * 3 // 2 + 10)  # the first fits
    kept = [[picture is not None for picture in pictures] for _, pictures in read_all(folder)]
    assert kept == [[True, False], [], []]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_batch_without_a_good_photo_has_no_pictures(tmp_path, workers):
    (tmp_path / "0.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    ((batch, pictures),) = read_all(tmp_path, workers=workers)
    assert (batch.pictures, pictures, len(batch.pixels)) == (None, (), 0)


def test_photos_of_a_worker_that_died_come_without_pictures(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    import hostile_preprocess

    for number in range(4):
        colour = (255, 0, 0) if number == 1 else (9, 9, 9)
        Image.new("RGB", (8, 8), colour).save(tmp_path / f"{number}.png")
    refs = list(open_listing(str(tmp_path)))
    hostile = hostile_preprocess.Hostile("kill")
    with PhotoLoader(
        hostile, limits=LIMITS, batch_size=4, workers=1, keep_pictures=True
    ) as photos_of:
        (batch,) = photos_of.batches(refs)
    assert [photo.status for photo in batch.photos] == ["ok", "corrupt", "ok", "ok"]
    assert batch.pictures is None


@pytest.mark.parametrize("workers", [0, 2])
def test_keeping_pictures_changes_no_pixel(folder, workers):
    waves(1600, 1200).save(folder / "large.jpg", quality=90)
    plain = read_all(folder, workers=workers, keep_pictures=False)
    kept = read_all(folder, workers=workers)
    for (one, _), (other, _) in zip(plain, kept, strict=True):
        assert one.photos == other.photos
        assert np.array_equal(one.pixels.numpy(), other.pixels.numpy())


def decoded(size, min_side):
    buffer = io.BytesIO()
    waves(*size).save(buffer, "JPEG", quality=95)
    return decode_photo(buffer.getvalue(), name="a.jpg", min_side=min_side, limits=LIMITS)


@pytest.mark.parametrize(
    ("size", "min_side", "kept"),
    [
        pytest.param((340, 256), 288, (340, 256), id="small-as-it-is"),
        pytest.param((1600, 1200), 288, (640, 480), id="2-megapixels"),
        pytest.param((1200, 1600), 288, (480, 640), id="upright"),
        pytest.param((1600, 1200), 96, None, id="decoded-too-small-for-a-small-model"),
        pytest.param((3000, 300), 256, (640, 64), id="panorama"),
    ],
)
def test_a_kept_picture_is_large_enough_to_look_at(size, min_side, kept):
    picture = keep_picture(decoded(size, min_side), 10**9)
    assert (None if picture is None else picture.luma.shape[::-1]) == kept


@pytest.mark.parametrize("size", [(640, 480), (341, 257), (1, 1), (2, 1), (1, 5), (33, 2)], ids=str)
@pytest.mark.parametrize("form", [Image.Image, np.ndarray], ids=["image", "array"])
def test_planes_are_those_of_pillow_s_conversion(size, form):
    photo = waves(*size)
    picture = make_picture(photo if form is Image.Image else np.array(photo))
    luma, blue, red = (np.asarray(p, dtype=float) for p in photo.convert("YCbCr").split())
    assert np.abs(picture.luma - luma).max() <= 1
    for plane, full in ((picture.blue, blue), (picture.red, red)):
        cells = np.pad(full, ((0, size[1] % 2), (0, size[0] % 2)), mode="edge")
        mean = (cells[::2, ::2] + cells[1::2, ::2] + cells[::2, 1::2] + cells[1::2, 1::2]) / 4
        assert plane.shape == mean.shape
        assert np.abs(plane - mean).max() <= 2.5


@pytest.mark.parametrize("colour", ["red", "lime", "blue", "yellow", "cyan", "magenta", "white"])
def test_full_colours_stay_full(colour):
    photo = Image.new("RGB", (4, 4), colour)
    assert np.abs(to_rgb(make_picture(photo)) - as_floats(photo)).max() <= 4


@pytest.mark.parametrize("side", [1, 639, 640, 641, 1024, 1279, 1280, 2049, 5000, 30000])
@pytest.mark.parametrize("other", [1, 90, None])
@pytest.mark.parametrize("form", [Image.Image, np.ndarray], ids=["image", "array"])
def test_a_picture_has_the_whole_photo_at_the_side_that_a_person_wants(side, other, form):
    other = min(side, other or side * 3 // 4 + 1)
    if side * other > 30_000_000:
        pytest.skip("nothing new, and slow")
    image = waves(64, 64).resize((other, side), Image.Resampling.BICUBIC)
    picture = make_picture(image if form is Image.Image else np.array(image))
    height, width = picture.luma.shape
    assert height == min(PICTURE_SIDE, side)
    assert width == pytest.approx(other * height / side, abs=1)
    # Against Pillow's own antialiased resize, which is another filter.
    plain = image.resize((width, height), Image.Resampling.BOX).convert("L")
    assert np.abs(picture.luma - np.asarray(plain, dtype=float)).mean() < 2.5


def test_reading_is_timed_where_it_happens(folder):
    waves(2000, 1500).save(folder / "large.png")
    for workers in (0, 1):
        batches = [batch for batch, _ in read_all(folder, workers=workers, batch_size=99)]
        (seconds,) = [batch.seconds for batch in batches]
        assert seconds.decode > 0.005  # a PNG of three megapixels
        assert 0 < seconds.fetch < seconds.decode
