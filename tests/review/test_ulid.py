"""ULIDs: the specification's own example, order within one millisecond, and their form."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from landmark_core.review.ulid import Ulids, is_ulid, moment_of

# From https://github.com/ulid/spec: its first ten characters are the time, 1469918176385 ms.
EXAMPLE = "01ARYZ6S41TSV4RRFFQ69G5FAV"
EXAMPLE_TIME = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=1_469_918_176_385)


class Drawn(random.Random):
    """Draws a given number of 80 bits."""

    def __init__(self, value: int) -> None:
        super().__init__()
        self.value = value

    def getrandbits(self, bits: int, /) -> int:
        assert bits == 80
        return self.value


def test_the_time_of_the_specifications_example():
    assert Ulids(random.Random(1)).new(EXAMPLE_TIME)[:10] == EXAMPLE[:10]
    assert moment_of(EXAMPLE) == EXAMPLE_TIME


def test_the_random_part_by_hand():
    assert Ulids(Drawn(2**80 - 2)).new(EXAMPLE_TIME) == "01ARYZ6S41" + "Z" * 15 + "Y"
    assert Ulids(Drawn(33)).new(EXAMPLE_TIME) == "01ARYZ6S41" + "0" * 14 + "11"


def test_within_a_millisecond_and_when_the_clock_goes_back_the_next_is_one_more():
    ulids = Ulids(Drawn(31))
    assert ulids.new(EXAMPLE_TIME) == "01ARYZ6S41" + "0" * 15 + "Z"
    assert ulids.new(EXAMPLE_TIME + timedelta(microseconds=999)) == "01ARYZ6S41" + "0" * 14 + "10"
    assert ulids.new(EXAMPLE_TIME - timedelta(hours=1)) == "01ARYZ6S41" + "0" * 14 + "11"
    assert ulids.new(EXAMPLE_TIME + timedelta(milliseconds=1)) == "01ARYZ6S42" + "0" * 15 + "Z"


def test_the_first_millisecond_of_1970_has_an_id_and_the_one_before_has_none():
    first = datetime(1970, 1, 1, tzinfo=UTC)
    assert Ulids(Drawn(0)).new(first) == "0" * 26
    assert Ulids(Drawn(5)).new(first) == "0" * 25 + "5"
    with pytest.raises(ValueError, match="from 1970 on"):
        Ulids(Drawn(0)).new(first - timedelta(milliseconds=1))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (EXAMPLE, True),
        ("7" + "Z" * 25, True),
        ("8" + "0" * 25, False),  # 49 bits of milliseconds
        (EXAMPLE.lower(), False),
        (EXAMPLE[:-1], False),
        (EXAMPLE + "0", False),
        (EXAMPLE[:-1] + "U", False),  # not in Crockford's alphabet
    ],
)
def test_the_form(text, holds):
    assert is_ulid(text) is holds


def test_a_moment_beyond_all_calendars_is_the_last_one():
    assert moment_of("7" + "Z" * 25) == datetime.max.replace(tzinfo=UTC)
