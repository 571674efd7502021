"""Decoding: drawn photos in every format, turn and colour model, against their known pixels."""

import io
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError
from landmark_core.library.decode import Decoded, decode_photo

LIMITS = ReadLimits()
RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 160, 60), (40, 60, 200), (250, 250, 250)


def quarters(width: int = 64, height: int = 48) -> Image.Image:
    """Red, green over blue, white: no turn or mirror image of it looks the same."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(WHITE, (width // 2, height // 2, width, height))
    return image


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """Colours at the middles of the four quarters, in reading order."""
    w, h = image.size
    return [image.getpixel((x, y)) for y in (h // 4, 3 * h // 4) for x in (w // 4, 3 * w // 4)]


def close(first, second, tolerance=12):
    return np.abs(np.asarray(first, int) - np.asarray(second, int)).max() <= tolerance


def encode(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def heic(image: Image.Image, **options: object) -> bytes:
    pillow_heif.register_heif_opener()  # for writing; the decoder does without
    return encode(image, "HEIF", quality=90, **options)


def decode(
    data: bytes, name: str = "a", min_side: int = 32, limits: ReadLimits = LIMITS
) -> Decoded:
    return decode_photo(data, name=name, min_side=min_side, limits=limits)


def fail(data: bytes, name: str = "a", limits: ReadLimits = LIMITS) -> tuple[str, str]:
    with pytest.raises(PhotoError) as failure:
        decode(data, name, limits=limits)
    assert "\n" not in failure.value.reason
    return failure.value.status, failure.value.reason


def end_of(data: bytes) -> Decoded | PhotoError:
    try:
        return decode(data)
    except PhotoError as error:
        return error


FORMATS = {
    "jpeg": lambda image: encode(image, "JPEG", quality=95, subsampling=0),
    "progressive-jpeg": lambda image: encode(image, "JPEG", quality=95, progressive=True),
    "mpo": lambda image: encode(
        image, "MPO", save_all=True, append_images=[Image.new("RGB", image.size)], quality=95
    ),
    "png": lambda image: encode(image, "PNG"),
    "apng": lambda image: encode(
        image, "PNG", save_all=True, append_images=[Image.new("RGB", image.size)]
    ),
    "gif": lambda image: encode(
        image, "GIF", save_all=True, append_images=[Image.new("RGB", image.size)]
    ),
    "webp": lambda image: encode(image, "WEBP", lossless=True),
    "animated-webp": lambda image: encode(
        image, "WEBP", lossless=True, save_all=True, append_images=[Image.new("RGB", image.size)]
    ),
    "avif": lambda image: encode(image, "AVIF", quality=95),
    "tiff": lambda image: encode(image, "TIFF"),
    "tiff-lzw": lambda image: encode(image, "TIFF", compression="tiff_lzw"),
    "bmp": lambda image: encode(image, "BMP"),
    "heic": heic,
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ["photo.png", "photo", "photo.xyz"])
def test_every_format_is_known_by_its_content(form, name):
    decoded = decode(FORMATS[form](quarters()), name)
    assert (decoded.width, decoded.height, decoded.scaled) == (64, 48, False)
    assert decoded.image.mode == "RGB"
    assert close(corners(decoded.image), [RED, GREEN, BLUE, WHITE])


# EXIF 2.32, section 4.6.4 A: which stored edge is the top and which the left of the scene. Each is
# written as the corners' order in the stored file, read off the standard's figure by hand.
STORED = {
    1: (RED, GREEN, BLUE, WHITE),
    2: (GREEN, RED, WHITE, BLUE),
    3: (WHITE, BLUE, GREEN, RED),
    4: (BLUE, WHITE, RED, GREEN),
    5: (RED, BLUE, GREEN, WHITE),
    6: (GREEN, WHITE, RED, BLUE),
    7: (WHITE, GREEN, BLUE, RED),
    8: (BLUE, RED, WHITE, GREEN),
}


def stored_for(orientation: int) -> Image.Image:
    size = (64, 48) if orientation < 5 else (48, 64)
    w, h = size
    image = Image.new("RGB", size)
    for colour, (x, y) in zip(
        STORED[orientation], ((0, 0), (w // 2, 0), (0, h // 2), (w // 2, h // 2)), strict=True
    ):
        image.paste(colour, (x, y, x + w // 2, y + h // 2))
    return image


def exif_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_exif_turn_comes_out_upright(form, orientation):
    options = {"quality": 95} if form in ("JPEG", "WEBP", "AVIF") else {}
    decoded = decode(encode(stored_for(orientation), form, exif=exif_of(orientation), **options))
    assert (decoded.width, decoded.height) == (64, 48)
    assert close(corners(decoded.image), [RED, GREEN, BLUE, WHITE], 25)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_is_turned_once(orientation):
    # Written with EXIF, HEIC gets a rotation box too, which the decoder applies by itself.
    data = heic(stored_for(orientation), exif=exif_of(orientation))
    assert (b"irot" in data or b"imir" in data) is (orientation != 1)
    decoded = decode(data)
    assert close(corners(decoded.image), [RED, GREEN, BLUE, WHITE], 25)
    assert decoded.image.size == (decoded.width, decoded.height) == (64, 48)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_invalid_turn_is_none(orientation):
    decoded = decode(encode(quarters(), "JPEG", quality=95, exif=exif_of(orientation)))
    assert close(corners(decoded.image), [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_broken_exif_costs_nothing(exif):
    decoded = decode(encode(quarters(), "JPEG", quality=95, exif=exif))
    assert close(corners(decoded.image), [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize(
    ("size", "min_side", "expected"),
    [
        # the short side of the result is the smallest of 1/1, 1/2, 1/4, 1/8 that is >= 2 x min_side
        ((1600, 1200), 100, (400, 300)),
        ((1600, 1200), 75, (200, 150)),
        ((1600, 1200), 76, (400, 300)),
        ((1600, 1200), 400, (1600, 1200)),
        ((1203, 1601), 100, (301, 401)),
        ((8000, 200), 25, (2000, 50)),
        ((64, 48), 256, (64, 48)),
    ],
)
def test_jpeg_is_scaled_but_never_below_twice_the_side(size, min_side, expected):
    decoded = decode(encode(quarters(*size), "JPEG"), min_side=min_side)
    assert decoded.image.size == expected
    assert (decoded.width, decoded.height) == size
    assert decoded.scaled is (expected != size)


def test_a_scaled_and_turned_jpeg_tells_its_upright_full_size():
    data = encode(stored_for(6).resize((1200, 1600)), "JPEG", exif=exif_of(6))
    decoded = decode(data, min_side=100)
    assert (decoded.width, decoded.height, decoded.image.size) == (1600, 1200, (400, 300))
    assert close(corners(decoded.image), [RED, GREEN, BLUE, WHITE], 20)


def test_scaling_leaves_the_networks_pixels_as_they_are():
    rng = np.random.default_rng(3)
    noise = Image.fromarray(rng.integers(0, 255, (75, 100, 3), np.uint8)).resize((1600, 1200))
    data = encode(noise, "JPEG", quality=90)
    scaled = decode(data, min_side=128).image.resize((171, 128), Image.Resampling.BILINEAR)
    with Image.open(io.BytesIO(data)) as full:
        whole = full.resize((171, 128), Image.Resampling.BILINEAR)
    assert np.abs(np.asarray(scaled, int) - np.asarray(whole, int)).mean() < 1.0


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_cut_file_is_corrupt_or_whole_never_half(form, kept):
    rng = np.random.default_rng(5)
    photo = Image.fromarray(rng.integers(0, 255, (48, 64, 3), np.uint8))
    whole = FORMATS[form](photo)
    data = whole[: int(len(whole) * kept)]
    end = end_of(data)
    if isinstance(end, Decoded):  # the cut fell behind the first frame
        assert np.array_equal(np.asarray(end.image), np.asarray(decode(whole).image))
    else:
        assert end.status == "corrupt"


def test_a_cut_jpeg_is_not_filled_up_with_grey():
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    data = encode(quarters(640, 480), "JPEG")
    assert fail(data[: len(data) // 2])[0] == "corrupt"


@settings(max_examples=150, deadline=None)
@given(
    form=st.sampled_from(sorted(FORMATS)),
    at=st.floats(0, 1, exclude_max=True),
    junk=st.binary(min_size=1, max_size=24),
)
def test_damaged_files_end_as_a_photo_or_a_photo_error(form, at, junk):
    data = bytearray(FORMATS[form](quarters(32, 24)))
    start = int(at * len(data))
    data[start : start + len(junk)] = junk
    end = end_of(bytes(data))
    if isinstance(end, Decoded):
        assert end.image.mode == "RGB"
    else:
        assert end.status in ("corrupt", "unsupported", "too_large")
        assert "\n" not in end.reason


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_end_as_a_photo_error(data):
    with pytest.raises(PhotoError):
        decode(data)


@pytest.mark.parametrize(
    ("data", "name", "status", "reason"),
    [
        pytest.param(b"", "a.jpg", "corrupt", "the file is empty", id="empty"),
        pytest.param(b"\0" * 99, "a.jpg", "corrupt", "holds only zeros", id="zeros"),
        pytest.param(b"<html>404</html>", "a.jpg", "unsupported", "unknown content", id="html"),
        pytest.param(b"<svg xmlns='x'/>", "a.svg", "unsupported", "unknown content", id="svg"),
        pytest.param(b"8BPS\0\1" + b"\0" * 40, "a.psd", "unsupported", "got PSD", id="psd"),
        pytest.param(b"\xff\x0a" + b"x" * 40, "a.jxl", "unsupported", "got JPEG XL", id="jxl"),
        pytest.param(b"\0\0\1\0" + b"\0" * 40, "a.ico", "unsupported", "got ICO", id="ico"),
        pytest.param(b"raw bytes", "DSC.ARW", "unsupported", "camera raw", id="raw-by-name"),
        pytest.param(b"\xff\xd8\xff\xe0", "a.jpg", "corrupt", "JPEG", id="jpeg-head-alone"),
    ],
)
def test_other_content_is_named(data, name, status, reason):
    found = fail(data, name)
    assert found[0] == status
    assert reason in found[1]


def test_camera_raw_that_looks_like_a_tiff_is_not_its_preview():
    preview = encode(quarters(), "TIFF")
    assert decode(preview, "scan.tif").width == 64
    assert fail(preview, "DSC_1.NEF")[0] == "unsupported"
    dng = encode(quarters(), "TIFF", tiffinfo={50706: b"\1\4\0\0"})
    assert fail(dng, "without-extension") == (
        "unsupported",
        "camera raw (DNG by content); export a JPEG",
    )
    assert decode(encode(quarters(), "JPEG"), "really-a-jpeg.dng").width == 64


def png_header(width: int, height: int) -> bytes:
    """A PNG that declares a size and holds no pixels."""
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + body
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


def png_bomb(side: int) -> bytes:
    data = zlib.compress(b"\0" * (side + 1) * side, 9)
    chunk = b"IDAT" + data
    header = png_header(side, side).replace(b"\x08\x02\0\0\0", b"\x08\x00\0\0\0")
    crc = struct.pack(">I", zlib.crc32(header[12:29]))
    body = struct.pack(">I", len(data)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return header[:29] + crc + body + b"\0\0\0\0IEND\xaeB`\x82"


def test_bombs_are_refused_by_their_header():
    idat = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    assert fail(png_header(60000, 60000) + idat) == (
        "too_large",
        "expected at most 1,000,000,000 pixels, got 60000 x 60000",
    )
    small = ReadLimits(max_decoded_pixels=1_000_000)
    bomb = png_bomb(2000)
    assert len(bomb) < 20_000
    assert fail(bomb, limits=small)[0] == "too_large"
    assert decode(bomb).width == 2000


def test_our_limits_rule_and_pillows_does_not(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert decode(encode(quarters(), "JPEG")).width == 64
    assert decode(encode(quarters(), "PNG")).width == 64


def test_a_large_jpeg_may_be_held_small_but_a_progressive_one_may_not():
    photo, limits = quarters(1600, 1200), ReadLimits(max_decoded_pixels=200_000)
    assert decode(encode(photo, "JPEG"), min_side=100, limits=limits).image.size == (400, 300)
    progressive = encode(photo, "JPEG", progressive=True)
    with pytest.raises(PhotoError, match="too_large"):
        decode(progressive, min_side=100, limits=limits)
