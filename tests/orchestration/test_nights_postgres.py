"""The same nights with PostgreSQL behind the server, as several machines need it."""

import pytest
import rehearse_nights

pytestmark = [
    pytest.mark.orchestration,
    pytest.mark.timeout(1500),
    # Prefect's own client leaves connections to its server for the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_the_same_nights_with_postgresql_behind_the_server(tmp_path, postgres):
    came = rehearse_nights.rehearse(tmp_path, first=20, second=200, database=postgres)
    assert came.rows == came.photos == 220
    assert not {"Running", "Pending", "Cancelling"} & set(came.run_states)
