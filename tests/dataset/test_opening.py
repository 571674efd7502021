"""A dataset from folders to photos: what is read, cached, kept, refused, with real files."""

import errno
import os
import pickle
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from landmark_core.config import ReadLimits
from landmark_core.dataset import deal_folds, divide, report_to_text
from landmark_core.dataset.shelf import Shelf
from landmark_core.errors import ConfigError, RunError
from landmark_core.library import PhotoLoader, open_listing
from landmark_core.records import OTHER


@pytest.fixture
def data(tmp_path, fill):
    return fill(tmp_path / "data", {"00.Petra": 12, "01.Taj_Mahal": 12})


def uris(dataset):
    return {photo.ref.uri for photo in dataset.photos}


def test_labels_come_from_folders_and_negatives(tmp_path, data, fill, open_data, progress):
    others = fill(tmp_path / "others", {"x/y": 5}, first_seed=500)
    dataset = open_data(data, negatives=str(others), progress=progress)
    assert dataset.class_names == ("Petra", "Taj Mahal")
    assert np.bincount(dataset.labels + 1).tolist() == [5, 12, 12]
    for photo in dataset.photos:
        folder = Path(photo.ref.location).parent.name
        assert photo.label == {"00.Petra": 0, "01.Taj_Mahal": 1, "y": OTHER}[folder]
    assert [photo.digest for photo in dataset.photos] == sorted(p.digest for p in dataset.photos)
    assert (progress.total, progress.done) == (29, 29)


def test_crops_are_to_the_bit_what_the_tagger_shows_its_model(data, open_data, preprocess):
    Image.new("RGB", (900, 300), "teal").save(data / "00.Petra" / "wide.png")
    big = Image.effect_mandelbrot((1200, 900), (-2, -1.5, 1, 1.5), 60).convert("RGB")
    big.save(data / "00.Petra" / "big.jpg", quality=90)
    dataset = open_data(data, side=200)  # more than the tagger wants: the crop must not profit
    loader = PhotoLoader(preprocess, limits=ReadLimits(), batch_size=8, workers=0)
    seen = {}
    with loader:
        for batch in loader.batches(list(open_listing(str(data)))):
            for photo, pixels in zip(batch.readable, batch.pixels, strict=True):
                seen[photo.ref.uri] = pixels.permute(1, 2, 0).numpy()
    numbers = np.arange(len(dataset.photos))
    for photo, crop in zip(dataset.photos, dataset.cache.crops(numbers), strict=True):
        assert (seen[photo.ref.uri] == crop).all()


def test_photos_are_small_and_their_long_side_is_cut(data, open_data):
    wide = Image.fromarray(np.arange(0, 240, dtype=np.uint8).repeat(4)[None].repeat(96, 0))
    wide.convert("RGB").save(data / "00.Petra" / "wide.png")  # 960 x 96
    dataset = open_data(data, side=48)
    number = next(n for n, p in enumerate(dataset.photos) if p.ref.uri.endswith("wide.png"))
    pixels = dataset.cache.photo(number)
    assert pixels.shape == (48, 96, 3)
    # The middle 192 of 960 columns remain, halved: values 96 to 143 of 0 to 239.
    assert pixels[20, :, 0].tolist() == pytest.approx(np.linspace(96, 143, 96), abs=1)
    others = [dataset.cache.photo(n).shape for n in range(len(dataset.photos)) if n != number]
    assert set(others) == {(48, 64, 3)}  # drawn 64 x 48: never enlarged


def test_a_second_opening_reads_no_file(data, open_data, progress):
    first = open_data(data)
    for path in data.rglob("*.jpg"):
        path.chmod(0)
        status = path.stat()
        hidden = b"\0" * status.st_size  # as root, a file without rights can still be read
        path.chmod(0o644)
        path.write_bytes(hidden)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    again = open_data(data, progress=progress)
    assert again.photos == first.photos
    assert again.groups == first.groups
    assert (again.cache.crops(np.arange(24)) == first.cache.crops(np.arange(24))).all()
    assert (progress.total, progress.done) == (24, 24)


def test_a_changed_file_is_read_again_and_a_new_setting_makes_a_new_shelf(
    data, open_data, photo_bytes
):
    first = open_data(data)
    (data / "00.Petra" / "0000.jpg").write_bytes(photo_bytes(900))
    changed = open_data(data)
    assert len({p.digest for p in changed.photos} - {p.digest for p in first.photos}) == 1
    smaller = open_data(data, side=20)
    assert smaller.cache.photo(0).shape == (20, 27, 3)
    assert smaller.slots == changed.slots


