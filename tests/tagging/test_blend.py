"""The blend in planes of bytes against a slow, plain one in RGB floats; and the file around it."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from landmark_core.library import make_picture
from landmark_core.records import Picture
from landmark_core.tagging import planes
from landmark_core.tagging.caption import Caption, insert_caption
from landmark_core.tagging.heatmap import render_overlay

CAPTION = Caption(photo_id="ab" * 16, model_id="0123456789abcdef", tag="Petra", confidence=0.4321)


def overlay(photo, cam, box):
    data = render_overlay(make_picture(photo), cam, crop_box=box, caption=CAPTION)
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=np.float64)


def smooth_photo(width, height, seed=1):
    """Colours all over the place, without edges that JPEG would ring at."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 20 + 1, width // 20 + 1, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return image.filter(ImageFilter.GaussianBlur(3))


def smooth_map(cells):
    """As maps are: fine ones do not change from cell to cell as they like."""
    coarse = Image.fromarray(np.random.default_rng(2).random((9, 9)).astype(np.float32) * 3)
    return np.asarray(coarse.resize(cells[::-1], Image.Resampling.BICUBIC)).clip(0)


def plain_overlay(photo, cam, box):
    """What the docstrings of `heatmap` and `blend` say, in floats: (H, W, 3), without the line."""
    inferno = pytest.importorskip("matplotlib").colormaps["inferno"]
    rgb = np.asarray(photo, dtype=np.float64)
    muted = 0.45 * rgb + 0.55 * (rgb @ [0.299, 0.587, 0.114])[..., None]
    left, top, right, bottom = (round(v * s) for v, s in zip(box, photo.size * 2, strict=True))
    heat = Image.fromarray(cam / cam.max()).resize((right - left, bottom - top), Image.BICUBIC)
    heat = np.asarray(heat, dtype=np.float64).clip(0, 1)[..., None]
    opacity = 0.7 * heat**0.8
    expected = 0.65 * muted
    seen = muted[top:bottom, left:right]
    colours = inferno(heat[..., 0])[..., :3] * 255
    expected[top:bottom, left:right] = (1 - opacity) * seen + opacity * colours
    return through_jpeg(expected), (left, top, right, bottom)


def through_jpeg(rgb):
    """Add the loss of a JPEG of the overlays' quality, by Pillow."""
    buffer = io.BytesIO()
    Image.fromarray(rgb.round().astype(np.uint8)).save(buffer, "JPEG", quality=88)
    return np.asarray(Image.open(buffer), dtype=np.float64)


@pytest.mark.parametrize("cells", [(7, 7), (9, 5), (1, 1), (40, 40)], ids=str)
@pytest.mark.parametrize(
    ("size", "box"),
    [
        pytest.param((400, 300), (0.125, 0.0, 0.875, 1.0), id="landscape"),
        pytest.param((301, 403), (0.0, 0.125, 1.0, 0.875), id="upright-and-odd"),
        pytest.param((640, 480), (0.2, 0.1, 0.7, 0.9), id="margin-all-around"),
    ],
)
def test_it_is_the_blend_that_it_says(size, box, cells):
    photo = smooth_photo(*size)
    cam = smooth_map(cells)
    expected, (left, top, right, bottom) = plain_overlay(photo, cam, box)
    difference = np.abs(overlay(photo, cam, box) - expected)
    near = np.zeros(difference.shape[:2], dtype=bool)  # the line, and 8 x 8 pixels around it
    near[max(top - 8, 0) : bottom + 8, max(left - 8, 0) : right + 8] = True
    near[top + 10 : bottom - 10, left + 10 : right - 10] = False
    inside = difference[top + 10 : bottom - 10, left + 10 : right - 10]
    assert inside.mean() < 2
    assert np.percentile(inside, 99.5) < 8
    if not near.all():
        assert difference[~near].mean() < 2


@pytest.mark.parametrize("size", [(64, 48), (65, 47), (1, 1), (33, 2), (2, 33)], ids=str)
def test_pillow_writes_the_same_picture_where_simplejpeg_is_missing(size, monkeypatch):
    pytest.importorskip("simplejpeg")
    photo = smooth_photo(*size)
    cam = np.ones((2, 3), dtype=np.float32)
    by_simplejpeg = overlay(photo, cam, (0.0, 0.0, 1.0, 1.0))
    monkeypatch.setattr(planes, "simplejpeg", None)
    by_pillow = overlay(photo, cam, (0.0, 0.0, 1.0, 1.0))
    assert by_pillow.shape == by_simplejpeg.shape == (size[1], size[0], 3)
    # Not the same to the bit: simplejpeg uses libjpeg-turbo's faster DCT below quality 96.
    assert np.abs(by_pillow - by_simplejpeg).mean() < 1.5
    assert np.abs(by_pillow - by_simplejpeg).max() <= 20


@pytest.mark.parametrize("size", [(65, 47), (64, 47), (65, 48), (1, 1)], ids=str)
def test_a_picture_with_an_odd_side_reads_nothing_beyond_itself(size):
    pytest.importorskip("simplejpeg")
    whole = make_picture(smooth_photo(size[0] + 2, size[1] + 2))
    files = set()
    for beyond in (0, 255):  # what lies behind the picture in memory
        luma = whole.luma.copy()
        luma[size[1] :] = luma[:, size[0] :] = beyond
        part = planes.cut(Picture(luma=luma, blue=whole.blue, red=whole.red), (0, 0, *size))
        files.add(planes.to_jpeg(part, 88))
    assert len(files) == 1


def test_a_caption_leaves_the_pixels_and_what_was_there():
    buffer = io.BytesIO()
    smooth_photo(64, 48).save(buffer, "JPEG", dpi=(300, 300))
    plain = buffer.getvalue()
    told = insert_caption(plain, CAPTION)
    before, after = (Image.open(io.BytesIO(data)) for data in (plain, told))
    assert after.info["dpi"] == before.info["dpi"] == (300, 300)
    assert np.array_equal(np.asarray(before), np.asarray(after))
    assert b"Petra" in told
    assert told.startswith(b"\xff\xd8\xff\xe0")  # as JFIF wants it: its header first


def test_a_file_without_a_jfif_header_takes_a_caption_too():
    buffer = io.BytesIO()
    smooth_photo(64, 48).save(buffer, "JPEG")
    bare = b"\xff\xd8" + buffer.getvalue()[20:]  # start mark, then 18 bytes of JFIF
    told = Image.open(io.BytesIO(insert_caption(bare, CAPTION)))
    assert told.getexif()[0x010E] == "Petra 0.43"
    told.load()
