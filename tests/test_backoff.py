"""pause_seconds(): values by hand, the ceiling, and the refusal."""

import pytest

from landmark_core.backoff import LONGEST_PAUSE_S, pause_seconds


@pytest.mark.parametrize(
    ("attempt", "ceiling"), [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 20.0), (5000, 20.0)]
)
def test_the_ceiling_doubles_up_to_the_longest(attempt, ceiling):
    assert pause_seconds(attempt, lambda: 0.5) == ceiling / 2
    assert pause_seconds(attempt, lambda: 0.0) == 0.0
    assert pause_seconds(attempt, lambda: 0.999999) < LONGEST_PAUSE_S + 1e-9


def test_the_attempts_are_counted_from_one():
    with pytest.raises(ValueError, match="at least 1"):
        pause_seconds(0, lambda: 0.5)
