"""What --since and --until say, against moments by hand; every refusal in one line."""

from datetime import UTC, datetime, timedelta

import pytest

from landmark_core.config import TagConfig
from landmark_core.errors import ConfigError
from landmark_core.since import open_window, read_span

NOW = datetime(2026, 11, 24, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        pytest.param("36h", "UTC", "2026-11-22T15:30:00+00:00", id="hours"),
        pytest.param("7d", "UTC", "2026-11-17T03:30:00+00:00", id="days"),
        pytest.param("2W", "UTC", "2026-11-10T03:30:00+00:00", id="weeks"),
        pytest.param("0d", "UTC", "2026-11-24T03:30:00+00:00", id="nothing"),
        pytest.param("2026-11-20", "UTC", "2026-11-20T00:00:00+00:00", id="day"),
        pytest.param("2026-11-20", "Asia/Tokyo", "2026-11-19T15:00:00+00:00", id="day-in-tokyo"),
        pytest.param("2026-11-20T18:30Z", "Asia/Tokyo", "2026-11-20T18:30:00+00:00", id="moment"),
        pytest.param("2026-11-20 18:30+01:00", "UTC", "2026-11-20T17:30:00+00:00", id="offset"),
        pytest.param(" 7 D ", "UTC", "2026-11-17T03:30:00+00:00", id="blanks"),
        pytest.param(" 2026-11-20 ", "UTC", "2026-11-20T00:00:00+00:00", id="day-and-blanks"),
        pytest.param("2026-11-20t18:30z", "UTC", "2026-11-20T18:30:00+00:00", id="small-letters"),
        pytest.param("1970-01-01", "UTC", "1970-01-01T00:00:00+00:00", id="first-day-of-1970"),
        pytest.param("2026-11-24T03:30Z", "UTC", "2026-11-24T03:30:00+00:00", id="now"),
    ],
)
def test_the_window_starts_where_the_text_says(text, zone, expected):
    window = open_window(text, zone, NOW)
    assert window is not None
    assert window.since == datetime.fromisoformat(expected)
    assert window.since_us == datetime.fromisoformat(expected).timestamp() * 1_000_000
    assert window.now == NOW


def test_an_age_of_days_is_exact_across_a_change_of_clocks():
    now = datetime(2026, 3, 29, 12, tzinfo=UTC)  # Berlin lost an hour that night
    window = open_window("1d", "Europe/Berlin", now)
    assert window is not None
    assert now - window.since == timedelta(hours=24)


def test_without_since_there_is_no_window():
    assert open_window(None, "UTC", NOW) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("yesterday", "must be an age", id="a-word"),
        pytest.param("7", "must be an age", id="no-unit"),
        pytest.param("-7d", "must be an age", id="negative"),
        pytest.param("2026-13-01", "must be an age", id="no-such-month"),
        pytest.param("2026-11-20T18:30", "add Z for UTC", id="no-zone"),
        pytest.param("", "must be an age", id="empty"),
    ],
)
def test_settings_refuse_what_cannot_be_read(text, message):
    with pytest.raises(ConfigError, match=message) as refusal:
        TagConfig(source="/photos", out="/out", since=text)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "", "Europe"])
def test_settings_refuse_a_zone_that_does_not_exist(zone):
    with pytest.raises(ConfigError, match="--time-zone must be a name"):
        TagConfig(source="/photos", out="/out", time_zone=zone)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("2026-11-25", "in the future: now is 2026-11-2[34] ", id="tomorrow"),
        pytest.param("2026-11-24T03:30:01Z", "in the future", id="in-a-second"),
        pytest.param("1969-12-31T23:59:59Z", "before 1970", id="the-second-before-1970"),
        pytest.param("0001-01-01", "before 1970", id="the-first-day"),
        pytest.param("9999999999999w", "before 1970", id="an-age-beyond-all-calendars"),
        pytest.param("99999d", "before 1970", id="old"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_window_lies_between_1970_and_now(text, message, zone):
    with pytest.raises(ConfigError, match=message):
        open_window(text, zone, NOW)


@pytest.mark.parametrize(
    ("since", "until", "zone", "expected"),
    [
        pytest.param(None, None, "UTC", (None, None), id="open"),
        pytest.param("2026-01-01", None, "UTC", ("2026-01-01T00:00Z", None), id="since"),
        pytest.param(None, "2026-01-31", "UTC", (None, "2026-02-01T00:00Z"), id="to-its-end"),
        pytest.param(
            "2026-01-01",
            "2026-01-01",
            "Asia/Tokyo",
            ("2025-12-31T15:00Z", "2026-01-01T15:00Z"),
            id="a-day-in-tokyo",
        ),
        pytest.param("2d", "36h", "UTC", ("2026-11-22T03:30Z", "2026-11-22T15:30Z"), id="ages"),
        pytest.param(None, "2026-01-31T12:00Z", "UTC", (None, "2026-01-31T12:00Z"), id="moment"),
    ],
)
def test_a_span_lies_between_two_texts(since, until, zone, expected):
    span = read_span(since, until, zone, NOW)
    moments = [text and datetime.fromisoformat(text).timestamp() * 1e6 for text in expected]
    assert [span.since_us, span.until_us] == moments


@pytest.mark.parametrize(
    ("since", "until", "message"),
    [
        pytest.param("1d", "2d", "--until 2d is not after --since 1d", id="the-wrong-way-round"),
        pytest.param(None, "1969-12-30", "--until 1969-12-30 is not after 1970", id="long-ago"),
        pytest.param(None, "9999999999w", "is not after 1970", id="before-the-year-1"),
        pytest.param(None, "later", "--until must be an age", id="a-word"),
        pytest.param("2999-01-01", None, "in the future", id="future"),
    ],
)
def test_a_span_refuses(since, until, message):
    with pytest.raises(ConfigError, match=message):
        read_span(since, until, "UTC", NOW)


def test_the_last_day_of_all_has_an_end():
    assert read_span(None, "9999-12-31", "UTC", NOW).until_us == 253_402_300_799_999_999
