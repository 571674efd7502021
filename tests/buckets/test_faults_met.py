"""Listing and fetching under faults, against real servers: nothing missed, nothing twice.

S3 is in every run; Azure and Google in `make test-orchestration`.
"""

import logging

import pytest
from faulty_proxy import Request, Rule

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError, RunError
from landmark_core.library import buckets, fetch_photo, open_listing, pages
from landmark_core.library.persistence import Perseverance

# Stores and proxies of their own take a while to start; `test_bucket_library` is in every run.
pytestmark = pytest.mark.orchestration

QUICK = ReadLimits(fetch_timeout_s=0.8)
FAULTS = (
    "slow_down",
    "truncated",
    *(name for name in ("internal", "reset", "stall", "trickle")),
)
ALL_STORES = pytest.mark.parametrize(
    "store",
    [
        "s3",
        "az",
        "gs",
    ],
    indirect=True,
)


def fill(store, count: int = 12, size: int = 3000) -> list[str]:
    names = [f"a/{number:03d}.jpg" for number in range(count)]
    for number, name in enumerate(names):
        store.direct.pipe_file(f"{store.name}/{name}", bytes([number]) * (size + number))
    return names


def fetch(ref, limits=QUICK) -> bytes:
    return fetch_photo(ref, limits, sleep=lambda _: None)


def fail(ref, limits=QUICK) -> str:
    with pytest.raises(PhotoError) as failure:
        fetch(ref, limits)
    assert failure.value.status == "fetch_error"
    return failure.value.reason


def is_listing(request: Request) -> bool:
    marks = ("list-type=2", "comp=list", "/o?")
    return request.method == "GET" and any(mark in request.path for mark in marks)


def often(fault, matches) -> tuple[Rule, Rule]:
    return Rule(fault, times=1, matches=matches), Rule(fault, share=0.5, matches=matches)


@pytest.fixture
def no_pauses(monkeypatch):
    """Listings do not wait between two tries of a page, and pages are small."""
    monkeypatch.setattr(pages, "_PATIENCE", Perseverance(10, lambda _: None))
    monkeypatch.setattr(pages, "_ANSWER_S", 1.0)
    monkeypatch.setattr(buckets, "PAGE", 4)


@ALL_STORES
@pytest.mark.parametrize("fault", FAULTS)
def test_a_listing_goes_on_where_a_page_failed(store, fault, no_pauses):
    names = fill(store)
    store.proxy.stall_s = 1.5
    store.proxy.reset(*often(fault, is_listing))
    listed = [ref.location.removeprefix(f"{store.url}/") for ref in open_listing(store.url)]
    assert listed == names
    faults = store.proxy.faults()[fault]
    assert faults
    good = [one.request.path for one in store.proxy.log if one.fault in (None, "trickle")]
    size = ("max-keys=4", "maxResults=4", "maxresults=4")  # looking for the folder asks for fewer
    pages_read = [path for path in good if any(mark in path for mark in size)]
    expected = 1 if store.url.startswith("gs") else 3  # the emulator knows no pages
    assert len(pages_read) == len(set(pages_read)) == expected  # 4 keys each, none of them twice
    assert store.proxy.not_tried_again() == []


def test_a_listing_that_never_goes_on_ends_the_run(s3, no_pauses):
    fill(s3)
    photos = iter(open_listing(s3.url))
    assert next(photos).location.endswith("000.jpg")
    s3.proxy.reset(Rule("slow_down", matches=is_listing))
    with pytest.raises(RunError, match=r"broke off: HTTP status 503 \(SlowDown\)"):
        list(photos)
    assert s3.proxy.faults()["slow_down"] == 10


@ALL_STORES
@pytest.mark.parametrize("fault", FAULTS)
def test_a_photo_comes_whole_or_is_asked_for_again(store, fault):
    fill(store, count=3)
    refs = list(open_listing(store.url))
    store.proxy.stall_s = 1.2
    store.proxy.reset(*often(fault, lambda r: r.is_object))
    for number, ref in enumerate(refs):
        assert fetch(ref) == bytes([number]) * (3000 + number)
    assert store.proxy.faults()[fault]
    assert store.proxy.not_tried_again() == []


@ALL_STORES
def test_tries_run_out_and_the_row_says_why(store):
    fill(store, count=1)
    (ref,) = open_listing(store.url)
    store.proxy.reset(Rule("slow_down", matches=lambda r: r.is_object))
    assert "(try 4 of 4)" in fail(ref)
    assert store.proxy.faults()["slow_down"] == 4  # the client tries nothing by itself


