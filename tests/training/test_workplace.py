"""The workplace of a training: one at a time, its own alone, and room on the disk."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from landmark_core.errors import ConfigError, RunError
from landmark_core.training import Recipe, TrainConfig
from landmark_core.training.workplace import (
    check_free,
    fingerprint,
    hold_model_dir,
    open_workplace,
)

DIGEST = "0123456789abcdef"


@pytest.fixture
def config(tmp_path):
    return TrainConfig(data="photos", out=str(tmp_path / "models"))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"seed": 2}, id="seed"),
        pytest.param({"folds": 5}, id="folds"),
        pytest.param({"device": "cpu"}, id="device"),
        pytest.param({"recipe": Recipe(epochs=3)}, id="recipe"),
    ],
)
def test_what_decides_the_weights_gives_another_workplace(config, changes):
    assert fingerprint(dataclasses.replace(config, **changes), DIGEST) != fingerprint(
        config, DIGEST
    )
    assert fingerprint(config, "another digest") != fingerprint(config, DIGEST)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"jobs": 2}, id="jobs"),
        pytest.param({"workers": 0}, id="workers"),
        pytest.param({"resume": True}, id="resume"),
        pytest.param({"name": "other"}, id="name"),
        pytest.param({"promote": "never"}, id="promote"),
    ],
)
def test_what_does_not_decide_them_gives_the_same(config, changes):
    changed = dataclasses.replace(config, **changes)
    assert fingerprint(changed, DIGEST) == fingerprint(config, DIGEST)


def leave(config: TrainConfig) -> Path:
    folder = open_workplace(config, DIGEST).folder
    (folder / "checkpoint").write_text("half")
    return folder


def test_resume_finds_what_was_left_and_without_it_all_begins_anew(config):
    left = leave(config)
    again = dataclasses.replace(config, resume=True)
    assert (open_workplace(again, DIGEST).folder / "checkpoint").read_text() == "half"
    assert open_workplace(config, DIGEST).folder == left
    assert list(left.iterdir()) == []


def test_what_another_training_left_is_deleted(config):
    left = leave(config)
    other = dataclasses.replace(config, seed=9, resume=True)
    assert open_workplace(other, DIGEST).folder != left
    assert not left.exists()


HOLDER = """
import sys, time
from pathlib import Path
from landmark_core.training.workplace import hold_model_dir
with hold_model_dir(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(100)
"""


def test_a_killed_training_lets_go_and_a_living_one_does_not(config):
    home = Path(config.out)
    command = [sys.executable, "-c", HOLDER, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ConfigError, match="another training is at work"), hold_model_dir(home):
            pass
        holder.kill()
    with hold_model_dir(home):
        assert (home / ".training.lock").exists()


def test_room_is_asked_for_before_the_work(tmp_path):
    check_free(tmp_path, 1)
    with pytest.raises(RunError, match="make room, or give another --out"):
        check_free(tmp_path, 2**60)
