"""Records of backfills: they come back as they were, and are open until the run file is there."""

import dataclasses
import json
import os
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.config import TagConfig
from landmark_core.errors import ConfigError
from landmark_core.tables import (
    BackfillRecord,
    Store,
    WorkKey,
    list_backfills,
    list_open_backfills,
    read_backfill,
    write_backfill,
)

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(st.text(), plain, max_size=4)
records = st.builds(
    BackfillRecord,
    run_id=st.from_regex(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}", fullmatch=True),
    created_at=st.datetimes(timezones=st.just(UTC)),
    settings=objects,
    key=st.builds(WorkKey, model_id=st.text(), preprocess_id=st.text()),
    model=objects,
    shards=st.integers(0, 2_000_000),
    photos=st.integers(0, 2**53),
    plan=objects,
    estimate=objects,
)


def record(run_id: str = "r") -> BackfillRecord:
    return BackfillRecord(
        run_id=run_id,
        created_at=datetime(2026, 11, 23, 16, 45, tzinfo=UTC),
        settings={"source": "/photos"},
        key=WorkKey(model_id="m", preprocess_id="p"),
        model={"name": "starter"},
        shards=3,
        photos=700,
        plan={"listed": 1000},
        estimate={"hours": 0.5},
    )


@given(records)
def test_a_record_comes_back_as_it_was_written(tmp_path_factory, one):
    store = Store(f"memory://{tmp_path_factory.getbasetemp().name}")
    write_backfill(store, one)
    assert read_backfill(store, one.run_id) == one


def test_settings_with_a_folder_that_is_not_utf8_come_back(tmp_path):
    source = os.fsdecode(b"/photos/caf\xe9")
    config = TagConfig(source=source, out=str(tmp_path), include=("a/*", "b/*"))
    one = dataclasses.replace(record(), settings=dataclasses.asdict(config))
    write_backfill(Store(str(tmp_path)), one)
    settings = read_backfill(Store(str(tmp_path)), "r").settings
    assert settings["source"] == source
    assert settings["include"] == ["a/*", "b/*"]


def test_what_json_has_no_word_for_is_refused():
    with pytest.raises(TypeError, match="not JSON serializable"):
        dataclasses.replace(record(), estimate={"since": datetime(2026, 1, 1, tzinfo=UTC)})


def test_a_backfill_is_open_until_its_run_file_is_there(tmp_path):
    store = Store(str(tmp_path))
    assert list_open_backfills(store) == []
    for run_id in ("20260102", "20260101", "20260103"):
        write_backfill(store, record(run_id))
    store.write_run("20260102", {})
    store.write_run("20250101", {})  # an ordinary run
    assert [one.run_id for one in list_open_backfills(store)] == ["20260101", "20260103"]
    assert [one.run_id for one in list_backfills(store)] == ["20260101", "20260102", "20260103"]


def test_a_record_is_no_run_file(tmp_path):
    store = Store(str(tmp_path))
    write_backfill(store, record())
    assert store.list_finished() == []
    assert store.read_runs() == []


def test_a_backfill_that_was_never_planned_is_named_with_those_that_were(tmp_path):
    store = Store(str(tmp_path))
    write_backfill(store, record("20260101"))
    with pytest.raises(ConfigError, match=r"has no backfill 'x'; .*: 20260101"):
        read_backfill(store, "x")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"key": None}, "WorkKey", id="no-key"),
        pytest.param({"key": {"model_id": "m"}}, "preprocess_id", id="half-a-key"),
        pytest.param({"shards": "many"}, "many", id="shards-no-number"),
        pytest.param({"settings": ["x"]}, "settings", id="settings-no-object"),
        pytest.param({"created_at": "yesterday"}, "yesterday", id="no-time"),
        pytest.param({"run_id": "other"}, "that of 'other'", id="another-s-record"),
    ],
)
def test_a_foreign_record_is_one_line(tmp_path, change, reason):
    store = Store(str(tmp_path))
    write_backfill(store, record())
    path = tmp_path / "runs" / "r.backfill.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ConfigError, match=r"r\.backfill\.json is not the record") as caught:
        list_open_backfills(store)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"run_id": "r"}'])
def test_a_broken_record_is_one_line(tmp_path, content):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "r.backfill.json").write_text(content)
    with pytest.raises(ConfigError, match=r"r\.backfill\.json is not the record") as caught:
        list_open_backfills(Store(str(tmp_path)))
    assert "\n" not in str(caught.value)
