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


def test_everything_but_the_poisoned_shard_is_done_and_mended_it_is_finished(tmp_path):
    came = rehearse_backfill.rehearse(tmp_path, "pool", shards=200, size=4)
    assert came.complaints(shards=200, size=4) == []
