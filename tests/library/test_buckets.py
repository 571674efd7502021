"""Listings of buckets: in memory and on a real S3 API, against sorted() and the local walk."""

import os
from pathlib import Path

import fsspec
import pytest

from landmark_core.errors import ConfigError, RunError
from landmark_core.library import buckets
from landmark_core.library.find import open_listing
from landmark_core.library.identity import photo_id_of
from landmark_core.library.selection import Counts

JPEG_HEAD = b"\xff\xd8\xff\xe0" + b"\0" * 80
# "a-b" sorts before "a/", "a0" after it: names and whole paths are in different order here.
NAMES = ("a/1.jpg", "a-b/1.jpg", "a0/1.jpg", "a.jpg", "b/c/d.png", "é/x.jpg", "a/2.HEIC")
FILES = dict.fromkeys(NAMES, b"x") | {"n.txt": b"x", "odd": JPEG_HEAD, "none": b"", "b/z": b"q"}
PHOTOS = sorted((*NAMES, "odd"), key=str.encode)


def fill(url: str, files: dict[str, bytes] = FILES) -> None:
    for name, content in files.items():
        with fsspec.open(f"{url}/{name}", "wb") as file:
            file.write(content)


def relative(url: str, **options: object) -> tuple[list[str], Counts]:
    listing = open_listing(url, **options)
    return [ref.location.removeprefix(url + "/") for ref in listing], listing.counts


def test_a_bucket_is_listed_like_the_same_folder(bucket, tmp_path):
    fill(bucket)
    fill(tmp_path.as_uri(), {})
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    local = open_listing(str(tmp_path))
    names = [os.path.relpath(ref.location, tmp_path) for ref in local]
    found, counts = relative(bucket)
    assert found == names == PHOTOS
    assert (counts.photos, counts.not_photos) == (local.counts.photos, local.counts.not_photos)


def test_refs_of_a_bucket_name_url_and_version(bucket):
    fill(bucket, {"a.jpg": b"12345"})
    (ref,) = open_listing(bucket)
    assert ref.uri == ref.location == f"{bucket}/a.jpg"
    assert (ref.photo_id, ref.size_bytes) == (photo_id_of(f"{bucket}/a.jpg"), 5)
    assert ref.modified_us is not None


def test_slashes_at_the_end_of_a_source_change_nothing(bucket):
    fill(bucket)
    assert [r.photo_id for r in open_listing(bucket + "/")] == [
        r.photo_id for r in open_listing(bucket)
    ]


def test_include_exclude_and_skip_work_in_buckets(bucket):
    fill(bucket)
    found, counts = relative(bucket, include=["*.jpg"], exclude=["a"], skip=[f"{bucket}/a0"])
    assert found == ["a-b/1.jpg", "a.jpg", "é/x.jpg"]
    assert counts.excluded == 3  # folder a as one, d.png and odd


def test_what_runs_left_in_any_out_of_a_bucket_is_passed_over(bucket):
    run = "20261128T080627Z-1f616d"
    theirs = ("a.jpg", "heatmaps/run=1/e.jpg", f"my/run={run}/g.jpg")
    ours = (f"heatmaps/run={run}/b.jpg", f"old/heatmaps/run={run}/c.jpg")
    fill(bucket, dict.fromkeys((*theirs, *ours), b"x"))
    assert relative(bucket)[0] == sorted(theirs, key=str.encode)


def test_one_object_and_a_list_in_a_bucket(bucket):
    fill(bucket)
    fill(bucket, {"list.txt": f"{bucket}/a.jpg\n{bucket}/b\n{bucket}/gone.jpg\n".encode()})
    assert relative(f"{bucket}/odd")[0] == [f"{bucket}/odd"]
    found, counts = relative(f"{bucket}/list.txt")
    assert found == [f"{bucket}/{name}" for name in ("a.jpg", "b/c/d.png", "gone.jpg")]
    assert counts.not_photos == 1


