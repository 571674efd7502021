"""The flow makes the same rows as the command, by a real Prefect engine and server."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas
import pytest

from landmark_core.cli import main

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.orchestration, pytest.mark.timeout(240)]

SAME = ["photo_id", "uri", "status", "error", "decision", "tag", "confidence", "margin", "entropy"]
SAME += ["energy", "content_sha256", "width", "height", "size_bytes", "modified_at", "model_id"]


@pytest.fixture(scope="module")
def prefect_server():
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=90):
        yield


def rows(out):
    return pandas.read_parquet(out / "tags").sort_values("uri", ignore_index=True)


def test_same_rows_as_the_command_and_an_artifact(
    prefect_server, drawn_library, tiny_model, tmp_path, capfd
):
    from prefect.artifacts import Artifact

    from flows.tag import main as flow_main

    options = ["--model", str(tiny_model), "--workers", "0", "--shard-size", "13", "--no-progress"]
    by_command, by_flow = tmp_path / "command", tmp_path / "flow"
    assert main(["tag", str(drawn_library), "--out", str(by_command), *options]) == 0
    assert flow_main(["--source", str(drawn_library), "--out", str(by_flow), *options]) == 0
    pandas.testing.assert_frame_equal(rows(by_command)[SAME], rows(by_flow)[SAME])
    assert rows(by_command).decision.nunique() == 3  # the comparison saw every decision
    artifact = Artifact.get("tag-library")
    assert artifact is not None
    assert "| tagged |" in artifact.data
    assert "corrupt" in artifact.data
    assert str(by_flow / "heatmaps") in artifact.data
    assert flow_main(["--source", str(drawn_library), "--out", str(by_flow), *options]) == 0
    assert "0 photos done" in capfd.readouterr().out
    assert len(rows(by_flow)) == 32


def test_a_wrong_setting_is_one_line_and_exit_code_2(prefect_server, tmp_path):
    from prefect.settings import get_current_settings

    command = [sys.executable, "-m", "flows.tag", "--source", str(tmp_path / "nowhere")]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out")],
        cwd=ROOT,
        env={**os.environ, "PREFECT_API_URL": str(get_current_settings().api.url)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("landmarks: SOURCE must be")
    assert "nowhere" in last


def test_interrupted_is_one_line_and_exit_code_130(
    prefect_server, drawn_library, tiny_model, tmp_path
):
    """Ctrl-C as a terminal sends it: to the flow and all that it started."""
    from prefect.settings import get_current_settings

    out = tmp_path / "out"
    command = [sys.executable, "-m", "flows.tag", "--source", str(drawn_library), "--out", str(out)]
    run = subprocess.Popen(
        [*command, "--model", str(tiny_model), "--workers", "1", "--shard-size", "1"],
        cwd=ROOT,
        env={
            **os.environ,
            "PREFECT_API_URL": str(get_current_settings().api.url),
            "PREFECT_LOGGING_LEVEL": "ERROR",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while run.poll() is None and not list(out.glob("tags/*/*.parquet")):
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGINT)
    printed, complained = run.communicate(timeout=60)
    assert run.returncode == 130, complained
    assert printed == ""
    assert complained.splitlines()[-1].startswith("landmarks: interrupted: written parts are")
    assert "Traceback" not in complained
    assert pandas.read_parquet(out / "tags").photo_id.is_unique


def test_a_poisoned_shard_fails_alone(
    prefect_server, drawn_library, tiny_model, tmp_path, monkeypatch
):
    from flows import tag as flow

    config = flow.TagConfig(
        source=str(drawn_library),
        out=str(tmp_path / "out"),
        model=str(tiny_model),
        workers=0,
        shard_size=10,
    )
    real = flow.tagging.tag_shard

    def poisoned(shard, config):
        if shard.number == 1:
            raise ValueError("poison")
        return real(shard, config)

    with monkeypatch.context() as patch:
        patch.setattr(flow.tagging, "tag_shard", poisoned)
        state = flow.tag_library(config, return_state=True)
    assert state.is_failed()
    said = str(state.result(raise_on_failure=False))
    assert "1 of 4 shards failed (shard 1: ValueError: poison" in said
    assert len(rows(tmp_path / "out")) == 22
    assert not list((tmp_path / "out/runs").glob("*Z-??????.json"))
    assert flow.tag_library(config).counts.photos == 10
