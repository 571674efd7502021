"""Photos in buckets: the sidecars of a folder and of a bucket are the same bytes."""

import fsspec
import pytest
from library_out import counts, export, out_of, place, place_in_bucket
from samples import DARKTABLE, DIGIKAM

from landmark_core.sidecars import bucket_folder


@pytest.fixture
def memory():
    store = fsspec.filesystem("memory")
    yield store, "memory://sidecar-tests"
    store.rm("/sidecar-tests", recursive=True)


@pytest.fixture
def s3(s3_endpoint):
    store = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    store.mkdir("s3://sidecar-tests")
    yield store, "s3://sidecar-tests"
    store.rm("s3://sidecar-tests", recursive=True)


slow_s3 = pytest.param(
    "s3", marks=[pytest.mark.orchestration, pytest.mark.filterwarnings("ignore::ResourceWarning")]
)


@pytest.mark.parametrize("kind", ["memory", slow_s3])
def test_as_in_a_folder(tmp_path, request, kind):
    store, url = request.getfixturevalue(kind)
    photos = tmp_path / "photos"
    photos.mkdir()
    names = ["a.jpg", "b c#1.jpg", "é.jpg"]
    here = [place(photos, name) for name in names]
    there = [place_in_bucket(store, f"{url}/photos/{name}") for name in names]
    (photos / "a.jpg.xmp").write_bytes(DIGIKAM)
    store.pipe_file(f"{url}/photos/a.jpg.XMP", DIGIKAM)
    local, remote = out_of(tmp_path / "1", here), out_of(tmp_path / "2", there)
    assert counts(export(remote)) == counts(export(local)) == {"made": 2, "changed": 1}
    for name in names:
        ending = "XMP" if name == "a.jpg" else "xmp"
        bytes_there = store.cat_file(f"{url}/photos/{name}.{ending}")
        assert bytes_there == (photos / f"{name}.xmp").read_bytes()
    assert counts(export(remote)) == {"unchanged": 3}
    assert counts(export(remote, undo=True)) == {"removed": 2, "changed": 1}
    assert store.cat_file(f"{url}/photos/a.jpg.XMP") == DIGIKAM
    assert not store.exists(f"{url}/photos/{names[1]}.xmp")


def test_a_photo_that_was_replaced_or_is_gone_is_left_alone(tmp_path, memory):
    store, url = memory
    rows = [place_in_bucket(store, f"{url}/{name}") for name in ("a.jpg", "b.jpg", "c.jpg")]
    store.pipe_file(f"{url}/a.jpg", b"another photo")
    store.rm_file(f"{url}/b.jpg")
    assert counts(export(out_of(tmp_path, rows))) == {"made": 1, "left_alone": 2}


def test_a_sidecar_that_changes_meanwhile_is_not_overwritten(tmp_path, memory, monkeypatch):
    store, url = memory
    rows = [place_in_bucket(store, f"{url}/a.jpg")]
    store.pipe_file(f"{url}/a.jpg.xmp", DARKTABLE)
    plain, left = bucket_folder._check, [1]

    def check(*arguments):
        if left[0]:
            left[0] -= 1
            store.pipe_file(f"{url}/a.jpg.xmp", DIGIKAM)
        plain(*arguments)

    monkeypatch.setattr(bucket_folder, "_check", check)
    undone = out_of(tmp_path, rows)
    assert counts(export(undone)) == {"changed": 1}
    export(undone, undo=True)
    assert store.cat_file(f"{url}/a.jpg.xmp") == DIGIKAM
