"""Run files and records of backfills and compactions that somebody broke: one line each."""

import json
import os
from pathlib import Path

import fsspec
import pytest
from fuzzing import out as template

from landmark_core.backfill import backfill_to_text, cancel_backfill, look_at_backfill
from landmark_core.cli import main
from landmark_core.config import TagConfig, config_from_settings
from landmark_core.errors import ConfigError
from landmark_core.model import Registry
from landmark_core.past_nights import read_past_nights
from landmark_core.tables import Store, hold_lock, limits, read_backfill, status_counts

RUN = f"runs/{template.SECOND}.json"
RECORD = f"runs/{template.BACKFILL}.backfill.json"
MERGES = f"runs/{template.COMPACTION}.merging.json"
DEEP = "[" * 100_000


@pytest.fixture
def out(tmp_path: Path) -> Path:
    template.write_out(tmp_path / "out")
    return tmp_path / "out"


def change(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("text", [DEEP, "[1]", "{", "\xff", ""], ids=["deep", *"acde"])
def test_a_broken_run_file_is_named(out, text):
    (out / RUN).write_text(text)
    with pytest.raises(ConfigError, match=RUN):
        Store(str(out)).read_runs()
    assert len(read_past_nights(Store(str(out)), before="9")) == 1  # the other one


def test_a_run_file_beyond_sense_is_not_read(out, monkeypatch):
    os.truncate(out / RUN, limits.MOST_JSON + 1)  # takes no room on the disk
    with pytest.raises(ConfigError, match=r"at most 134,217,728 bytes, got 134,217,729"):
        Store(str(out)).read_runs()


@pytest.mark.parametrize(
    "changes",
    [
        {"counts": [1, 2]},
        {"counts": {"photos": 1e999}},
        {"counts": {"photos": 10**400, "ok": 0, "tagged": 0, "review": 0, "no_landmark": 0}},
        {"confidences": {"a": 1}},
        {"confidences": [-1] * 20},
        {"finished_at": "2026-11-23T16:45:00"},
        {"model": "tiny"},
    ],
    ids=["list", "infinite", "huge", "object", "negative", "no zone", "text"],
)
def test_odd_values_of_a_run_file_are_passed_over(out, changes):
    change(out / RUN, **changes)
    assert len(read_past_nights(Store(str(out)), before="9")) == 1
    status_counts(Store(str(out)))  # counts by names and rows alone


@pytest.mark.parametrize(
    "changes",
    [
        {"shards": 10**18},
        {"shards": 1e999},
        {"photos": -1},
        {"created_at": "2026-11-23"},
        {"key": {"model_id": 1, "preprocess_id": []}},
        {"settings": []},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_odd_values_of_a_backfill_are_named(out, changes):
    change(out / RECORD, **changes)
    with pytest.raises(ConfigError, match=RECORD):
        read_backfill(Store(str(out)), template.BACKFILL)


@pytest.mark.parametrize(
    "estimate",
    [{}, {"photos_per_second": 0, "processes": 1}, {"photos_per_second": "fast", "processes": 1}],
    ids=["none", "zero", "text"],
)
def test_an_odd_estimate_is_one_line(out, estimate):
    change(out / RECORD, estimate=estimate)
    state = look_at_backfill(Store(str(out)), template.BACKFILL)
    with pytest.raises(ConfigError, match="not as it was written"):
        backfill_to_text(state, "out")


def test_an_odd_model_or_plan_of_a_backfill_is_one_line(out):
    change(out / RECORD, model={"name": "tiny"})
    with pytest.raises(ConfigError, match="not as it was written"):
        cancel_backfill(str(out), template.BACKFILL, now=template.BEGAN)


@pytest.mark.parametrize(
    "settings",
    [{"source": 1, "out": "o"}, {"source": "s", "out": "o", "limits": {"max_bytes": "many"}},
     {"source": "s", "out": "o", "include": [1]}, {"source": "s", "out": "o", "include": 1},
     {"source": "s", "out": "o", "limit": True}, {"source": "s", "out": "o", "odd": 1},
     {"source": "s", "out": "o", "limits": {"odd": 1}}, {"source": "s", "out": "o", "limits": 3}],
    ids=["source", "limits", "include", "number", "limit", "unknown", "odd limit", "limits number"],
)  # fmt: skip
def test_odd_settings_of_a_record_are_refused(settings):
    with pytest.raises(ConfigError, match="expected the settings of a tagging run"):
        config_from_settings(settings)


def test_settings_come_back_as_they_were():
    import dataclasses

    config = TagConfig(source="s", out="o", include=("*.jpg",), review_below=1, limit=3)
    plain = json.loads(json.dumps(dataclasses.asdict(config)))
    assert config_from_settings(plain) == config


@pytest.mark.parametrize(
    "changes",
    [{"moment": "2026-11-23T16:45:00"}, {"merges": 3}, {"merges": [{"merged": "a"}]},
     {"merges": [{"merged": [], "replaced": [], "rows": 1}]},
     {"merges": [{"merged": "a", "replaced": "abc", "rows": 1}]}],
    ids=["no zone", "number", "lacks", "list", "text"],
)  # fmt: skip
def test_an_odd_record_of_a_compaction_is_named(out, changes):
    change(out / MERGES, **changes)
    with pytest.raises(ConfigError, match=r"merging\.json is not a record of merged parts"):
        Store(str(out)).list_parts()


def test_a_key_that_stands_twice_in_a_record_of_a_compaction_is_refused(out):
    text = (out / MERGES).read_text()
    (out / MERGES).write_text(text.replace('"state"', '"merges": [], "state"', 1))
    with pytest.raises(ConfigError, match="stands twice"):
        Store(str(out)).list_parts()


def test_a_command_says_it_in_one_line(out, capsys):
    (out / RECORD).write_text(DEEP)
    assert main(["backfill", "show", str(out)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{RECORD} is not the record of a backfill" in said
    assert "nested too deeply" in said


@pytest.mark.parametrize("text", [DEEP, "[1]", '{"version": ' + "9" * 5000 + "}", '{"pid": 1e999}'])
def test_who_holds_a_folder_is_asked_of_any_lock_file(out, text):
    with hold_lock(out):
        (out / "runs" / ".lock").write_text(text)
        assert Store(str(out)).holder().host == "an unknown machine"


@pytest.mark.parametrize(
    "text",
    [DEEP, "[]", '{"since": "2026-11-28T00:00:00", "renewed_at": "2026-11-28T00:00:00+00:00"}'],
    ids=["deep", "list", "no zone"],
)
def test_a_lease_that_says_nothing_is_held_by_nobody_known(text):
    fsspec.filesystem("memory").pipe_file("/odd-lease/runs/.lease/00000001.json", text.encode())
    assert Store("memory://odd-lease").holder() is None


@pytest.mark.parametrize(
    "line",
    [DEEP, '{"when": 1}', '{"figures": {"a": 1e999}}', '{"a": 1, "a": 2}'],
    ids=["deep", "lacks", "infinite", "twice"],
)
def test_a_damaged_line_of_a_history_is_named(tmp_path, line):
    (tmp_path / "history.jsonl").write_text(line + "\n")
    with pytest.raises(ConfigError, match=r"history\.jsonl, line 1, is damaged"):
        Registry(tmp_path).history()


@pytest.mark.parametrize("text", [DEEP, "[1]", "x" * 70_000])
def test_a_damaged_champion_file_is_written_anew(tmp_path, text):
    (tmp_path / "champion.json").write_text(text)
    assert Registry(tmp_path).champion() is None  # the history decides, and there is none
