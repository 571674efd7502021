"""Fetching: bytes against what was stored; retries, limits and order against a real web server."""

import os
import threading
import time
from pathlib import Path

import fsspec
import pytest

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError
from landmark_core.library.fetch import fetch_many, fetch_photo
from landmark_core.library.identity import local_ref, url_ref

LIMITS = ReadLimits(max_bytes=1000, fetch_attempts=3, fetch_timeout_s=5.0)
BODY = b"p" * 600


def send(body=BODY, status=200, *, claim=None, pause=0.0):
    def answer(request):
        time.sleep(pause)
        request.send_response(status)
        request.send_header("Content-Length", str(len(body) if claim is None else claim))
        request.end_headers()
        request.wfile.write(body)

    return answer


def in_turn(*answers):
    remaining = list(answers)
    lock = threading.Lock()

    def answer(request):
        with lock:
            chosen = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        chosen(request)

    return answer


def local(path):
    try:
        return local_ref(str(path), Path(path).stat())
    except (OSError, ValueError):
        return local_ref(str(path), None)


def fail(ref, limits=LIMITS):
    with pytest.raises(PhotoError) as failure:
        fetch_photo(ref, limits, sleep=lambda _: None)
    return failure.value.status, failure.value.reason


def test_local_bytes_come_as_they_are(tmp_path):
    (tmp_path / "a.jpg").write_bytes(BODY)
    assert fetch_photo(local(tmp_path / "a.jpg"), LIMITS) == BODY


def test_a_photo_that_could_not_be_looked_at_while_listing_waits_for_the_next_run(tmp_path):
    """Its row would be of no version, and the next listing would have it done once more."""
    (tmp_path / "a.jpg").write_bytes(BODY)
    status, reason = fail(local_ref(str(tmp_path / "a.jpg"), None))
    assert (status, reason) == (
        "fetch_error", "its size and time could not be had while listing"
    )  # fmt: skip


