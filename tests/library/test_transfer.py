"""Bytes on their way: what is asked for next, and never two halves of different versions."""

import pytest

from landmark_core.library.faults import ChangedError
from landmark_core.library.transfer import Transfer


def transfer(data: bytes = b"", *, size=10, etag="v1", limit=100) -> Transfer:
    return Transfer(size=size, etag=etag, limit=limit, data=bytearray(data))


@pytest.mark.parametrize(
    ("data", "size", "limit", "complete"),
    [
        (b"x" * 10, 10, 100, True),
        (b"x" * 9, 10, 100, False),
        (b"x" * 4, 10, 4, True),  # no more is wanted
        (b"x" * 3, 10, 4, False),
        (b"", 0, 100, True),
        (b"x" * 10, None, 100, False),  # nobody knows
    ],
)
def test_it_is_complete_with_all_bytes_that_are_promised_or_wanted(data, size, limit, complete):
    assert transfer(data, size=size, limit=limit).is_complete is complete


@pytest.mark.parametrize(
    ("data", "size", "limit", "wanted"),
    [
        (b"", 10, 100, None),  # the whole object
        (b"", 10, 10, None),
        (b"", 10, 9, "bytes=0-8"),
        (b"", None, 9, None),
        (b"abc", 10, 100, "bytes=3-99"),
        (b"abc", None, 100, "bytes=3-99"),
    ],
)
def test_a_range_is_asked_for_where_not_all_is_missing(data, size, limit, wanted):
    assert transfer(data, size=size, limit=limit).range_wanted() == wanted


def test_an_answer_of_the_wanted_version_goes_on_where_it_was():
    one = transfer(b"abc")
    assert not one.is_verified
    one.begin("v1", "bytes 3-9/10")
    assert (bytes(one.data), one.is_verified) == (b"abc", True)


def test_another_version_is_refused_and_nothing_verified():
    one = transfer(b"abc")
    with pytest.raises(ChangedError):
        one.begin("v2", "bytes 3-9/10")
    assert not one.is_verified


def test_where_no_version_was_wanted_the_first_answers_is_from_then_on():
    one = transfer(etag=None)
    one.begin("v7", None)
    assert (one.etag, one.is_verified) == ("v7", True)
    with pytest.raises(ChangedError):
        one.begin("v8", None)


def test_without_any_version_the_first_half_is_thrown_away():
    one = transfer(b"abc", etag=None)
    one.begin(None, "bytes 3-9/10")
    assert (bytes(one.data), one.is_verified) == (b"", False)


def test_a_store_that_is_silent_about_the_wanted_version_goes_on_unverified():
    one = transfer(b"abc")
    one.begin(None, "bytes 3-9/10")
    assert (bytes(one.data), one.is_verified) == (b"abc", False)


@pytest.mark.parametrize("content_range", [None, "bytes 0-9/10", "bytes 33-99/100", "3"])
def test_an_answer_from_another_place_starts_anew(content_range):
    one = transfer(b"abc")
    one.begin("v1", content_range)
    assert bytes(one.data) == (b"abc" if content_range == "3" else b"")


def test_chunks_are_taken_until_the_limit():
    one = transfer(limit=5)
    assert one.take(b"ab")
    assert one.take(b"cd")
    assert not one.take(b"e")
    assert bytes(one.data) == b"abcde"
