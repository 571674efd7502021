"""render_overlay: heat lands where the map is hot, whatever the photo's shape; facts travel."""

import io
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps
from torch import nn

from landmark_core.library import make_picture
from landmark_core.model import Preprocess, PreprocessSettings, quiet_torchscript
from landmark_core.tagging.caption import Caption
from landmark_core.tagging.heatmap import render_overlay
from landmark_core.tagging.opening import open_engine

CAPTION = Caption(photo_id="ab" * 16, model_id="0123456789abcdef", tag="Petra", confidence=0.4321)
WHOLE = (0.0, 0.0, 1.0, 1.0)


def overlay(photo, cam, box=WHOLE, caption=CAPTION):
    cam = np.asarray(cam, dtype=np.float32)
    data = render_overlay(make_picture(photo), cam, crop_box=box, caption=caption)
    return Image.open(io.BytesIO(data))


def grey(width, height, value=90):
    return Image.new("RGB", (width, height), (value, value, value))


def heat_of(photo, cam, box):
    """How much each pixel changes against the overlay without heat: (height, width)."""
    warm, cold = (np.asarray(overlay(photo, c, box), dtype=np.float64) for c in (cam, cam * 0))
    return np.abs(warm - cold).sum(axis=2)


def centre_of(heat):
    """Centre of the heat as fractions of width and height."""
    ys, xs = np.indices(heat.shape) + 0.5
    strong = np.where(heat > heat.max() / 2, heat, 0)
    x, y = (xs * strong).sum() / strong.sum(), (ys * strong).sum() / strong.sum()
    return x / heat.shape[1], y / heat.shape[0]


@pytest.mark.parametrize(
    ("size", "box"),
    [
        pytest.param((400, 300), WHOLE, id="whole"),
        pytest.param((400, 300), (0.125, 0.0, 0.875, 1.0), id="landscape-crop"),
        pytest.param((300, 400), (0.0, 0.125, 1.0, 0.875), id="portrait-crop"),
        pytest.param((301, 173), (0.0713, 0.0631, 0.7337, 0.9171), id="uneven"),
        pytest.param((2000, 1500), (0.125, 0.0, 0.875, 1.0), id="made-smaller"),
    ],
)
@pytest.mark.parametrize("cell", [(1, 1), (5, 1), (3, 3), (2, 5), (5, 5)], ids=str)
def test_a_hot_cell_keeps_its_place(size, box, cell):
    check_place(size, box, *cell)


@pytest.mark.parametrize("cell", [(1, 3), (3, 3), (5, 3)], ids=str)
def test_a_hot_cell_keeps_its_place_where_the_crop_was_padded(cell):
    check_place((400, 200), (0.0, -0.5, 1.0, 1.5), *cell)


def check_place(size, box, column, row):
    cam = np.zeros((7, 7), dtype=np.float32)
    cam[row, column] = 2.5
    x = box[0] + (column + 0.5) / 7 * (box[2] - box[0])
    y = box[1] + (row + 0.5) / 7 * (box[3] - box[1])
    found = centre_of(heat_of(grey(*size), cam, box))
    assert found == (pytest.approx(x, abs=0.012), pytest.approx(y, abs=0.012))


