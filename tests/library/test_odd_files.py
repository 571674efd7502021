"""Real odd photos: each has one right end, found by looking at it."""

import numpy as np
import pytest
from PIL import Image

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError
from landmark_core.library.decode import Decoded, decode_photo
from landmark_core.library.find import open_listing

FAILURES = {
    "broken.png": "corrupt",
    "broken_data_stream.png": "corrupt",
    "chunk_no_fctl.png": "corrupt",
    "decompression_bomb.gif": "too_large",
    "decompression_bomb.ico": "unsupported",
    "l2rgb_read.bmp": "too_large",
    "truncated_end_chunk.png": "corrupt",
    "truncated_image.png": "corrupt",
    "truncated_jpeg.jpg": "corrupt",
    "ultrahdr.jpg": "corrupt",  # only its first rows are in the file
}


def decode(path) -> Decoded:
    return decode_photo(path.read_bytes(), name=path.name, min_side=256, limits=ReadLimits())


def test_every_odd_file_ends_as_photo_or_as_its_failure(shared_data):
    files = [path for path in (shared_data / "odd-files").iterdir() if path.is_file()]
    ends = {}
    for path in files:
        try:
            decoded = decode(path)
        except PhotoError as error:
            ends[path.name] = error.status
        else:
            assert decoded.image.mode == "RGB"
    assert ends == FAILURES


def test_all_nine_orientations_show_one_scene(shared_data):
    folder = shared_data / "odd-files" / "exif-orientation"
    scenes = [decode(folder / f"Landscape_{n}.jpg") for n in range(9)]
    assert {(scene.width, scene.height) for scene in scenes} == {(1800, 1200)}
    small = [
        np.asarray(scene.image.resize((60, 40), Image.Resampling.BOX), int) for scene in scenes
    ]
    for other in small[1:]:  # the files differ in the figure painted on them
        assert np.abs(other - small[0]).mean() < 3


@pytest.mark.parametrize("folder", ["landmarks13-train", "negatives", "odd-files"])
def test_no_photo_of_the_real_folders_is_overlooked(shared_data, folder):
    source = shared_data / folder
    files = {str(path) for path in source.rglob("*") if path.is_file()}
    listed = {ref.location for ref in open_listing(str(source))}
    assert {path.rpartition("/")[2] for path in files - listed} <= {"LICENSE"}
    assert listed <= files
