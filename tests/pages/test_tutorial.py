"""docs/tutorial.md by its own commands, in a copy of what is committed and what is new."""

import json
import os
import random
import re
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pandas
import pytest
from blocks import ROOT, commands_of
from stage import make_stage

from landmark_core.review.ulid import Ulids

pytestmark = [pytest.mark.orchestration, pytest.mark.timeout(1200)]

PAGE = ROOT / "docs/tutorial.md"
REVIEW = "landmarks review demo/out"
SETTLED = 12


def commands() -> list[str]:
    """Return the lines of all blocks, in their order."""
    return [command for block in commands_of(PAGE) for command in block]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's files where nobody has run anything, with an environment that is there."""
    return make_stage(tmp_path_factory.mktemp("clone")).clone


@pytest.fixture(scope="module")
def said(clone: Path) -> dict[str, str]:
    """Run every command; return what each printed."""
    environment = {**os.environ, "PYTHONPATH": str(clone), "PYTHONWARNINGS": "default"}
    printed: dict[str, str] = {}
    for command in commands():
        if command == REVIEW:
            settle_some(clone, environment)
            continue
        activated = f". .venv/bin/activate && {command}"
        done = subprocess.run(
            ["bash", "-c", activated], cwd=clone, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        printed[command] = printed.get(command, "") + done.stdout
    return printed


def settle_some(clone: Path, environment: dict[str, str]) -> None:
    """Answer as a person at the page would: what is drawn stands in the photo's name and seed."""
    line = ". .venv/bin/activate && exec " + REVIEW + " --no-browser"
    server = subprocess.Popen(
        ["bash", "-c", line], cwd=clone, env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        url = next(_addresses(server))
        ulids = Ulids(random.Random(1))
        with httpx.Client(base_url=url, timeout=30) as client:
            items = client.get("/api/view", params={"reviewer": "ann"}).json()["items"]
            for item in items[:SETTLED]:
                body = {
                    "action_id": ulids.new(datetime.now(UTC)),
                    "reviewer": "ann",
                    "verdict": "tag",
                    "tag": item["model"]["tags"][0]["tag"],
                    "seconds": 1.0,
                    "shown_by": "margin",
                    "photos": [{"photo_id": item["photo_id"], "version": item["version"]}],
                }
                client.post("/api/decisions", json=body).raise_for_status()
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)


def _addresses(server: "subprocess.Popen[str]") -> Iterator[str]:
    assert server.stderr is not None
    for line in server.stderr:
        yield from re.findall(r"http://\S+", line)


def test_there_is_a_command_for_each_step():
    assert len(commands()) >= 12
    assert REVIEW in commands()


def test_the_first_run_accounts_for_every_file(said, clone):
    rows = pandas.read_parquet(clone / "demo/out/tags")
    assert rows.uri.nunique() == 32
    assert rows.model_id.nunique() == 2  # the starter, then the one that was taught
    assert "waiting" in said["landmarks status demo/out"].lower()


def test_what_was_settled_goes_out_and_comes_back(said, clone):
    (exported,) = (text for line, text in said.items() if line.endswith("--format xmp"))
    (undone,) = (text for line, text in said.items() if line.endswith("--undo"))
    assert exported
    assert undone
    assert not list((clone / "demo/photos").rglob("*.xmp"))
    assert said["landmarks find demo/out dome"].count("\n") > 0


def test_the_second_training_learnt_from_people(said, clone):
    versions = sorted((clone / "demo/models/versions").iterdir())
    assert len(versions) == 2
    first, second = (json.loads((v / "training.json").read_text()) for v in versions)
    assert first["data_digest"] != second["data_digest"]
    assert "champion" in said["landmarks models list demo/models"].lower()
