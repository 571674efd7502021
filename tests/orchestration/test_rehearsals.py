"""Nights, backfills and deaths on a real Prefect: servers, pools, workers, clusters, real kills.

Each test plays a script of scripts/, which anybody can run by hand, and checks what came of it.
"""

from collections import Counter

import pytest
import rehearse_backfill
import rehearse_deaths
import rehearse_nights

pytestmark = [
    pytest.mark.orchestration,
    pytest.mark.timeout(1500),
    # Prefect's own client leaves connections to its server for the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ENDED = {"Completed", "Crashed", "Cancelled", "Failed", "Scheduled", "Late"}


def test_two_nights_over_a_growing_library_with_a_worker_killed_in_the_second(tmp_path):
    came = rehearse_nights.rehearse(tmp_path)
    assert came.rows == came.photos == 440
    assert set(came.run_states) <= ENDED
    assert Counter(came.run_states)["Crashed"] == 1
    assert came.seconds_to_notice < 200


def test_the_same_nights_with_postgresql_behind_the_server(tmp_path, postgres):
    came = rehearse_nights.rehearse(tmp_path, first=20, second=200, database=postgres)
    assert came.rows == came.photos == 220
    assert set(came.run_states) <= ENDED


def test_every_death_of_a_nightly_run_is_made_good_by_the_next(tmp_path):
    deaths = rehearse_deaths.rehearse(tmp_path)
    assert [death.name for death in deaths] == list(rehearse_deaths.DEATHS)
    for death in deaths:
        assert death.rows_at_death < death.photos, death  # it did die in the middle
        assert death.rows == death.photos, death
        assert (death.state, death.last) == ("Crashed", "Completed"), death


@pytest.mark.parametrize("engine", ["pool", "dask"])
def test_two_hundred_shards_on_four_workers_one_killed_one_poisoned(tmp_path, engine):
    if engine == "dask":
        pytest.importorskip("prefect_dask", reason="the extra dask is not installed")
    came = rehearse_backfill.rehearse(tmp_path, engine)
    assert came.photos == 800
    assert came.rows_without_it == came.photos - 4  # everything but the poisoned shard
    assert "1 of 200 shards failed (shard 66: " in came.failed_message
    assert came.rows == came.photos  # mended, the next run finished it
    assert came.equal_to_one_process
    assert set(came.states) <= ENDED
    assert "Running" not in came.task_states
