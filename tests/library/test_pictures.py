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
from landmark_core.library.pictures import LEAST_SIDE, MOST_SIDE, fit_picture, keep_picture
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
        # Copied: an iterator may give its memory back with the next batch.
        return [
            (batch, [None if p is None else p.copy() for p in batch.pictures or ()])
            for batch in photos_of.batches(refs)
        ]


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
        assert np.array_equal(picture, np.asarray(Image.open(photo.ref.location)))


@pytest.mark.parametrize("workers", [0, 1])
def test_no_picture_is_kept_unless_asked_for(folder, workers):
    assert {b.pictures for b, _ in read_all(folder, workers=workers, keep_pictures=False)} == {None}


def test_pictures_stay_within_their_memory(folder, monkeypatch):
    monkeypatch.setattr(loader_module, "PICTURE_MEMORY", 40 * 30 * 3 + 10)  # the first fits
    kept = [[p is not None for p in pictures] for _, pictures in read_all(folder)]
    assert kept == [[True, False], [], []]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_batch_without_a_good_photo_has_no_pictures(tmp_path, workers):
    (tmp_path / "0.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    ((batch, pictures),) = read_all(tmp_path, workers=workers)
    assert (batch.pictures, pictures, len(batch.pixels)) == (None, [], 0)


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
        pytest.param((1600, 1200), 288, (800, 600), id="2-megapixels"),
        pytest.param((1200, 1600), 288, (600, 800), id="upright"),
        pytest.param((1600, 1200), 96, None, id="decoded-too-small-for-a-small-model"),
        pytest.param((3000, 300), 256, (1000, 100), id="panorama"),
    ],
)
def test_a_kept_picture_is_large_enough_to_look_at(size, min_side, kept):
    picture = keep_picture(decoded(size, min_side), 10**9)
    assert (None if picture is None else picture.shape[1::-1]) == kept


@pytest.mark.parametrize("side", [1, 639, 1024, 1025, 1279, 1280, 2048, 2049, 3073, 5000, 30000])
@pytest.mark.parametrize("other", [1, 90, None])
def test_a_fitted_picture_has_the_whole_photo_at_a_side_that_a_person_wants(side, other):
    other = min(side, other or side * 3 // 4 + 1)
    if side * other > 30_000_000:
        pytest.skip("nothing new, and slow")
    image = waves(other, side)
    fitted = fit_picture(image)
    assert min(LEAST_SIDE, side) <= fitted.height <= MOST_SIDE
    assert fitted.width == pytest.approx(other * fitted.height / side, abs=1)
    # Against Pillow's own antialiased resize, which is another filter.
    plain = np.asarray(image.resize(fitted.size, Image.Resampling.BOX), dtype=float)
    assert np.abs(np.asarray(fitted, dtype=float) - plain).mean() < 2


def test_reading_is_timed_where_it_happens(folder):
    waves(2000, 1500).save(folder / "large.png")
    for workers in (0, 1):
        batches = [batch for batch, _ in read_all(folder, workers=workers, batch_size=99)]
        (seconds,) = [batch.seconds for batch in batches]
        assert seconds.decode > 0.005  # a PNG of three megapixels
        assert 0 < seconds.fetch < seconds.decode
