"""The flow merges as the command does, and leaves an artifact that says what."""

import sys
from pathlib import Path

import pandas
import pytest
from pydantic import ValidationError

sys.path.insert(0, str(Path(__file__).parents[1] / "tables"))

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # Prefect's own
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def prefect_server():
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=90):
        yield


@pytest.mark.orchestration
def test_it_merges_and_shows_what(prefect_server, tmp_path):
    from nights import make_library
    from prefect.artifacts import Artifact

    from flows.compact import CompactParameters, compact_tables

    make_library(str(tmp_path), nights=4)
    report = compact_tables(CompactParameters(out=str(tmp_path), grace_seconds=0))
    assert (report.parts_before, report.parts_after, report.removed) == (8, 1, 8)
    assert len(pandas.read_parquet(tmp_path / "tags")) == 48
    artifact = Artifact.get("compact-tables")
    assert artifact is not None
    assert "# 8 parts are 1 now" in artifact.data
    assert f"| {report.merges[0].merged} | 8 | 48 |" in artifact.data


def test_parameters_are_checked():
    from flows.compact import CompactParameters

    with pytest.raises(ValidationError):
        CompactParameters(out="x", target_rows=1)
