"""Where a photo was taken: by hand, there and back, and whatever is damaged is nothing."""

import io

import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from landmark_core.library import read_position


def photo(gps: dict, form: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    buffer = io.BytesIO()
    image = Image.new("RGB", (64, 64))
    if form == "HEIF":
        pillow_heif.from_pillow(image).save(buffer, exif=exif.tobytes())
    else:
        image.save(buffer, form, exif=exif.tobytes())
    return buffer.getvalue()


def at(latitude: object, north: object, longitude: object, east: object) -> dict:
    return {1: north, 2: latitude, 3: east, 4: longitude}


@pytest.mark.parametrize("form", ["JPEG", "HEIF", "AVIF", "PNG", "WEBP", "TIFF"])
def test_the_opera_house_by_hand(form):
    data = photo(at((33.0, 51.0, 24.5), "S", (151.0, 12.0, 55.1), "E"), form)
    found = read_position(data, name="x")
    assert found
    assert found.latitude == pytest.approx(-33.856806, abs=1e-5)
    assert found.longitude == pytest.approx(151.215306, abs=1e-5)


@given(st.floats(0, 90), st.floats(0, 180), st.sampled_from("NS"), st.sampled_from("EW"))
def test_there_and_back(latitude, longitude, north, east):
    found = read_position(
        photo(at((latitude, 0.0, 0.0), north, (longitude, 0.0, 0.0), east)), name="x"
    )
    if found is None:
        assert latitude < 1e-5
        assert longitude < 1e-5
        return
    assert found.latitude == pytest.approx(latitude * (1 if north == "N" else -1), abs=1e-5)
    assert found.longitude == pytest.approx(longitude * (1 if east == "E" else -1), abs=1e-5)


NORTH, EAST = (51.0, 0.0, 0.0), (7.0, 0.0, 0.0)


@pytest.mark.parametrize(
    "gps",
    [
        pytest.param({}, id="none"),
        pytest.param(at((91.0, 0.0, 0.0), "N", EAST, "E"), id="beyond-the-pole"),
        pytest.param(at((0.0, 0.0, 0.0), "N", (0.0, 0.0, 0.0), "E"), id="zeros"),
        pytest.param(at(NORTH, "X", EAST, "E"), id="no-direction"),
        pytest.param({1: "N", 2: NORTH}, id="half"),
    ],
)
def test_what_cannot_be_is_nothing(gps):
    assert read_position(photo(gps), name="x") is None


@pytest.mark.parametrize("data", [b"", b"no photo", b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00II"])
def test_damaged_files_are_nothing(data):
    assert read_position(data, name="x.jpg") is None


def test_odd_files_are_nothing(shared_data):
    for path in (shared_data / "odd-files").rglob("*.*"):
        read_position(path.read_bytes(), name=path.name)
