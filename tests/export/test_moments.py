"""Moments as a spreadsheet leaves them alone, and back to the microsecond."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.export.moments import EPOCH, from_text, microseconds_of, to_text

INDIA = timezone(timedelta(hours=5, minutes=30))


def test_a_moment_is_written_in_utc_with_letters_behind_it():
    moment = datetime(2026, 11, 24, 5, 35, 38, 123456, INDIA)
    assert to_text(moment) == "2026-11-24 00:05:38.123456 UTC"
    assert microseconds_of(datetime(1970, 1, 2, tzinfo=UTC)) == 86_400_000_000
    assert microseconds_of(datetime(1970, 1, 1, tzinfo=INDIA)) == -19_800_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01 00:00:01.000002 UTC", 1_000_002),
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01T01:00:01+01:00", 1_000_000),
        ("1970-01-01 00:00:01", 1_000_000),  # a person typed it
        ("1970-01-02", 86_400_000_000),
    ],
)
def test_what_a_text_names(text, expected):
    assert from_text(text) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "24.11.2026", "1970-01-01 UTC UTC"])
def test_no_moment_is_refused(text):
    with pytest.raises(ValueError, match=r"[Ii]nvalid"):
        from_text(text)


@given(st.integers(-(10**15), 10**17))
def test_every_moment_comes_back(microseconds):
    assert from_text(to_text(EPOCH + timedelta(microseconds=microseconds))) == microseconds