def test_local_names_that_are_not_utf8_open(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jpg")
    Path(path).write_bytes(BODY)
    assert fetch_photo(local(path), LIMITS) == BODY


def test_local_failures_are_named(tmp_path):
    (tmp_path / "big.jpg").write_bytes(b"x" * 1001)
    os.mkfifo(tmp_path / "pipe.jpg")
    assert fail(local(tmp_path / "gone.jpg")) == (
        "fetch_error",
        "could not be fetched: no such file",
    )
    assert fail(local(tmp_path / "big.jpg")) == ("too_large", "more than 1,000 bytes")
    assert fail(local(tmp_path / "pipe.jpg")) == ("fetch_error", "not an ordinary file")
    assert fail(local(tmp_path)) == ("fetch_error", "not an ordinary file")
    assert fail(local(tmp_path / ("x" * 300)))[1] == "could not be fetched: file name too long"
    assert fail(local("nul\0in.jpg"))[0] == "fetch_error"


def test_local_limit_is_exact(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"x" * 1000)
    assert len(fetch_photo(local(tmp_path / "a.jpg"), LIMITS)) == 1000


@pytest.mark.parametrize("listed_size", [600, None], ids=["listed", "size-unknown"])
def test_bucket_bytes_come_as_they_are(bucket, listed_size):
    with fsspec.open(f"{bucket}/a.jpg", "wb") as file:
        file.write(BODY)
    assert fetch_photo(url_ref(f"{bucket}/a.jpg", {"size": listed_size}), LIMITS) == BODY


def test_an_empty_object_is_empty_not_an_error(bucket):
    with fsspec.open(f"{bucket}/a.jpg", "wb"):
        pass
    assert fetch_photo(url_ref(f"{bucket}/a.jpg", {"size": 0}), LIMITS) == b""


def test_a_listed_size_over_the_limit_is_never_transferred(web):
    ref = url_ref(f"{web.url}/a.jpg", {"size": 5000})
    assert fail(ref) == ("too_large", "more than 1,000 bytes")
    assert web.asked == []


def test_an_object_that_grew_over_the_limit_is_too_large(bucket):
    with fsspec.open(f"{bucket}/a.jpg", "wb") as file:
        file.write(b"x" * 5000)
    assert fail(url_ref(f"{bucket}/a.jpg", {"size": 10}))[0] == "too_large"


def test_passing_faults_are_retried_with_growing_jittered_pauses(web):
    web.answers["/a.jpg"] = in_turn(send(status=503), send(status=429), send())
    pauses = []
    ref = url_ref(f"{web.url}/a.jpg", {"size": 600})
    assert fetch_photo(ref, LIMITS, sleep=pauses.append, draw=lambda: 0.5) == BODY
    assert pauses == [0.25, 0.5]  # half of 0.5 and 1 seconds


def test_tries_run_out(web):
    web.answers["/a.jpg"] = send(status=500)
    status, reason = fail(url_ref(f"{web.url}/a.jpg?signature=secret", {"size": 600}))
    assert (status, len(web.asked)) == ("fetch_error", 3)
    assert reason == "could not be fetched: HTTP status 500 (try 3 of 3)"


@pytest.mark.parametrize("code", [403, 404, 410])
def test_lasting_faults_are_not_retried_and_show_no_secret(web, code):
    web.answers["/a.jpg"] = send(status=code)
    status, reason = fail(url_ref(f"{web.url}/a.jpg?signature=secret", {"size": 600}))
    assert (status, len(web.asked)) == ("fetch_error", 1)
    assert "secret" not in reason


def test_a_cut_transfer_is_retried_then_a_failure(web):
    web.answers["/a.jpg"] = send(BODY[:100])
    ref = url_ref(f"{web.url}/a.jpg", {"size": 600})
    assert fail(ref) == (
        "fetch_error",
        "could not be fetched: expected 600 bytes, got 100 (try 3 of 3)",
    )
    web.answers["/a.jpg"] = in_turn(send(BODY[:100], claim=600), send())
    assert fetch_photo(ref, LIMITS, sleep=lambda _: None) == BODY


def test_a_transfer_that_hangs_times_out(web):
    web.answers["/a.jpg"] = send(pause=3.0)
    limits = ReadLimits(fetch_attempts=1, fetch_timeout_s=0.3)
    started = time.monotonic()
    status, reason = fail(url_ref(f"{web.url}/a.jpg", {"size": 600}), limits)
    assert (status, reason) == ("fetch_error", "could not be fetched: timed out (try 1 of 1)")
    assert time.monotonic() - started < 2.5


def test_a_client_that_cannot_be_told_to_stop_times_out_too(bucket, monkeypatch):
    with fsspec.open(f"{bucket}/a.jpg", "wb") as file:
        file.write(BODY)
    store = type(fsspec.filesystem("memory"))
    monkeypatch.setattr(store, "cat_file", lambda *_, **__: time.sleep(2))
    limits = ReadLimits(fetch_attempts=1, fetch_timeout_s=0.2)
    started = time.monotonic()
    status, reason = fail(url_ref(f"{bucket}/a.jpg", {"size": 600}), limits)
    assert (status, reason) == ("fetch_error", "could not be fetched: timed out (try 1 of 1)")
    assert time.monotonic() - started < 1.5


def test_an_object_that_grew_is_not_taken_for_the_one_that_was_listed(bucket):
    with fsspec.open(f"{bucket}/a.jpg", "wb") as file:
        file.write(BODY)
    reason = fail(url_ref(f"{bucket}/a.jpg", {"size": 599}))[1]
    assert reason == "could not be fetched: changed since it was listed"


def test_many_keep_their_order_and_their_failures(web, tmp_path):
    (tmp_path / "local.jpg").write_bytes(b"local")
    refs = [local(tmp_path / "local.jpg"), local(tmp_path / "gone.jpg")]
    for index in range(12):  # the first ones answer last
        web.answers[f"/{index}.jpg"] = send(b"%d" % index, pause=0.2 if index < 3 else 0.0)
        refs.append(url_ref(f"{web.url}/{index}.jpg", {}))
    web.answers["/5.jpg"] = send(status=404)
    outcomes = list(fetch_many(refs, LIMITS))
    assert [ref for ref, _ in outcomes] == refs
    contents = [outcome for _, outcome in outcomes if isinstance(outcome, bytes)]
    assert contents == [b"local", *(b"%d" % index for index in range(12) if index != 5)]


def test_no_more_are_under_way_than_allowed(web):
    running, most = 0, 0
    lock = threading.Lock()

    def answer(request):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1
        send(b"x" * 400)(request)

    web.answers["/a.jpg"] = answer
    refs = [url_ref(f"{web.url}/a.jpg?{index}", {"size": 400}) for index in range(12)]
    four = ReadLimits(fetch_concurrency=4)
    assert len(list(fetch_many(refs, four))) == 12
    assert 2 <= most <= 4
    most = 0
    two_fit = ReadLimits(fetch_concurrency=4, max_bytes=1000)  # 2 x 400 bytes, not 3 x 400
    assert len(list(fetch_many(refs, two_fit))) == 12
    assert most <= 3  # one that is done but not yet read may stand beside them


def test_a_reader_that_stops_early_leaves_nothing_running(web):
    web.answers["/a.jpg"] = send()
    before = threading.active_count()
    photos = fetch_many([url_ref(f"{web.url}/a.jpg?{i}", {}) for i in range(50)], LIMITS)
    next(photos)
    photos.close()
    assert len(web.asked) <= 2 * LIMITS.fetch_concurrency
    assert threading.active_count() <= before + 2  # fsspec's own loop, and the server's thread