def test_photos_survive_pickling_and_a_deleted_cache(data, open_data, tmp_path):
    dataset = open_data(data)
    crops = dataset.cache.crops(np.array([5, 3]))
    copy = pickle.loads(pickle.dumps(dataset.cache))
    assert (copy.crops(np.array([5, 3])) == crops).all()
    assert (copy.photo(7) == dataset.cache.photo(7)).all()
    shutil.rmtree(tmp_path / "home" / "cache")
    again = open_data(data)
    assert (again.cache.crops(np.array([5, 3])) == crops).all()
    assert again.slots == dataset.slots


def append(path: Path, tail: bytes) -> None:
    with path.open("ab") as file:
        file.write(tail)


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda f: (f / "crops.bin").write_bytes(b"short"), id="cut-data"),
        pytest.param(lambda f: (f / "index.parquet").write_bytes(b"PAR1"), id="torn-index"),
        pytest.param(lambda f: (f / "files.parquet").unlink(), id="no-files"),
        pytest.param(lambda f: (f / "links.parquet").write_bytes(b""), id="torn-links"),
        pytest.param(lambda f: append(f / "photos.bin", b"of a killed run"), id="torn-tail"),
    ],
)
def test_a_damaged_cache_is_mended(data, open_data, fill, tmp_path, harm):
    open_data(data)
    (shelf,) = (tmp_path / "home" / "cache").glob("40-*")
    harm(shelf)
    fill(data, {"00.Petra": 3}, first_seed=700)
    mended, fresh = open_data(data), open_data(data, home=tmp_path / "fresh")
    assert mended.photos == fresh.photos
    assert mended.groups == fresh.groups
    numbers = np.arange(27)
    assert (mended.cache.crops(numbers) == fresh.cache.crops(numbers)).all()
    assert all((mended.cache.photo(n) == fresh.cache.photo(n)).all() for n in numbers)


def test_copies_are_sought_anew_where_the_pixels_were_deleted(
    data, open_data, fill, photo_bytes, tmp_path
):
    """The rows are others then, and there may be as many as before."""
    (data / "00.Petra" / "copy.jpg").write_bytes(photo_bytes(3, 60))  # of 0003.jpg
    open_data(data)
    (shelf,) = (tmp_path / "home" / "cache").glob("40-*")
    (shelf / "photos.bin").unlink()
    (data / "00.Petra" / "0000.jpg").unlink()
    fill(data, {"01.Taj_Mahal": 1}, first_seed=700)
    mended, fresh = open_data(data), open_data(data, home=tmp_path / "fresh")
    assert mended.report.groups == 1
    assert mended.groups == fresh.groups


def test_the_index_is_written_ever_more_rarely(tmp_path):
    written = 0

    class Counted(Shelf):
        def settle(self) -> None:
            nonlocal written
            written += 1
            super().settle()

    pixels = np.zeros((1, 1, 3), np.uint8)
    with Counted(tmp_path, (1, 1)) as shelf:
        for number in range(40_000):
            shelf.add(f"{number:064x}", pixels, pixels, np.zeros((32, 32), np.uint8))
    # Every thousand photos up to twenty thousand, then with each twentieth part more.
    assert written == 20 + 13  # 20/19 to the power of 13 is just below two


def test_broken_photos_are_listed_and_the_training_goes_on(data, open_data):
    (data / "00.Petra" / "torn.jpg").write_bytes(b"\xff\xd8\xff and no more")
    (data / "00.Petra" / "notes.txt").write_text("no photo")
    (data / "00.Petra" / ".hidden.jpg").write_bytes(b"x")
    shutil.copy(data / "00.Petra" / "0000.jpg", data / "loose.jpg")
    dataset = open_data(data)
    report = dataset.report
    (broken,) = report.broken
    assert (broken.name, broken.status) == ("Petra", "corrupt")
    assert broken.uri.endswith("torn.jpg")
    assert (report.classes[0].found, report.classes[0].usable) == (13, 12)
    ignored = report.ignored
    assert (ignored.loose, ignored.other_files, ignored.hidden) == (1, 1, 1)
    assert "corrupt: 1, for example" in report_to_text(report)


