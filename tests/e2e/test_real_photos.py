"""The starter model on real photos: every orientation the same answer, every odd file a row."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas
import pytest
from PIL import Image

from landmark_core.cli import main


@pytest.fixture(scope="module")
def odd(shared_data, tmp_path_factory):
    """OUT of a run over the odd files, with a heatmap of every readable one."""
    out = tmp_path_factory.mktemp("odd") / "out"
    options = ["--workers", "0", "--review-below", "1", "--no-progress", "--out", str(out)]
    assert main(["tag", str(shared_data / "odd-files"), *options]) == 0
    return out


@pytest.fixture(scope="module")
def rows(odd):
    return pandas.read_parquet(odd / "tags")


def test_every_odd_file_is_a_row_with_a_clear_end(rows, shared_data):
    files = [path for path in (shared_data / "odd-files").rglob("*") if path.is_file()]
    assert sorted(rows.uri) == sorted(str(path) for path in files if path.name != "LICENSE")
    failed = rows[rows.status != "ok"]
    assert set(failed.status) == {"corrupt", "unsupported", "too_large"}
    assert failed.error.str.len().min() > 10
    assert not failed.error.str.contains("\n").any()


def test_nine_orientations_are_one_photo(rows, odd):
    turned = rows[rows.uri.str.contains("Landscape_")].sort_values("uri")
    assert len(turned) == 9
    assert len(Counter(turned.tag)) == 1
    assert turned.confidence.max() - turned.confidence.min() < 0.15  # another digit on each
    assert set(zip(turned.width, turned.height, strict=True)) == {(1800, 1200)}


def test_nine_heatmaps_stand_upright(rows, odd):
    """Each looks most like the upright scene among its eight turns and mirror images."""
    turned = rows[rows.uri.str.contains("Landscape_")]
    upright = turned[turned.uri.str.endswith("Landscape_1.jpg")].uri.item()
    scene = corners_of(Image.open(upright))
    for heatmap in turned.heatmap:
        overlay = corners_of(Image.open(odd / heatmap))
        turns = [np.rot90(side, turn) for side in (overlay, overlay[:, ::-1]) for turn in range(4)]
        likeness = [np.corrcoef(scene.ravel(), turn.ravel())[0, 1] for turn in turns]
        assert int(np.argmax(likeness)) == 0
        assert likeness[0] > 0.5


def corners_of(image: Image.Image) -> np.ndarray:
    """Return a small square grey copy; what lies outside of the network's square is dimmed only."""
    return np.asarray(image.convert("L").resize((24, 24)), dtype=float)


def test_content_decides_not_the_name(rows):
    by_name = rows.assign(name=rows.uri.map(lambda uri: Path(uri).name)).set_index("name")
    for name in by_name.index[
        by_name.index.str.startswith(("webp-named", "avif-named", "odd-ext"))
    ]:
        assert by_name.status[name] == "ok"
