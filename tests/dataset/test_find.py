"""Found photos: labels in folders and buckets, people's reviews, links, what is left alone."""

import hashlib
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pyarrow as pa
import pytest

from landmark_core.dataset import DataSettings, divide, find_labelled
from landmark_core.errors import ConfigError
from landmark_core.library import open_listing
from landmark_core.records import OTHER, DecodedPhoto, PhotoRow, Prediction, TagScore
from landmark_core.tables import REVIEWS_SCHEMA, Store, new_run_id, rows_to_table, to_parquet

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def bucket():
    """An empty place in memory, and its URL."""
    store = fsspec.filesystem("memory")
    url = "memory://data-of-tests"
    if store.exists(url):
        store.rm(url, recursive=True)
    yield url
    if store.exists(url):
        store.rm(url, recursive=True)


def upload(folder: Path, url: str) -> None:
    store = fsspec.filesystem("memory")
    for path in folder.rglob("*"):
        if path.is_file():
            store.pipe_file(f"{url}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def labels(found):
    """What each photo is called, by its file name."""
    return {
        Path(photo.ref.uri).name: "other"
        if photo.label == OTHER
        else found.class_names[photo.label]
        for photo in found.photos
    }


def find(data, **more):
    return find_labelled(DataSettings(data=str(data), **more))


def test_folders_may_be_named_from_below_or_beside(tmp_path, fill, monkeypatch):
    fill(tmp_path / "data", {"A": 2, "B": 2})
    fill(tmp_path / "no", {".": 2}, first_seed=80)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    below = labels(find("../here/../data", negatives="../no"))
    assert below == labels(find(tmp_path / "data", negatives=str(tmp_path / "no")))


def test_folder_and_bucket_give_the_same_labels_and_photos(tmp_path, fill, bucket, open_data):
    folder = fill(tmp_path / "data", {"01.B_b": 3, "00.A/deep/er": 3})
    upload(folder, bucket)
    upload(fill(tmp_path / "no", {".": 2}, first_seed=80), f"{bucket}-no")
    local = find(folder, negatives=str(tmp_path / "no"))
    remote = find(bucket + "/", negatives=f"{bucket}-no")
    assert labels(local) == labels(remote)
    assert labels(local)["0003.jpg"] == "A"
    assert labels(local)["0000.jpg"] == "B b"
    assert labels(local)["0080.jpg"] == "other"
    here, there = open_data(folder), open_data(bucket, home=tmp_path / "home-2")
    assert here.digest == there.digest
    assert [p.digest for p in here.photos] == [p.digest for p in there.photos]


def test_linked_folders_are_classes(tmp_path, fill):
    fill(tmp_path / "elsewhere", {"x": 2})
    data = fill(tmp_path / "data", {"A": 2}, first_seed=10)
    (data / "B").symlink_to(tmp_path / "elsewhere" / "x")
    assert sorted(labels(find(data)).values()) == ["A", "A", "B", "B"]


def test_folders_of_systems_are_no_classes(tmp_path, fill):
    data = fill(tmp_path / "data", {"A": 2, "B": 2, ".git": 1, "@eaDir/x": 1, "A/.thumbs": 2})
    found = find(data)
    assert found.class_names == ("A", "B")
    assert len(found.photos) == 4


def test_negatives_and_the_model_folder_may_lie_inside_data(tmp_path, fill, open_data):
    data = fill(tmp_path / "data", {"A": 9, "B": 9, "none/of/them": 3, "models/report": 2})
    dataset = open_data(data, negatives=str(data / "none"), home=data / "models")
    assert dataset.class_names == ("A", "B")
    assert (dataset.report.others.usable, dataset.report.conflicts) == (3, ())


def test_data_may_lie_inside_negatives(tmp_path, fill):
    fill(tmp_path / "all", {"data/A": 2, "data/B": 2, "rest": 3})
    found = find(tmp_path / "all" / "data", negatives=str(tmp_path / "all"))
    assert sorted(labels(found).values()) == ["A", "A", "B", "B", "other", "other", "other"]
    with pytest.raises(ConfigError, match="another folder than DATA"):
        find(tmp_path / "all" / "data", negatives=str(tmp_path / "all" / "data"))


def test_an_object_is_no_data(tmp_path, fill, bucket):
    upload(fill(tmp_path / "data", {"A": 1}), bucket)
    with pytest.raises(ConfigError, match="must be a folder"):
        find(f"{bucket}/A/0000.jpg")


@pytest.mark.parametrize("name", ["data", "negatives", "reviews"])
def test_an_empty_setting_is_refused(name):
    with pytest.raises(ConfigError, match="must not be empty"):
        DataSettings(**{"data": "x", name: " "})


def tag(out: str, library: Path) -> None:
    """Leave what `landmarks tag` would: a row for each photo, all of them for review."""
    rows = []
    for ref in open_listing(str(library)):
        digest = hashlib.sha256(Path(ref.location).read_bytes()).hexdigest()
        photo = DecodedPhoto(
            ref=ref, status="ok", error=None, content_sha256=digest, width=64, height=48
        )
        guess = TagScore(tag="Petra", confidence=0.5)
        prediction = Prediction(
            decision="review", tags=(guess,), margin=0.5, entropy=1.0, energy=None
        )
        rows.append(
            PhotoRow(
                photo=photo,
                prediction=prediction,
                heatmap=None,
                model_id="m",
                preprocess_id="p",
                run_id="r",
                tagged_at=NOW,
            )
        )
    store = Store(out)
    store.write_part(new_run_id(NOW, random.Random(1)), 0, rows_to_table(rows))


def review(out: str, library: Path, decisions) -> None:
    """Write decisions of (file name, decision, tag, decision id that it undoes), in their order."""
    refs = {Path(ref.location).name: ref for ref in open_listing(str(library))}
    rows = [
        {
            "decision_id": f"{number:026d}",
            "photo_id": refs[name].photo_id,
            "uri": refs[name].uri,
            "size_bytes": refs[name].size_bytes,
            "modified_at": refs[name].modified_us,
            "decision": decision,
            "tag": chosen,
            "reviewer": "Ada",
            "decided_at": NOW + timedelta(minutes=number),
            "model_tag": "Petra",
            "undoes": None if undoes is None else f"{undoes:026d}",
        }
        for number, (name, decision, chosen, undoes) in enumerate(decisions)
    ]
    store = Store(out)
    with store.new_file("reviews/part-1.parquet") as path:
        path.write_bytes(to_parquet(pa.Table.from_pylist(rows, schema=REVIEWS_SCHEMA)))


@pytest.fixture
def library(tmp_path, fill):
    return fill(tmp_path / "library", {"roll": 12}, first_seed=200)


@pytest.fixture
def data(tmp_path, fill):
    return fill(tmp_path / "data", {"00.Petra": 8, "01.Taj_Mahal": 8})


DECISIONS = [
    ("0200.jpg", "accepted", None, None),  # what the model said: Petra
    ("0201.jpg", "corrected", "taj mahal", None),
    ("0202.jpg", "not_a_landmark", None, None),
    ("0203.jpg", "skipped", None, None),
    ("0204.jpg", "accepted", None, None),
    ("0204.jpg", None, None, 4),  # undone
    ("0205.jpg", "accepted", None, None),
    ("0205.jpg", "corrected", "Taj Mahal", None),  # the newer one counts
    ("0206.jpg", "corrected", "Eiffel Tower", None),
    ("0207.jpg", "corrected", "Eiffel Tower", None),
    ("0208.jpg", "corrected", "Erfurt", None),  # one photo is no class
]


@pytest.mark.parametrize("place", ["folder", "bucket"])
def test_reviews_become_labels(place, tmp_path, library, data, bucket):
    out = str(tmp_path / "out") if place == "folder" else bucket
    tag(out, library)
    review(out, library, DECISIONS)
    found = find(data, reviews=out)
    assert found.class_names == ("Eiffel Tower", "Petra", "Taj Mahal")
    assert found.new_classes == ("Eiffel Tower",)
    assert found.ignored.tags == (("Erfurt", 1),)
    named = labels(found)
    assert {name: named[name] for name in named if name >= "0200"} == {
        "0200.jpg": "Petra",
        "0201.jpg": "Taj Mahal",
        "0202.jpg": "other",
        "0205.jpg": "Taj Mahal",
        "0206.jpg": "Eiffel Tower",
        "0207.jpg": "Eiffel Tower",
    }


def test_reviewed_photos_are_learnt_from_unless_they_changed(
    tmp_path, library, data, open_data, photo_bytes
):
    out = str(tmp_path / "out")
    tag(out, library)
    review(out, library, DECISIONS)
    (library / "roll" / "0200.jpg").write_bytes(photo_bytes(999))
    (library / "roll" / "0201.jpg").unlink()
    dataset = open_data(data, reviews=out)
    by_name = {Path(p.ref.uri).name: p for p in dataset.photos if p.source == "reviews"}
    assert sorted(by_name) == ["0202.jpg", "0205.jpg", "0206.jpg", "0207.jpg"]
    counted = dataset.report.reviews
    assert (counted.labels, counted.changed, counted.gone) == (4, 1, 1)
    assert counted.new_classes == ("Eiffel Tower",)
    assert len(divide(dataset).train)


def test_a_review_of_a_photo_in_data_wins_over_its_folder(tmp_path, data, open_data):
    out = str(tmp_path / "out")
    tag(out, data)
    review(
        out,
        data,
        [("0000.jpg", "not_a_landmark", None, None), ("0001.jpg", "accepted", None, None)],
    )
    dataset = open_data(data, reviews=out)
    shown = {Path(p.ref.uri).name: (p.label, p.source) for p in dataset.photos}
    assert len(shown) == len(dataset.photos) == 16
    assert shown["0000.jpg"] == (OTHER, "reviews")
    assert shown["0001.jpg"] == (0, "reviews")
    assert shown["0002.jpg"] == (0, "folder")
    assert (dataset.report.reviews.overruled, dataset.report.duplicates) == (1, 0)


def test_a_file_that_changed_after_its_review_and_a_training_is_read_as_it_is_now(
    tmp_path, data, open_data, photo_bytes
):
    out = str(tmp_path / "out")
    tag(out, data)
    review(out, data, [("0000.jpg", "corrected", "Taj Mahal", None)])
    assert open_data(data, reviews=out).report.reviews.labels == 1
    new = photo_bytes(999)
    (data / "00.Petra" / "0000.jpg").write_bytes(new)
    dataset = open_data(data, reviews=out)
    (photo,) = [photo for photo in dataset.photos if photo.ref.uri.endswith("0000.jpg")]
    assert (photo.digest, photo.label) == (hashlib.sha256(new).hexdigest(), 0)
    assert (dataset.report.reviews.labels, dataset.report.reviews.changed) == (0, 1)


def test_an_out_without_reviews_gives_no_labels(tmp_path, library, data):
    tag(str(tmp_path / "out"), library)
    assert len(find(data, reviews=str(tmp_path / "out")).photos) == 16


def test_a_name_that_is_not_utf_8_is_found_again(tmp_path, fill, data, open_data, photo_bytes):
    library = tmp_path / "odd"
    library.mkdir()
    odd = Path(str(library) + "/caf\udce9.jpg")
    try:
        odd.write_bytes(photo_bytes(400))
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    tag(str(tmp_path / "out"), library)
    review(str(tmp_path / "out"), library, [(odd.name, "accepted", None, None)])
    dataset = open_data(data, reviews=str(tmp_path / "out"))
    assert dataset.report.reviews.labels == 1
