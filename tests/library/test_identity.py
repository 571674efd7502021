"""Identity of photos: hashes by hand, names of any bytes, versions as each store words them."""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from landmark_core.library.identity import is_url, local_ref, photo_id_of, url_ref


def test_photo_id_is_the_hash_of_the_absolute_path():
    expected = hashlib.sha256(b"file\0/photos/a.jpg").hexdigest()[:32]
    assert photo_id_of("/photos/a.jpg") == expected
    assert photo_id_of("/photos/sub/../a.jpg") == expected


def test_photo_id_of_a_url_is_another_one():
    expected = hashlib.sha256(b"url\0s3://photos/a.jpg").hexdigest()[:32]
    assert photo_id_of("s3://photos/a.jpg") == expected


def test_a_relative_path_counts_from_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert photo_id_of("a.jpg") == photo_id_of(str(tmp_path / "a.jpg"))


def test_links_stay_two_photos(tmp_path):
    (tmp_path / "a.jpg").touch()
    (tmp_path / "b.jpg").symlink_to("a.jpg")
    assert photo_id_of(str(tmp_path / "a.jpg")) != photo_id_of(str(tmp_path / "b.jpg"))


def test_names_that_are_not_utf8_are_escaped_for_people_and_kept_for_opening(tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    Path(os.fsdecode(path)).write_bytes(b"x")
    ref = local_ref(os.fsdecode(path), None)
    assert ref.uri.endswith(r"/caf\xe9.jpg")
    assert Path(ref.location).read_bytes() == b"x"
    assert ref.photo_id == hashlib.sha256(b"file\0" + path).hexdigest()[:32]


def test_local_version_is_size_and_time_in_microseconds(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"12345")
    os.utime(path, ns=(0, 1_700_000_000_123_456_789))
    ref = local_ref(str(path), path.stat())
    assert (ref.size_bytes, ref.modified_us, ref.etag) == (5, 1_700_000_000_123_456, None)


NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
NOON_US = 1_714_564_800_000_000  # date -u -d '2024-05-01 12:00' +%s


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        pytest.param(
            {"size": 7, "ETag": '"ab"', "LastModified": NOON}, (7, NOON_US, "ab"), id="s3"
        ),
        pytest.param(
            {"size": 7, "etag": "CJ==", "md5Hash": "x", "updated": "2024-05-01T12:00:00Z"},
            (7, NOON_US, "CJ=="),
            id="google",
        ),
        pytest.param(
            {"size": 7, "content_settings": {}, "etag": "0x8D", "last_modified": NOON},
            (7, NOON_US, "0x8D"),
            id="azure",
        ),
        pytest.param({"size": 7, "created": NOON}, (7, NOON_US, None), id="memory"),
        pytest.param({"size": 7, "mtime": NOON.timestamp()}, (7, NOON_US, None), id="local-like"),
        pytest.param({"size": None, "mtime": "yesterday"}, (None, None, None), id="tells-little"),
        pytest.param({}, (None, None, None), id="could-not-be-asked"),
        pytest.param(
            {"size": 1, "LastModified": NOON.replace(tzinfo=None)}, (1, NOON_US, None), id="naive"
        ),
    ],
)
def test_version_of_an_object_in_each_stores_words(info, expected):
    ref = url_ref("s3://b/a.jpg", info)
    assert (ref.size_bytes, ref.modified_us, ref.etag) == expected


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("s3://b/k", True),
        ("memory://x", True),
        ("https://h/x.jpg", True),
        ("/a/b://c", False),
        ("C://x", False),
        ("photos", False),
    ],
)
def test_urls_are_told_from_paths(location, expected):
    assert is_url(location) is expected
