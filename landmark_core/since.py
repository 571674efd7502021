"""Read what `--since` and `--until` say: an age, a day or a moment becomes one end of a time.

    36h, 7d, 2w            an age, counted back from the start of the run; a day has 24 hours
    2026-11-20             a day in the time zone of --time-zone; since its midnight, until its end
    2026-11-20T18:30+01:00 a moment; it carries its own zone

Pure: the clock is the caller's.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from landmark_core.errors import ConfigError

_AGE = re.compile(r"([0-9]{1,18}) ?([hdw])", re.IGNORECASE)
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
_EXPECTED = "must be an age (36h, 7d, 2w), a day (2026-11-20) or a moment with its zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time that a run looks at: from `since`, inclusive, to `now`."""

    since: datetime  # with a zone
    now: datetime  # with a zone; the start of the run
    zone: ZoneInfo  # whose days and hours name the partitions of SOURCE

    @property
    def since_us(self) -> int:
        """The window's start in microseconds since 1970, UTC; the unit of a listing's times."""
        return _microseconds(self.since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time that may be open at either end, in microseconds since 1970, UTC."""

    since_us: int | None = None  # inclusive
    until_us: int | None = None  # exclusive


def open_window(since: str | None, time_zone: str, now: datetime) -> Window | None:
    """Return the window of a run that starts now; null where nothing limits it.

    Args:
        since: text of `--since`; null without it.
        time_zone: IANA name, such as UTC or Europe/Berlin.
        now: start of the run, with a zone.

    Raises:
        ConfigError: the text or the zone cannot be read, or the window starts in the future.
    """
    if since is None:
        return None
    zone, parsed = read_zone(time_zone), parse_since(since)
    try:
        start = _start_of(parsed, zone, now)
    except OverflowError:  # before the year 1
        start = datetime.min.replace(tzinfo=UTC)
    if start < _EPOCH:
        raise ConfigError(f"--since {since} is before 1970: leave --since away to look at all")
    if start > now:
        raise ConfigError(
            f"--since {since} is in the future: now is {now.astimezone(zone):%Y-%m-%d %H:%M %Z}"
        )
    return Window(since=start, now=now, zone=zone)


def read_span(since: str | None, until: str | None, time_zone: str, now: datetime) -> Span:
    """Return the time between two texts; null leaves an end open.

    Args:
        since: text of `--since`, read as `open_window` reads it.
        until: text of `--until`; a day is in the span to its end.
        time_zone: IANA name, such as UTC or Europe/Berlin.
        now: with a zone.

    Raises:
        ConfigError: a text or the zone cannot be read, or nothing lies between the two.
    """
    window = open_window(since, time_zone, now)
    since_us = window.since_us if window else None
    until_us = None if until is None else _end_us(until, read_zone(time_zone), now)
    if until_us is not None and until_us <= (since_us or 0):
        start = f"--since {since}" if since else "1970"
        raise ConfigError(f"--until {until} is not after {start}")
    return Span(since_us=since_us, until_us=until_us)


def parse_since(text: str, option: str = "--since") -> timedelta | date:
    """Return the age, the day (a plain `date`) or the moment (a `datetime`) that a text says.

    Args:
        text: what was given.
        option: by which it was given, for the message.

    Raises:
        ConfigError: it is none of these, or a moment without a zone.
    """
    if age := _AGE.fullmatch(text.strip()):
        number = min(int(age[1]), 10**7)  # so many hours are before 1970 already
        return timedelta(hours=number * _HOURS[age[2].lower()])
    try:
        if "T" not in text.upper() and " " not in text.strip():
            return date.fromisoformat(text.strip())
        moment = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        raise ConfigError(f"{option} {_EXPECTED}, got {text!r}") from None
    if moment.tzinfo is None:
        raise ConfigError(
            f"{option} {_EXPECTED}, got {text!r} without one: add Z for UTC, or +01:00"
        )
    return moment


def read_zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name.

    Raises:
        ConfigError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones
        raise ConfigError(
            f"--time-zone must be a name such as UTC or Europe/Berlin, got {name!r}"
        ) from None


def _start_of(parsed: timedelta | date, zone: ZoneInfo, now: datetime) -> datetime:
    if isinstance(parsed, timedelta):
        return now - parsed
    if isinstance(parsed, datetime):
        return parsed
    return datetime.combine(parsed, time(), zone)


def _end_us(text: str, zone: ZoneInfo, now: datetime) -> int:
    parsed = parse_since(text, "--until")
    try:
        if isinstance(parsed, date) and not isinstance(parsed, datetime):
            parsed += timedelta(days=1)  # its end is the next midnight
        return _microseconds(_start_of(parsed, zone, now))
    except OverflowError:  # an age before the year 1, or the last day of all
        return 0 if isinstance(parsed, timedelta) else _microseconds(_LAST)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
