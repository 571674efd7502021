"""A backfill on a work pool: four workers, one killed, one shard poisoned."""

import pytest
import rehearse_backfill

pytestmark = [
    pytest.mark.orchestration,
    pytest.mark.timeout(1500),
    # Prefect's own client leaves connections to its server for the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


# 40 shards keep four workers busy; the full size comes with the long tests (`make test-long`).
@pytest.mark.parametrize("shards", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_everything_but_the_poisoned_shard_is_done_and_mended_it_is_finished(tmp_path, shards):
    came = rehearse_backfill.rehearse(tmp_path, "pool", shards=shards, size=4)
    assert came.complaints(shards=shards, size=4) == []
