"""Colour models to RGB: values by hand, and Pillow's own conversions where they are right."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from landmark_core.errors import PhotoError
from landmark_core.library.colours import to_rgb


def pixels(image: Image.Image) -> np.ndarray:
    converted = to_rgb(image)
    assert converted.mode == "RGB"
    return np.asarray(converted)


def through_file(image: Image.Image, form: str, **options: object) -> Image.Image:
    file = io.BytesIO()
    image.save(file, form, **options)
    return Image.open(io.BytesIO(file.getvalue()))


def test_sixteen_bit_grey_is_scaled_not_clipped():
    values = np.array([[0, 257, 128 * 257, 65535]], np.uint16)
    for form in ("PNG", "TIFF"):
        with through_file(Image.fromarray(values), form) as image:
            image.load()
            assert pixels(image)[0, :, 0].tolist() == [0, 1, 128, 255]


def test_sixteen_bit_big_endian_grey_is_the_same():
    image = Image.frombytes("I;16B", (3, 1), bytes([0, 0, 0x80, 0x80, 0xFF, 0xFF]))
    assert pixels(image)[0, :, 0].tolist() == [0, 128, 255]


def test_a_large_scan_is_scaled_as_one():
    ramp = np.linspace(0, 3e6, 1500 * 1000, dtype=np.float64).astype(np.float32).reshape(1500, 1000)
    expected = ramp.astype(np.float64) * 255 / 3e6
    error = pixels(Image.fromarray(ramp))[:, :, 0] - expected
    assert np.abs(error).max() < 0.5 + 1e-6


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([0.0, 0.5, 1.0], [0, 128, 255], id="zero-to-one"),
        pytest.param([0.0, 128.0, 255.0], [0, 128, 255], id="eight-bit-range"),
        pytest.param([0.0, 32896.0, 65535.0], [0, 128, 255], id="sixteen-bit-range"),
        pytest.param([0.0, 1e6, 2e6], [0, 128, 255], id="own-range"),
        pytest.param([-5.0, float("nan"), 1.0], [0, 0, 255], id="below-black-and-not-a-number"),
        pytest.param([float("inf"), 0.0, 1.0], [0, 0, 255], id="infinite"),
        pytest.param([0.0, 0.0, 0.0], [0, 0, 0], id="black"),
    ],
)
def test_float_samples_are_scaled_by_the_range_they_use(values, expected):
    image = Image.fromarray(np.array([values], np.float32))
    assert pixels(image)[0, :, 0].tolist() == expected


def test_32_bit_integers_are_scaled():
    image = Image.fromarray(np.array([[0, 32896, 65535]], np.int32))
    assert pixels(image)[0, :, 0].tolist() == [0, 128, 255]


def test_transparency_shows_white_paper():
    red = (200, 0, 0)
    rgba = Image.new("RGBA", (3, 1))
    rgba.putdata([(*red, 255), (*red, 0), (*red, 51)])  # 51 / 255 is a fifth
    assert pixels(rgba)[0].tolist() == [[200, 0, 0], [255, 255, 255], [244, 204, 204]]
    grey = Image.new("LA", (2, 1))
    grey.putdata([(100, 255), (100, 0)])
    assert pixels(grey)[0].tolist() == [[100] * 3, [255] * 3]


def test_premultiplied_alpha_is_taken_apart_first():
    image = Image.new("RGBA", (1, 1), (200, 0, 0, 128)).convert("RGBa")
    assert np.abs(pixels(image)[0, 0].astype(int) - [227, 127, 127]).max() <= 1


def test_a_transparent_palette_colour_shows_white_paper():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.putdata([0, 1])
    with through_file(image, "PNG", transparency=0) as stored:
        stored.load()
        assert pixels(stored)[0].tolist() == [[255, 255, 255], [200, 0, 0]]


def test_a_transparent_colour_without_alpha_shows_white_paper():
    rgb = Image.new("RGB", (2, 1), (1, 2, 3))
    rgb.putpixel((1, 0), (9, 9, 9))
    with through_file(rgb, "PNG", transparency=(1, 2, 3)) as stored:
        stored.load()
        assert pixels(stored)[0].tolist() == [[255, 255, 255], [9, 9, 9]]
    deep = Image.fromarray(np.array([[500, 65535, 0]], np.uint16))
    deep.info["transparency"] = 500
    assert pixels(deep)[0, :, 0].tolist() == [255, 255, 0]


@pytest.mark.parametrize("mode", ["1", "L", "P", "YCbCr", "HSV"])
def test_plain_modes_agree_with_pillow(mode):
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 255, (6, 8, 3), np.uint8)).convert(mode)
    assert np.array_equal(pixels(image), np.asarray(image.convert("RGB")))


def test_cmyk_jpeg_as_photoshop_writes_it_is_not_a_negative():
    inks = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # magenta and yellow print red
    with through_file(inks, "JPEG", quality=95) as stored:
        stored.load()
        assert np.abs(pixels(stored).astype(int) - [255, 0, 0]).max() <= 6


def test_cmyk_with_a_broken_profile_is_converted_plainly():
    inks = Image.new("CMYK", (2, 2), (0, 255, 255, 0))
    inks.info["icc_profile"] = b"no profile"
    assert pixels(inks)[0, 0].tolist() == [255, 0, 0]


def test_a_profile_for_other_inks_is_not_used():
    inks = Image.new("CMYK", (2, 2), (0, 255, 255, 0))
    inks.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert pixels(inks)[0, 0].tolist() == [255, 0, 0]


def test_a_colour_model_without_a_way_to_rgb_is_unsupported():
    with pytest.raises(PhotoError, match="colour model LAB"):
        to_rgb(Image.new("LAB", (2, 2)))
