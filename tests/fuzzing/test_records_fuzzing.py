"""Broken records by the hundred are read or refused; `make fuzz-records` does ten thousand."""

import logging
import random
import shutil

import pytest
from fuzzing.isolation import run_cases
from fuzzing.json_values import broken_json
from fuzzing.records import KINDS, run_case
from fuzzing.seeds import write_seeds

from landmark_core.errors import ConfigError, LandmarkError

EACH = 4  # cases of each kind


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds")
    write_seeds(folder)
    return folder


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_broken_record_is_read_or_refused_in_one_line(kind, seeds, tmp_path, caplog):
    caplog.set_level(logging.CRITICAL)
    for case in range(EACH):
        folder = tmp_path / "case"
        shutil.rmtree(folder, ignore_errors=True)
        try:
            run_case(seeds, folder, kind, random.Random(f"suite/{kind.name}/{case}"))
        except LandmarkError as error:
            said = str(error)
        else:
            said = ""
        assert "\n" not in said


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_good_records_are_read(kind, seeds, tmp_path):
    shutil.copytree(seeds, tmp_path / "case")
    kind.read(tmp_path / "case", random.Random(1))


def test_the_same_seed_breaks_a_text_in_the_same_way():
    text = '{"a": [1, 2, {"b": null}], "c": "d"}'
    made = [broken_json(text, random.Random(seed)) for seed in range(200)]
    assert made == [broken_json(text, random.Random(seed)) for seed in range(200)]
    assert len(set(made)) > 100


def test_a_case_that_dies_hangs_or_raises_is_a_failure_and_the_others_go_on():
    import os
    import signal
    import time

    def work(case: int) -> None:
        if case == 1:
            raise ConfigError("no")
        if case == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if case == 3:
            time.sleep(30)
        if case == 4:
            raise KeyError("k")
        if case == 5:
            raise ConfigError("two\nlines")

    ended = list(run_cases(range(7), work, seconds=0.5, memory=2**30))
    assert [one.outcome for one in ended] == [
        *("read", "refused", "failed", "failed", "failed", "failed", "read")
    ]
    assert "Killed" in ended[2].detail
    assert "no end within 0.5 s" in ended[3].detail
