"""URLs lose their keys and nothing else, and stay the same photo when they are signed anew."""

import pytest

from landmark_core.addresses import clean_text, is_secret, without_secrets
from landmark_core.library.identity import photo_id_of, url_ref
from landmark_core.library.keyring import keep_key, with_keys


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://h/a.jpg?X-Amz-Signature=1&X-Amz-Date=2&v=3", "https://h/a.jpg?v=3"),
        ("https://h/a.jpg?x-amz-security-token=1", "https://h/a.jpg"),
        ("https://h/a.jpg?X%2DAmz%2DSignature=1", "https://h/a.jpg"),
        ("https://h/c/a.jpg?sv=2024&se=1&sp=r&sig=abc%3D", "https://h/c/a.jpg"),
        ("https://h/a.jpg?Expires=1&Signature=2&Key-Pair-Id=3", "https://h/a.jpg"),
        ("https://h/a.jpg?GoogleAccessId=1&Expires=2&Signature=3", "https://h/a.jpg"),
        ("https://h/a.jpg?access_token=1&id=7#top", "https://h/a.jpg?id=7"),
        ("https://ann:p@ss@h/a.jpg", "https://h/a.jpg"),
        ("https://ann:secret@h/a.jpg?id=7", "https://h/a.jpg?id=7"),
        ("ftp://ann@h/a.jpg", "ftp://h/a.jpg"),
        ("s3://key:secret@bucket/a.jpg", "s3://bucket/a.jpg"),
    ],
)
def test_keys_go(url, plain):
    assert without_secrets(url) == plain
    assert is_secret(url)
    assert not is_secret(plain)
    assert clean_text(f"cannot open {url}: no") == f"cannot open {plain}: no"


@pytest.mark.parametrize(
    "address",
    [
        *("https://h/photo?id=7&se=1&policy=wide", "https://h/a%20b.jpg#x", "s3://b/a@2x.jpg"),
        *("abfs://box@account.dfs.core.windows.net/a.jpg", "memory://a@2x.jpg", "s3://b/why?.jpg"),
        *("/photos/sig=1?sig=2@x.jpg", "C:\\photos", "-", "", "s3://b/a.jpg?versionId=4"),
        "https://h/photo?key=a.jpg",
    ],
)
def test_what_is_no_key_stays(address):
    assert without_secrets(address) == address
    assert not is_secret(address)


def test_a_photo_that_is_signed_anew_is_the_same_photo():
    first, second = (url_ref(f"https://h/a.jpg?X-Amz-Signature={n}", {}) for n in (1, 2))
    assert first.photo_id == second.photo_id == photo_id_of("https://h/a.jpg")
    assert first.uri == second.uri == "https://h/a.jpg"
    assert (first.location, second.location) == tuple(
        f"https://h/a.jpg?X-Amz-Signature={n}" for n in (1, 2)
    )


def test_the_process_that_planned_opens_photos_of_its_plan():
    import dataclasses

    signed = url_ref("https://h/kept.jpg?sig=abc", {})
    plain = url_ref("https://h/plain.jpg", {})
    assert keep_key(signed)
    assert not keep_key(plain)
    planned = [dataclasses.replace(signed, location=signed.uri), plain]
    assert with_keys(planned) == [signed, plain]