class Bright(nn.Module):
    """Answers with brightness, so that its map is hot where the photo is white."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 8, stride=8, bias=False)
        self.head = nn.Linear(1, 1)
        nn.init.constant_(self.conv.weight, 1 / 192)
        nn.init.constant_(self.head.weight, 1.0)

    def forward(self, x):
        return self.head(self.conv(x).relu().mean([2, 3]))


@pytest.fixture(scope="module")
def bright():
    preprocess = Preprocess(PreprocessSettings(resize_size=72, crop_size=64))
    with quiet_torchscript():
        module = torch.jit.script(Bright().eval())
    engine = open_engine(
        module,
        normalise=preprocess.normalise,
        image_size=preprocess.shape,
        device="cpu",
        precision="fp32",
    )
    return preprocess, engine


@pytest.mark.parametrize("size", [(480, 320), (320, 480), (400, 400)], ids=str)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_heat_follows_the_photo_through_every_orientation(bright, size, orientation):
    preprocess, engine = bright
    stored = Image.new("RGB", size, "black")
    stored.paste(
        "white", (size[0] // 2 + 10, size[1] // 2 + 30, size[0] // 2 + 90, size[1] // 2 + 80)
    )
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    buffer = io.BytesIO()
    stored.save(buffer, "PNG", exif=exif)
    photo = ImageOps.exif_transpose(Image.open(buffer)).convert("RGB")

    pixels = torch.from_numpy(preprocess.apply(photo)).permute(2, 0, 1)[None]
    cam = engine.explain(engine.forward(pixels), [0], [0])[0].numpy()
    left, top, right, bottom = preprocess.crop_box(*photo.size)
    box = (left / photo.width, top / photo.height, right / photo.width, bottom / photo.height)

    white = centre_of(np.asarray(photo.convert("L"), dtype=np.float64))
    shown = overlay(photo, cam, box)
    assert shown.size == photo.size
    found = centre_of(heat_of(grey(*photo.size), cam, box))
    assert found == (pytest.approx(white[0], abs=0.03), pytest.approx(white[1], abs=0.03))


def test_colours_are_inferno_s():
    matplotlib = pytest.importorskip("matplotlib")
    ramp = np.linspace(0, 1, 256, dtype=np.float32).reshape(1, 256).repeat(256, axis=0)
    shown = np.asarray(overlay(grey(256, 256, 0), ramp), dtype=np.float64)[128]
    # On black the picture is the colour times its opacity: 0.7 at the hottest.
    value = np.arange(256) / 255
    expected = matplotlib.colormaps["inferno"](value)[:, :3] * 255 * 0.7 * value[:, None] ** 0.8
    inner = slice(6, 250)  # the edge line stands at both ends
    assert np.abs(shown[inner] - expected[inner]).max() < 8  # JPEG's own loss, mostly


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf")], ids=str)
def test_a_map_without_heat_leaves_the_photo_bare(value):
    bare = np.asarray(overlay(grey(60, 60), np.zeros((3, 3))))
    shown = np.asarray(overlay(grey(60, 60), np.full((3, 3), value)))
    assert np.array_equal(shown, bare)
    assert np.abs(bare[10:-10, 10:-10].astype(int) - 90).max() <= 2


def test_what_the_network_did_not_see_is_dimmed_and_fenced():
    shown = np.asarray(overlay(grey(200, 100, 200), np.zeros((2, 2)), (0.25, 0.0, 0.75, 1.0)))
    assert shown[50, 20].mean() == pytest.approx(200 * 0.65, abs=3)
    assert shown[50, 100].mean() == pytest.approx(200, abs=3)
    edge = shown[50, 45:56].astype(int).mean(axis=1)
    assert edge.min() < 60  # the dark part of the line
    assert edge.max() > 225  # the light part


def test_the_hottest_place_still_shows_the_photo():
    striped = np.zeros((128, 128, 3), dtype=np.uint8)
    striped[:, ::16] = striped[:, 1::16] = striped[:, 2::16] = striped[:, 3::16] = 255
    shown = np.asarray(overlay(Image.fromarray(striped), np.ones((7, 7))).convert("L"))[
        20:-20, 20:-20
    ]
    assert shown.max() - shown.min() > 50


@pytest.mark.parametrize("tag", ["Petra", "Schloß Neuschwanstein", "泰姬陵 🕌", 'a "quoted"\\ tag'])
def test_facts_travel_in_the_file(tag):
    caption = Caption(photo_id="f" * 32, model_id="0" * 16, tag=tag, confidence=0.25)
    shown = overlay(grey(64, 48), np.ones((2, 2)), caption=caption)
    facts = {"photo_id": "f" * 32, "model_id": "0" * 16, "tag": tag, "confidence": 0.25}
    exif = shown.getexif()
    in_exif = exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
    assert in_exif.startswith(b"ASCII\0\0\0")
    assert json.loads(in_exif[8:]) == facts
    assert json.loads(shown.info["comment"]) == facts
    described = exif[ExifTags.Base.ImageDescription]
    assert described.encode("latin-1").decode() == f"{tag} 0.25"  # Pillow reads it as Latin-1


def test_nothing_of_the_photo_s_own_metadata_is_copied():
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    exif[ExifTags.Base.Orientation] = 6
    buffer = io.BytesIO()
    grey(64, 48).save(buffer, "JPEG", exif=exif)
    shown = overlay(Image.open(buffer), np.ones((2, 2)))
    assert not shown.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert ExifTags.Base.Orientation not in shown.getexif()


def test_the_picture_given_is_left_as_it_is():
    picture = make_picture(grey(3000, 30))
    before = [plane.copy() for plane in (picture.luma, picture.blue, picture.red)]
    cam = np.ones((2, 2), dtype=np.float32)
    data = render_overlay(picture, cam, crop_box=(0.2, 0.0, 0.7, 1.0), caption=CAPTION)
    assert Image.open(io.BytesIO(data)).size == (640, 6)
    for plane, was in zip((picture.luma, picture.blue, picture.red), before, strict=True):
        assert np.array_equal(plane, was)


sides = st.integers(1, 90)
lows = st.tuples(st.floats(-0.5, 0.9), st.floats(-0.5, 0.9))
highs = st.tuples(st.floats(0.001, 2.0), st.floats(0.001, 2.0))


@settings(max_examples=60, deadline=None)
@given(sides, sides, lows, highs, st.integers(1, 9))
def test_every_shape_gives_a_picture(width, height, low, span, cells):
    right, bottom = max(low[0], 0) + span[0], max(low[1], 0) + span[1]
    box = (low[0], low[1], right, bottom)  # it always reaches into the photo
    cam = np.arange(cells * (cells + 1), dtype=np.float32).reshape(cells, cells + 1)
    assert overlay(grey(width, height), cam, box).size == (width, height)
