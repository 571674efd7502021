"""Moments as text that a spreadsheet leaves alone, and back to the microsecond. Pure."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ZONE = " UTC"  # with these letters a spreadsheet sees text; a bare date it would write anew


def microseconds_of(moment: datetime) -> int:
    """Return the microseconds since 1970 of a moment that has a time zone."""
    return (moment - EPOCH) // _MICROSECOND


def to_text(moment: datetime) -> str:
    """Return a moment as `2026-11-24 00:05:38.123456 UTC`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") + _ZONE


def from_text(text: str) -> int:
    """Return the microseconds since 1970 that a text names, in our form or as ISO 8601 has it.

    Raises:
        ValueError: if it is no moment; one without a time zone is taken as UTC.
    """
    moment = datetime.fromisoformat(text.removesuffix(_ZONE))
    return microseconds_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
