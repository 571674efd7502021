"""ULIDs: ids of 26 characters that sort by the time at which they were made.

48 bits of milliseconds since 1970, then 80 random ones, in Crockford's base 32
(https://github.com/ulid/spec). Pure: the moment and the randomness come in.
"""

import random
import re
from datetime import UTC, datetime, timedelta

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_FORM = re.compile(f"[0-7][{_ALPHABET}]{{25}}")
_RANDOM_BITS = 80
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Ulids:
    """Makes ids that ascend strictly, also within one millisecond and when the clock goes back."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._last = -1

    def new(self, moment: datetime) -> str:
        """Return an id above all earlier ones.

        Args:
            moment: UTC, from 1970 on.

        Raises:
            ValueError: if the moment lies before 1970.
        """
        milliseconds = (moment - _EPOCH) // _MILLISECOND
        if milliseconds < 0:
            raise ValueError(f"a ULID needs a moment from 1970 on, got {moment}")
        drawn = milliseconds << _RANDOM_BITS | self._rng.getrandbits(_RANDOM_BITS)
        same_time = drawn >> _RANDOM_BITS <= self._last >> _RANDOM_BITS
        self._last = self._last + 1 if same_time else drawn  # the specification's "monotonic"
        return _encode(self._last)


def is_ulid(text: str) -> bool:
    """Whether a text has the form of a ULID, in capitals as it is written canonically."""
    return _FORM.fullmatch(text) is not None


def moment_of(ulid: str) -> datetime:
    """Return the moment that an identifier carries, UTC; the last that Python knows at most."""
    number = 0
    for character in ulid:
        number = number << 5 | _ALPHABET.index(character)
    try:
        return datetime.fromtimestamp((number >> 80) / 1000, UTC)
    except (OverflowError, ValueError):  # 48 bits reach into the year 10889
        return datetime.max.replace(tzinfo=UTC)


def _encode(value: int) -> str:
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