def test_a_body_that_broke_off_is_completed_from_there(s3):
    fill(s3, count=1, size=100_000)
    (ref,) = open_listing(s3.url)
    s3.proxy.reset(Rule("truncated", times=2, matches=lambda r: r.is_object))
    assert fetch(ref) == bytes(100_000)
    first, second, third = (request.range for request in s3.proxy.asked_for("000.jpg"))
    assert first is None
    starts = [int(text.removeprefix("bytes=").partition("-")[0]) for text in (second, third)]
    assert 0 < starts[0] < starts[1] < 100_000


def test_an_object_replaced_in_mid_transfer_is_not_stitched_together(s3):
    fill(s3, count=1, size=100_000)
    (ref,) = open_listing(s3.url)
    s3.proxy.reset(Rule("truncated", times=1, matches=lambda r: r.is_object))

    def replace(_pause: float) -> None:
        s3.direct.pipe_file(f"{s3.name}/a/000.jpg", b"z" * 100_000)

    with pytest.raises(PhotoError, match="changed since it was listed"):
        fetch_photo(ref, QUICK, sleep=replace)


@pytest.mark.parametrize("store", ["s3", "az"], indirect=True)
def test_a_photo_replaced_since_it_was_listed_is_the_next_runs(store):
    fill(store, count=1)
    (ref,) = open_listing(store.url)
    store.direct.pipe_file(f"{store.name}/a/000.jpg", b"z" * 3000)  # as long as before
    assert fail(ref) == "could not be fetched: changed since it was listed"
    (again,) = open_listing(store.url)
    assert (again.etag != ref.etag, fetch(again)) == (True, b"z" * 3000)


@ALL_STORES
def test_a_photo_removed_since_it_was_listed_is_a_failure(store):
    fill(store, count=1)
    (ref,) = open_listing(store.url)
    store.direct.rm_file(f"{store.name}/a/000.jpg")
    # Azure answers a condition that no blob can meet before it looks for the blob.
    assert fail(ref) in (
        "could not be fetched: no such file",
        "could not be fetched: changed since it was listed",
    )


@ALL_STORES
def test_one_forbidden_photo_is_its_own_failure(store):
    fill(store, count=1)
    (ref,) = open_listing(store.url)
    store.proxy.reset(Rule("denied", matches=lambda r: r.is_object))
    assert "permission denied" in fail(ref)
    assert store.proxy.faults()["denied"] == 1


@ALL_STORES
def test_expired_credentials_are_read_anew_once(store):
    fill(store, count=2)
    first, second = open_listing(store.url)
    store.proxy.reset(Rule("expired", times=1, matches=lambda r: r.is_object))
    assert len(fetch(first)) == 3000
    store.proxy.reset(Rule("expired", matches=lambda r: r.is_object))
    reason = fail(second)
    assert reason.startswith("could not be fetched: credentials refused")
    assert "secret" not in reason
    assert store.proxy.faults()["expired"] == 2


def test_a_listing_reads_credentials_anew_too(s3, no_pauses, other_clients, monkeypatch, tmp_path):
    names = fill(s3)
    file = tmp_path / "credentials"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    key = "[default]\naws_access_key_id = %s\naws_secret_access_key = x\n"
    file.write_text(key % "OLDKEY")
    type(s3.direct).clear_instance_cache()
    photos = iter(open_listing(s3.url))
    assert next(photos).location.endswith("000.jpg")
    s3.proxy.reset(Rule("expired", matches=lambda r: "OLDKEY" in r.authorization))
    file.write_text(key % "NEWKEY")  # as a helper beside the run does in time
    assert 1 + len(list(photos)) == len(names)
    assert s3.proxy.faults()["expired"] <= 1


def test_what_is_logged_shows_no_secret(s3, no_pauses, caplog):
    fill(s3, count=2)
    caplog.set_level(logging.DEBUG, logger="landmark_core")
    s3.proxy.reset(Rule("slow_down", share=0.5), seed=5)
    for ref in open_listing(s3.url):
        fetch(ref)
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "HTTP status 503 (SlowDown), tried again" in said
    assert "secret" not in said
    assert "hidden-key" not in said


def test_what_a_store_does_not_tell_of_is_listed_not_lost(s3, no_pauses):
    s3.direct.pipe_file(f"{s3.name}/no-extension", b"\xff\xd8\xff")
    s3.direct.pipe_file(f"{s3.name}/secret", b"\xff\xd8\xff")
    s3.proxy.reset(
        Rule("internal", matches=lambda r: r.is_object and "no-ext" in r.path),
        Rule("denied", matches=lambda r: r.is_object and "secret" in r.path),
    )
    listing = open_listing(s3.url)
    assert [ref.location for ref in listing] == [f"{s3.url}/no-extension"]
    assert listing.counts.not_photos == 1