def test_a_local_list_may_mix_paths_and_urls(bucket, tmp_path):
    fill(bucket)
    (tmp_path / "x.jpg").touch()
    lines = [f"{tmp_path}/x.jpg", f"{bucket}/a.jpg", f"{tmp_path}/y.jpg"]
    lines += [f"{bucket}/gone-{index}.jpg" for index in range(40)]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    refs = list(open_listing(str(tmp_path / "list.txt")))
    assert [ref.location for ref in refs] == lines
    assert [ref.size_bytes for ref in refs[:4]] == [0, 1, None, None]


def test_a_folder_that_cannot_be_listed_is_counted(bucket, monkeypatch):
    fill(bucket)
    store = fsspec.filesystem("memory")
    monkeypatch.setattr(type(store), "ls", refuse_below("/a0", type(store).ls))
    found, counts = relative(bucket)
    assert found == [name for name in PHOTOS if name != "a0/1.jpg"]
    assert counts.unreadable_folders == 1


def test_a_listing_that_breaks_off_at_its_root_ends_the_run(bucket, monkeypatch):
    fill(bucket)
    store = fsspec.filesystem("memory")
    monkeypatch.setattr(type(store), "ls", refuse_below("", type(store).ls))
    with pytest.raises(RunError, match="broke off: permission denied"):
        list(open_listing(bucket))


def refuse_below(end, listing):
    def ls(store, path, **options):
        if path.endswith(end):
            raise PermissionError("forbidden?token=secret")
        return listing(store, path, **options)

    return ls


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param("memory://nowhere-at-all", "there is none", id="missing"),
        pytest.param("nosuch://bucket/x", "Protocol not known", id="unknown-protocol"),
        pytest.param("https://u:p@127.0.0.1:9/x?k=secret", "127.0.0.1:9/x: ", id="no-server"),
    ],
)
def test_sources_that_cannot_be_reached_are_refused_without_secrets(source, message):
    with pytest.raises(ConfigError, match=message) as refusal:
        list(open_listing(source))
    assert "secret" not in str(refusal.value)
    assert "u:p" not in str(refusal.value)


def test_a_missing_client_names_the_extra_to_install(monkeypatch):
    def refuse(protocol):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "get_filesystem_class", refuse)
    with pytest.raises(ConfigError, match=r"pip install 'landmark-tagger\[s3\]'"):
        open_listing("s3://photos")


@pytest.fixture
def s3_bucket(s3_endpoint):
    import boto3

    client = boto3.client("s3")
    client.create_bucket(Bucket="photos")
    yield "s3://photos", client
    objects = client.list_objects_v2(Bucket="photos").get("Contents", [])
    for entry in objects:
        client.delete_object(Bucket="photos", Key=entry["Key"])
    client.delete_bucket(Bucket="photos")


def test_s3_is_listed_in_key_order_over_pages(s3_bucket, monkeypatch):
    url, client = s3_bucket
    monkeypatch.setattr(buckets, "PAGE", 3)
    for name, content in (FILES | {"folder/": b"", "dots::in/k.jpg": b"x"}).items():
        client.put_object(Bucket="photos", Key=name, Body=content)
    found, counts = relative(url)
    assert found == sorted((*PHOTOS, "dots::in/k.jpg"), key=str.encode)
    assert counts.not_photos == 3
    (ref,) = open_listing(f"{url}/a/1.jpg")
    assert ref.etag == client.head_object(Bucket="photos", Key="a/1.jpg")["ETag"].strip('"')
    assert relative(f"{url}/a")[0] == ["1.jpg", "2.HEIC"]


def test_s3_without_such_a_bucket_is_refused(s3_endpoint):
    with pytest.raises(ConfigError, match="there is none"):
        open_listing("s3://no-such-bucket/x")


def test_bucket_listings_do_not_hold_the_library(s3_bucket, monkeypatch):
    url, client = s3_bucket
    monkeypatch.setattr(buckets, "PAGE", 2)
    for index in range(8):
        client.put_object(Bucket="photos", Key=f"{index}.jpg", Body=b"x")
    photos = iter(open_listing(url))
    assert next(photos).location == f"{url}/0.jpg"
    assert Path(next(photos).location).name == "1.jpg"