def test_copies_and_conflicts_are_reported(data, open_data):
    photos = sorted((data / "00.Petra").iterdir())
    shutil.copy(photos[0], data / "00.Petra" / "copy.jpg")
    shutil.copy(photos[1], data / "01.Taj_Mahal" / "wrong.jpg")
    with Image.open(photos[2]) as image:
        image.save(data / "01.Taj_Mahal" / "near.jpg", quality=60)
    report = open_data(data).report
    assert report.duplicates == 2
    (conflict,) = report.conflicts
    assert conflict.names == ("Petra", "Taj Mahal")
    (doubtful,) = report.doubtful
    assert {Path(uri).name for uri in doubtful.uris} == {photos[2].name, "near.jpg"}
    assert (report.groups, report.grouped) == (1, 2)


def test_growing_data_moves_no_photo(data, fill, open_data):
    before = open_data(data)
    sides = dict(zip((p.digest for p in before.photos), before.slots, strict=True))
    fill(data, {"00.Petra": 9, "02.New": 9}, first_seed=300)
    for path in list((data / "01.Taj_Mahal").iterdir())[:4]:
        path.rename(data / "02.New" / f"moved-{path.name}")
    with Image.open(data / "00.Petra" / "0003.jpg") as image:
        image.save(data / "00.Petra" / "again.jpg", quality=50)
    after = open_data(data)
    slots = dict(zip((p.digest for p in after.photos), after.slots, strict=True))
    assert {digest: slots[digest] for digest in sides} == sides
    assert before.digest != after.digest
    division = divide(after)
    touched = [{after.groups[n] for n in side} for side in (division.train, division.test)]
    assert not touched[0] & touched[1]


def test_train_and_test_folders_are_kept(tmp_path, fill, open_data):
    data = fill(tmp_path / "split", {"train/A": 14, "train/B": 14, "test/A": 3, "test/B": 3})
    with Image.open(data / "test" / "A" / "0028.jpg") as image:
        image.save(data / "train" / "A" / "leak.jpg", quality=60)
    dataset = open_data(data)
    division = divide(dataset)
    test = {Path(dataset.photos[n].ref.uri).parents[1].name for n in division.test}
    assert (test, len(division.test)) == ({"test"}, 6)
    assert dataset.report.quarantined == len(division.quarantined) == 1
    assert dataset.photos[division.quarantined[0]].ref.uri.endswith("leak.jpg")
    used = np.concatenate([fold.held_out for fold in deal_folds(dataset, 3)])
    assert not dataset.given_test & set(used.tolist())
    assert len(used) == 28


@pytest.mark.parametrize(
    ("photos", "message"),
    [
        pytest.param({}, "one folder of photos per class", id="no-class-folder"),
        pytest.param({"A": 3}, "holds one class, 'A'", id="one-class"),
        pytest.param({"A": 3, "B": 0}, "class 'B' has no photo in its folder", id="empty-class"),
        pytest.param({"A": 3, "B": 1}, "class 'B' has 1 photo in its folder", id="one-photo"),
        pytest.param(
            {"train/A": 3, "train/B": 3, "test/A": 1, "test/C": 3},
            "class 'C' has no photo in train/",
            id="class-only-tested",
        ),
    ],
)
def test_too_little_data_is_refused_before_anything_is_read(
    photos, message, tmp_path, fill, open_data, progress
):
    root = tmp_path / "data"
    root.mkdir()
    with pytest.raises(ConfigError, match=message):
        open_data(fill(root, photos), progress=progress)
    assert progress.total == 0


def test_missing_folders_and_files_are_refused(tmp_path, data, open_data):
    with pytest.raises(ConfigError, match=r"DATA must be a folder.*which is nothing"):
        open_data(tmp_path / "none")
    with pytest.raises(ConfigError, match="which is a file"):
        open_data(data / "00.Petra" / "0000.jpg")
    with pytest.raises(ConfigError, match="--negatives must be a folder"):
        open_data(data, negatives=str(tmp_path / "none"))
    (tmp_path / "bare").mkdir()
    with pytest.raises(ConfigError, match="holds no photo; leave it out"):
        open_data(data, negatives=str(tmp_path / "bare"))
    with pytest.raises(ConfigError, match="landmarks tag"):
        open_data(data, reviews=str(tmp_path / "bare"))


