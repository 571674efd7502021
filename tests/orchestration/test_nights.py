"""Nights on a real Prefect: the script that anybody can run by hand, and what came of it."""

from collections import Counter

import pytest
import rehearse_nights

pytestmark = [
    pytest.mark.orchestration,
    pytest.mark.timeout(1500),
    # Prefect's own client leaves connections to its server for the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ENDED = {"Completed", "Crashed", "Cancelled", "Failed", "Scheduled", "Late"}


@pytest.mark.slow  # the deaths play the same on SQLite, and the nights on PostgreSQL, without it
def test_two_nights_over_a_growing_library_with_a_worker_killed_in_the_second(tmp_path):
    came = rehearse_nights.rehearse(tmp_path)
    assert came.rows == came.photos == 440
    assert set(came.run_states) <= ENDED
    assert Counter(came.run_states)["Crashed"] == 1
    assert came.seconds_to_notice < 200
