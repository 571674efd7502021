"""JPEG pixels from libjpeg-turbo directly: against Pillow alone, in pixels and in fate."""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError
from landmark_core.library import decode as decode_module
from landmark_core.library import jpeg
from landmark_core.library.decode import Decoded, decode_photo
from landmark_core.library.loader import PhotoLoader
from landmark_core.model import Preprocess, PreprocessSettings
from landmark_core.records import PhotoRef

LIMITS = ReadLimits()

pytest.importorskip("simplejpeg", reason="simplejpeg is not installed: Pillow decodes all")


def photo(width: int, height: int, seed: int = 0) -> Image.Image:
    """Coloured hills with fine grain; every turn of it looks different."""
    random = np.random.default_rng(seed)
    rough = random.integers(0, 256, (max(2, height // 16), max(2, width // 16), 3), np.uint8)
    smooth = Image.fromarray(rough).resize((width, height), Image.Resampling.BICUBIC)
    grain = random.normal(0, 8, (height, width, 3))
    return Image.fromarray((np.asarray(smooth) + grain).clip(0, 255).astype(np.uint8))


def encode(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **{"quality": 88, **options})
    return file.getvalue()


def turned(image: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return encode(image, exif=exif.tobytes())


@contextmanager
def pillow_alone() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg, "_simplejpeg", lambda: None)
        yield


def decode(data: bytes, min_side: int = 32, limits: ReadLimits = LIMITS) -> Decoded:
    return decode_photo(data, name="a.jpg", min_side=min_side, limits=limits)


def by_pillow(data: bytes, min_side: int = 32) -> Decoded:
    with pillow_alone():
        return decode(data, min_side)


def fate(data: bytes, min_side: int) -> object:
    """What becomes of a file: its pixels and sizes, or its status and reason."""
    try:
        found = decode(data, min_side)
    except PhotoError as error:
        return error.status, error.reason
    pixels = np.asarray(found.image)
    return "ok", found.width, found.height, found.scaled, pixels.shape, pixels.tobytes()


KINDS: dict[str, Callable[[Image.Image], bytes]] = {
    "4:2:0": lambda image: encode(image, subsampling=2),
    "4:2:2": lambda image: encode(image, subsampling=1),
    "4:4:4": lambda image: encode(image, subsampling=0),
    "progressive": lambda image: encode(image, progressive=True),
    "restarts": lambda image: encode(image, restart_marker_blocks=3),
    "stored-as-rgb": lambda image: encode(image, keep_rgb=True),
    "grey": lambda image: encode(image.convert("L")),
    "grey-progressive": lambda image: encode(image.convert("L"), progressive=True),
    "best-quality": lambda image: encode(image, quality=100),
    "mpo": lambda image: encode(image, "MPO", save_all=True, append_images=[image]),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("size", "min_side"),
    [
        ((340, 256), 128),
        ((333, 257), 20),
        ((641, 479), 64),
        ((479, 641), 128),
        ((1203, 901), 56),
        ((2000, 35), 4),
        ((8, 9), 1),
        ((31, 33), 2),
    ],
    ids=str,
)
def test_pixels_are_those_of_pillows_draft(kind, size, min_side):
    data = KINDS[kind](photo(*size))
    ours, theirs = decode(data, min_side), by_pillow(data, min_side)
    assert isinstance(ours.upright, np.ndarray)
    assert isinstance(theirs.upright, Image.Image)
    assert ours.upright.flags.c_contiguous
    assert ours.image.mode == "RGB"
    assert (ours.width, ours.height, ours.scaled) == (theirs.width, theirs.height, theirs.scaled)
    assert np.array_equal(ours.upright, np.asarray(theirs.image))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("min_side", [16, 200], ids=["scaled", "full"])
def test_every_turn_is_pillows(orientation, min_side):
    data = turned(photo(213, 101), orientation)
    ours, theirs = decode(data, min_side), by_pillow(data, min_side)
    assert isinstance(ours.upright, np.ndarray)
    assert ours.upright.flags.c_contiguous
    assert (ours.width, ours.height) == ((213, 101) if orientation < 5 else (101, 213))
    assert np.array_equal(ours.upright, np.asarray(theirs.image))


@pytest.mark.parametrize("side", [512, 96])
@pytest.mark.parametrize("kind", ["4:2:0", "4:4:4", "progressive", "grey"])
def test_a_scaled_decode_ends_near_the_full_one(kind, side):
    """Mean and largest difference in grey levels after the resize that follows."""
    data = KINDS[kind](photo(1600, 1200))
    size = (side * 4 // 3, side)
    scaled = decode(data, side).image.resize(size, Image.Resampling.BILINEAR)
    with Image.open(io.BytesIO(data)) as full:
        whole = full.convert("RGB").resize(size, Image.Resampling.BILINEAR)
    apart = np.abs(np.asarray(scaled, int) - np.asarray(whole, int))
    assert apart.mean() < 1
    assert apart.max() <= 16


def test_an_image_is_made_once_and_only_when_asked_for():
    found = decode(encode(photo(64, 48)))
    assert "image" not in vars(found)
    assert found.image is found.image


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encode(photo(64, 48).convert("CMYK")), id="cmyk"),
        pytest.param(encode(photo(300, 7)), id="no-eight-pixels-high"),
        pytest.param(encode(photo(64, 48))[:-2] + bytes(64) + b"\xff\xd9", id="with-a-warning"),
    ],
)
def test_what_is_unusual_is_left_to_pillow(data):
    found = decode(data)
    assert isinstance(found.upright, Image.Image)
    assert np.array_equal(np.asarray(found.image), np.asarray(by_pillow(data).image))


def test_without_simplejpeg_pillow_decodes(monkeypatch):
    monkeypatch.setitem(sys.modules, "simplejpeg", None)  # what "not installed" is
    jpeg._simplejpeg.cache_clear()
    try:
        assert isinstance(decode(encode(photo(64, 48))).upright, Image.Image)
    finally:
        jpeg._simplejpeg.cache_clear()


def test_limits_hold_before_any_pixel(monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("pixels were asked for")

    monkeypatch.setattr(decode_module, "decode_draft", refuse)
    with pytest.raises(PhotoError, match="too_large"):
        decode(encode(photo(320, 240)), 200, ReadLimits(max_decoded_pixels=1000))


def test_a_second_picture_header_takes_no_more_memory_than_the_first_declared():
    """Pillow believes the last frame header, libjpeg the first: the buffer is of Pillow's size."""
    small, large = encode(photo(64, 48)), bytearray(encode(photo(64, 48)))
    at = large.index(b"\xff\xc0")
    large[at + 5 : at + 9] = b"\xff\x00\xff\x00"  # 65280 x 65280
    frame = small[small.index(b"\xff\xc0") :]
    both = bytes(large[: at + 19]) + frame
    with pillow_alone():
        expected = fate(both, 32)
    assert fate(both, 32) == expected


def ref_of(number: int, path: Path) -> PhotoRef:
    return PhotoRef(
        photo_id=f"{number:032x}",
        uri=str(path),
        location=str(path),
        size_bytes=path.stat().st_size,
        modified_us=None,
        etag=None,
    )


def test_workers_make_the_pixels_of_this_process_however_many_threads_it_has(tmp_path):
    sizes = [(340, 256), (640, 480), (1203, 901), (256, 256), (1500, 200)]
    refs = []
    for number, size in enumerate(sizes):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(turned(photo(*size), number + 3))
        refs.append(ref_of(number, path))
    preprocess, before = Preprocess(PreprocessSettings()), torch.get_num_threads()
    pixels = []
    try:
        for workers, threads in ((0, 1), (0, 4), (2, 4)):
            torch.set_num_threads(threads)
            with PhotoLoader(preprocess, limits=LIMITS, batch_size=2, workers=workers) as loader:
                pixels.append(torch.cat([batch.pixels for batch in loader.batches(refs)]))
    finally:
        torch.set_num_threads(before)
    assert pixels[0].shape == (5, 3, 224, 224)
    assert torch.equal(pixels[0], pixels[1])
    assert torch.equal(pixels[0], pixels[2])


HURT = [make(photo(96, 80)) for make in KINDS.values()] + [
    turned(photo(96, 80), 6),
    encode(photo(96, 80).convert("CMYK")),
]


@settings(max_examples=400, deadline=None)
@given(
    whole=st.sampled_from(HURT),
    cuts=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 8), st.binary(max_size=8)),
        max_size=3,
    ),
    kept=st.one_of(st.just(1.0), st.floats(0.01, 1)),
    min_side=st.sampled_from([1, 5, 20, 40]),
)
def test_a_damaged_file_has_the_fate_that_pillow_alone_gives_it(whole, cuts, kept, min_side):
    data = bytearray(whole)
    for at, removed, put_in in cuts:
        start = int(at**2 * len(data))  # more of them in the headers
        data[start : start + removed] = put_in
    damaged = b"\xff\xd8\xff" + bytes(data[3 : max(4, int(kept * len(data)))])
    with pillow_alone():
        expected = fate(damaged, min_side)
    assert fate(damaged, min_side) == expected


@pytest.mark.parametrize("folder", ["landmarks13-train", "negatives", "odd-files"])
def test_real_photos_have_pillows_pixels_and_fates(shared_data, folder):
    names = ("*.jpg", "*.jpeg", "*.JPG", "*.mpo")
    files = sorted(path for name in names for path in (shared_data / folder).rglob(name))
    for path in files[:: max(1, len(files) // 60)]:
        data = path.read_bytes()
        with pillow_alone():
            expected = fate(data, 256)
        assert fate(data, 256) == expected, path.name