def test_broken_classes_are_refused(tmp_path, fill, open_data):
    data = fill(tmp_path / "data", {"A": 3, "B": 0})
    for number in range(3):
        (data / "B" / f"{number}.jpg").write_bytes(b"\xff\xd8\xff broken %d" % number)
    with pytest.raises(ConfigError, match="no photo of class 'B' can be read; for example"):
        open_data(data)
    for path in (data / "A").iterdir():
        path.write_bytes(b"")
    with pytest.raises(ConfigError, match="none of the 6 photos can be read"):
        open_data(data)
    fill(data, {"A": 3}, first_seed=50)
    shutil.rmtree(data / "B")
    fill(data, {"B": 1}, first_seed=60)
    shutil.copy(data / "B" / "0060.jpg", data / "B" / "copy.jpg")
    with pytest.raises(ConfigError, match="class 'B' has 1 photo to learn from"):
        open_data(data)


def test_one_opening_at_a_time(data, open_data, tmp_path):
    from landmark_core.tables import hold_lock

    with (
        hold_lock(tmp_path / "home" / "cache"),
        pytest.raises(RunError, match="another run is writing"),
    ):
        open_data(data)


KILLED = """
import os, signal, sys
from pathlib import Path
from landmark_core.dataset import DataSettings, open_dataset, shelf
from landmark_core.model import Preprocess, PreprocessSettings

class Killer:
    done = 0
    def reading(self, total): pass
    def read(self, count):
        self.done += count
        if self.done == 15:
            os.kill(os.getpid(), signal.SIGKILL)

shelf._SETTLE_EVERY = 6
open_dataset(
    DataSettings(data=sys.argv[1]), home=Path(sys.argv[2]), side=40, progress=Killer(),
    preprocess=Preprocess(PreprocessSettings(resize_size=36, crop_size=32)),
)
"""


def test_a_killed_opening_goes_on_where_it_had_settled(data, open_data, tmp_path):
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", KILLED, str(data), str(tmp_path / "home")]
    killed = subprocess.run(command, cwd=root, check=False)
    assert killed.returncode == -signal.SIGKILL
    calls = []

    class Watch:
        def reading(self, total: int) -> None:
            calls.append(total)

        def read(self, count: int) -> None:
            calls.append(count)

    mended, fresh = open_data(data, progress=Watch()), open_data(data, home=tmp_path / "fresh")
    assert calls[:2] == [24, 12]  # two settlements of six photos each were kept
    assert mended.photos == fresh.photos
    assert (mended.cache.crops(np.arange(24)) == fresh.cache.crops(np.arange(24))).all()


def test_too_small_a_disk_is_refused_before_reading(
    small_disk, tmp_path, fill, open_data, progress
):
    data = fill(tmp_path / "data", {"A": 20, "B": 20})
    with pytest.raises(RunError, match="too little room: 40 decoded photos"):
        open_data(data, side=200, home=small_disk / "home", progress=progress)
    assert progress.done == 0


def test_a_disk_that_fills_up_is_one_line(small_disk, tmp_path, fill, open_data):
    data = fill(tmp_path / "data", {"A": 0, "B": 0})
    for number in range(24):  # longer than photos usually are, so that they seem to fit
        wide = Image.effect_noise((300, 100), 80 + number).convert("RGB")
        wide.save(data / "AB"[number % 2] / f"{number}.png")
    (small_disk / "other").write_bytes(bytes(2**20 - 720_000))
    with pytest.raises(RunError, match=r"full .*make room") as caught:
        open_data(data, side=70, home=small_disk / "home")
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC


def test_real_photos_are_counted(shared_data, tmp_path, open_data, progress):
    """801 photos of 13 landmarks and 500 others, at small sizes; five landmark files are copies."""
    dataset = open_data(
        shared_data / "landmarks13-train",
        negatives=str(shared_data / "negatives"),
        progress=progress,
    )
    report = dataset.report
    assert (len(report.classes), report.others.found) == (13, 500)
    assert sum(count.found for count in report.classes) == 801
    assert progress.done == 1301
    assert len(dataset.photos) == 1301 - report.duplicates
    assert report.classes[4].name == "Colosseum Rome"
    assert report.broken == report.conflicts == ()
    assert 30 <= report.groups <= 45
    division = divide(dataset)
    assert len(division.test) / len(dataset.photos) == pytest.approx(0.15, abs=0.03)
    assert (dataset.labels[division.test] == OTHER).any()
