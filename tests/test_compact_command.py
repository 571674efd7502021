"""`landmarks compact`: what it prints and returns, on a small library and on none."""

import json
import sys
from pathlib import Path

import pandas
import pytest

from landmark_core.cli import main

sys.path.insert(0, str(Path(__file__).parent / "tables"))


@pytest.fixture
def library(tmp_path):
    from nights import make_library

    make_library(str(tmp_path), nights=4)
    return tmp_path


def test_it_says_what_it_would_do_and_then_does_it(library, capsys):
    command = ["compact", str(library), "--target-rows", "100", "--grace", "0"]
    before = sorted(library.rglob("*"))
    assert main([*command, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "would be merged: 8 parts with 48 rows into 1" in said
    assert sorted(library.rglob("*")) == before
    assert main(command) == 0
    said = capsys.readouterr().out
    assert f"8 parts in {library}" in said
    assert "  merged: 8 parts with 48 rows into 1" in said
    assert "  removed: 8 files that were replaced" in said
    assert "\n1 parts now; OUT was held for " in said
    assert len(pandas.read_parquet(library / "tags")) == 48
    assert main(["status", str(library)]) == 0
    assert "finished, 2 parts, 2 of them merged" in capsys.readouterr().out


def test_one_json_object(library, capsys):
    assert main(["compact", str(library), "--grace", "0", "--older-than", "1e6", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["compaction_id"], report["left"]) == (None, {"recent": 8})
    assert main(["compact", str(library), "--grace", "0", "--target-rows", "40", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [len(merge["replaced"]) for merge in report["merges"]] == [6, 2]
    assert report["removed"] == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [([], "nothing was tagged in"), (["--target-rows", "1"], "target-rows must be at least 2")],
    ids=["no-library", "one-row"],
)
def test_what_is_wrong_is_one_line_and_exit_code_2(tmp_path, capsys, arguments, message):
    assert main(["compact", str(tmp_path), *arguments]) == 2
    complained = capsys.readouterr().err
    assert message in complained
    assert complained.count("\n") == 1
