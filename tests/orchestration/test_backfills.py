"""Backfills on a work pool and on a Dask cluster, with a killed worker and a poisoned shard."""

import pytest
import rehearse_backfill

pytestmark = [
    pytest.mark.orchestration,
    pytest.mark.timeout(1500),
    # Prefect's own client leaves connections to its server for the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ENDED = {"Completed", "Crashed", "Cancelled", "Failed", "Scheduled", "Late"}


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
