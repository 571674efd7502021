"""Date-partitioned libraries: a SOURCE with date fields becomes the places of a window of time.

`s3://bucket/uploads/%Y/%m/%d` stands for one place a day, `/photos/%Y-%m` for one a month. The
fields are %Y, %m, %d and %H, zero-padded as strftime writes them; %% is a percent sign. The finest
field decides the step, and a finer one needs the coarser ones, or a place would mean many days.
A SOURCE without %Y has no fields: percent signs in ordinary names mean nothing.

Pure: no place is asked whether it exists.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from landmark_core.addresses import without_secrets
from landmark_core.errors import ConfigError
from landmark_core.since import Window

MOST_PARTITIONS = 20_000  # a place costs a question; 54 years of days

_FIELD = re.compile(r"%(.?)", re.DOTALL)
_FIELDS = ("Y", "m", "d", "H")  # coarse to fine
# Zones differ from UTC by whole quarters of an hour, and their clocks jump by such too.
_QUARTER = timedelta(minutes=15)


def is_partitioned(source: str) -> bool:
    """Say whether a SOURCE holds date fields."""
    return source != "-" and "Y" in _FIELD.findall(source)


def fixed_part(source: str) -> str:
    """Return the place above the first date field: what a run without --since would be given."""
    parts = source.split("/")
    first = next((at for at, part in enumerate(parts) if set(_FIELD.findall(part)) & set(_FIELDS)))
    return "/".join(parts[:first]).replace("%%", "%") or ("/" if source.startswith("/") else ".")


def partitions(source: str, window: Window) -> list[str]:
    """Return the places of every step from the window's start to its end, both included, in order.

    Args:
        source: a SOURCE with date fields.
        window: from when to when, and whose days the fields name.

    Raises:
        ConfigError: a field is unknown or lacks a coarser one, or there would be too many places.
    """
    finest = _finest_field(source)
    places: dict[str, None] = {}  # ordered; an hour that the clock repeats is one place
    for step in _steps(finest, window):
        places[_fill(source, step)] = None
        if len(places) > MOST_PARTITIONS:
            plain = without_secrets(source)
            raise ConfigError(
                f"--since {window.since:%Y-%m-%d} makes more than {MOST_PARTITIONS:,} places of "
                f"{plain}; name {fixed_part(plain)} without --since"
            )
    return list(places)


def _finest_field(source: str) -> str:
    found = [field for field in _FIELD.findall(source) if field != "%"]
    if unknown := [field for field in found if field not in _FIELDS]:
        raise ConfigError(
            f"the date fields of SOURCE are %Y, %m, %d and %H (%% is a percent sign), "
            f"got %{unknown[0]} in {without_secrets(source)!r}"
        )
    finest = max(map(_FIELDS.index, found))
    if missing := [field for field in _FIELDS[:finest] if field not in found]:
        wrong = without_secrets(source)
        raise ConfigError(f"%{_FIELDS[finest]} in {wrong!r} needs %{missing[0]} as well")
    return _FIELDS[finest]


def _steps(finest: str, window: Window) -> Iterator[date]:
    """Yield a moment or a day of each step; some steps may come more than once in a row."""
    if finest == "H":
        moment = window.since.astimezone(UTC)
        moment -= timedelta(minutes=moment.minute % 15, seconds=moment.second)
        while moment <= window.now:
            yield moment.astimezone(window.zone)
            moment += _QUARTER
        return
    day = window.since.astimezone(window.zone).date()
    last = window.now.astimezone(window.zone).date()
    for number in range(day.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(number)


def _fill(source: str, step: date) -> str:
    hour = step.hour if isinstance(step, datetime) else 0
    values = {"Y": f"{step.year:04}", "m": f"{step.month:02}", "d": f"{step.day:02}"}
    values |= {"H": f"{hour:02}", "%": "%"}
    return _FIELD.sub(lambda found: values[found[1]], source)
