"""The threads that draw: rows name exactly the files that are there, from kept pictures or not."""

import time

import numpy as np
import pandas
import pytest
from draw_library import draw_scene, encode
from PIL import Image

from landmark_core.cli import main
from landmark_core.config import ReadLimits
from landmark_core.errors import RunError
from landmark_core.library import PhotoLoader, open_listing
from landmark_core.library import loader as loader_module
from landmark_core.model import load_model
from landmark_core.records import Prediction, TagScore
from landmark_core.tables import Store
from landmark_core.tagging import overlays
from landmark_core.tagging.overlays import HeatmapWriter

LIMITS = ReadLimits()
UNSURE = Prediction(
    decision="review",
    tags=(TagScore(tag="Petra", confidence=0.3),),
    margin=0.1,
    entropy=1.0,
    energy=None,
)
CAM = np.random.default_rng(1).random((9, 9)).astype(np.float32)


@pytest.fixture(scope="module")
def starter():
    return load_model("starter", classes=None)


@pytest.fixture
def library(tmp_path):
    """A small photo, one of two megapixels lying on its side, a PNG, and two bad ones."""
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "0.jpg").write_bytes(encode(draw_scene(0, (340, 256)), "jpg"))
    (folder / "1.jpg").write_bytes(b"\xff\xd8\xff\xe0broken")
    (folder / "2.jpg").write_bytes(encode(draw_scene(2, (1600, 1200)), "jpg", orientation=6))
    (folder / "3.png").write_bytes(encode(draw_scene(3, (1500, 900)), "png"))
    (folder / "4.jpg").touch()
    return folder


def read(library, model, **options):
    refs = list(open_listing(str(library)))
    options = {"batch_size": 8, "workers": 0, **options}
    with PhotoLoader(model.preprocess, limits=LIMITS, **options) as photos_of:
        (batch,) = photos_of.batches(refs)
    return batch


def draw(store, model, batch, run_id):
    with HeatmapWriter(store, model, run_id, LIMITS) as heatmaps:
        for row, photo in enumerate(batch.readable):
            heatmaps.draw(photo, UNSURE, CAM, batch.pictures[row] if batch.pictures else None)
        return heatmaps.finish()


def as_floats(path):
    with Image.open(path) as image:
        return np.asarray(image, dtype=float)


def test_kept_and_re_read_pictures_give_overlays_that_agree(tmp_path, library, starter):
    store = Store(str(tmp_path / "out"))
    drawn = {
        kept: draw(store, starter, read(library, starter, keep_pictures=kept), f"run-{kept}")
        for kept in (True, False)
    }
    assert drawn[True].keys() == drawn[False].keys()
    assert len(drawn[True]) == 3
    for photo_id in drawn[True]:
        one, other = (as_floats(tmp_path / "out" / drawn[kept][photo_id]) for kept in (True, False))
        assert one.shape == other.shape
        assert np.abs(one - other).mean() < 1


def test_a_kept_picture_needs_its_photo_no_more(tmp_path, library, starter):
    batch = read(library, starter, keep_pictures=True)
    for photo in batch.readable:
        (library / photo.ref.location).unlink()
    assert len(draw(Store(str(tmp_path / "out")), starter, batch, "run")) == 3


def test_a_photo_that_changed_or_went_has_no_heatmap(tmp_path, library, starter):
    batch = read(library, starter)
    (library / "0.jpg").unlink()
    (library / "2.jpg").write_bytes(encode(draw_scene(5, (340, 256)), "jpg"))
    drawn = draw(Store(str(tmp_path / "out")), starter, batch, "run")
    assert [photo.ref.photo_id for photo in batch.readable[2:]] == list(drawn)


def test_many_are_written_at_once_and_no_more_than_hands_drawn(
    tmp_path, library, starter, monkeypatch
):
    drawing, most = [], [0, 0]

    def slow_render(*_args, **_kwargs):
        drawing.append(1)
        most[0] = max(most[0], len(drawing))
        time.sleep(0.005)
        drawing.pop()
        return b"jpeg"

    class SlowStore(Store):
        under_way = 0

        def write_heatmap(self, run_id, photo_id, jpeg):
            SlowStore.under_way += 1
            most[1] = max(most[1], SlowStore.under_way)
            time.sleep(0.1)
            SlowStore.under_way -= 1
            return f"{photo_id}.jpg"

    monkeypatch.setattr(overlays, "render_overlay", slow_render)
    monkeypatch.setattr(overlays, "usable_cores", lambda: 2)
    batch = read(library, starter, keep_pictures=True)
    photo, picture = batch.readable[0], batch.pictures[0]
    with HeatmapWriter(SlowStore(str(tmp_path)), starter, "run", LIMITS) as heatmaps:
        for _ in range(30):
            heatmaps.draw(photo, UNSURE, CAM, picture)
        heatmaps.finish()
    assert most[0] == 2
    assert 4 <= most[1] <= 2 + overlays.WRITING


def test_a_store_that_fails_is_heard(tmp_path, library, starter):
    (tmp_path / "out").write_text("a file where OUT should be")
    with pytest.raises(RunError):
        draw(Store(str(tmp_path / "out")), starter, read(library, starter), "run")


@pytest.mark.parametrize("memory", [2**30, 300_000, 0], ids=["all-kept", "some-kept", "none-kept"])
def test_rows_name_exactly_the_heatmaps_that_are_there(tmp_path, library, memory, monkeypatch):
    monkeypatch.setattr(loader_module, "PICTURE_MEMORY", memory)
    out = tmp_path / "out"
    command = ["tag", str(library), "--out", str(out), "--no-progress", "--workers", "0"]
    assert main([*command, "--review-below", "1"]) == 0
    rows = pandas.read_parquet(out / "tags")
    assert rows.heatmap.notna().tolist() == (rows.status == "ok").tolist()
    named = {out / name for name in rows.heatmap.dropna()}
    assert named == {path for path in (out / "heatmaps").rglob("*") if path.is_file()}
    assert len(named) == 3
    for path in named:
        with Image.open(path) as shown:
            assert max(shown.size) in (340, 640)
