"""Every death of a nightly run, on a real Prefect: the next run makes it good."""

import pytest
import rehearse_deaths

pytestmark = [
    pytest.mark.orchestration,
    pytest.mark.timeout(1500),
    # Prefect's own client leaves connections to its server for the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_every_death_of_a_nightly_run_is_made_good_by_the_next(tmp_path):
    deaths = rehearse_deaths.rehearse(tmp_path)
    assert [death.name for death in deaths] == list(rehearse_deaths.DEATHS)
    for death in deaths:
        assert death.rows_at_death < death.photos, death  # it did die in the middle
        assert death.rows == death.photos, death
        # Asked politely, a worker may let its run come to its end.
        ends = {"Crashed", "Completed"} if death.name.startswith("sigterm") else {"Crashed"}
        assert death.state in ends, death
        assert death.last == "Completed", death
