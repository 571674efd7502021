"""JSON Lines: every column as the tables have it, every word of a person, one line a photo."""

import io
import json
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_out import START, People, export, make_out, photo

from landmark_core.cli import main
from landmark_core.export import ExportSettings, export_photos
from landmark_core.tables import CURRENT_SCHEMA, current_tags

LATER = START + timedelta(days=1)


def lines_of(store, **settings) -> list[dict]:
    file = io.StringIO(newline="")
    done = export_photos(store, file, ExportSettings(format="jsonl", **settings), LATER)
    lines = file.getvalue().splitlines()  # at every sign that breaks a line anywhere
    assert len(lines) == done.photos
    return [json.loads(line, parse_constant=pytest.fail) for line in lines]


def test_a_photo_by_hand(tmp_path):
    row = photo("a.jpg", "review", "Petra", 0.8)
    row = replace(row, heatmap="heatmaps/run=r/x.jpg")
    store = make_out(tmp_path, [row])
    people = People(store)
    people.say("ann", row, "tag", "Rome", seconds=1.5)
    people.say("bob", row, "not_a_landmark")
    people.say("eva", row, "skip")
    (line,) = lines_of(store)
    reviews = line.pop("reviews")
    assert line == {
        "photo_id": row.photo.ref.photo_id,
        "uri": "/photos/a.jpg",
        "size_bytes": 10,
        "modified_at": "1970-01-01T00:00:00.001000Z",
        "etag": None,
        "content_sha256": None,
        "width": None,
        "height": None,
        "status": "ok",
        "error": None,
        "decision": "review",
        "tag": "Petra",
        "confidence": 0.8,  # not 0.800000011920929
        "tags": [{"tag": "Petra", "confidence": 0.8}, {"tag": "Rome", "confidence": 0.125}],
        "margin": 0.5,
        "entropy": 1.0,
        "energy": None,
        "heatmap": "heatmaps/run=r/x.jpg",
        "model_id": "m",
        "preprocess_id": "p",
        "run_id": "r",
        "tagged_at": "2026-11-23T00:00:00.000000Z",
        "final_decision": "no_landmark",
        "final_tag": None,
        "settled_by": "person",
        "reviewer": "bob",
        "decided_at": reviews[1]["decided_at"],
        "disagree": True,
    }
    assert [(one["reviewer"], one["decision"], one["tag"], one["seconds"]) for one in reviews] == [
        ("eva", "skipped", None, None),
        ("bob", "not_a_landmark", None, None),
        ("ann", "corrected", "Rome", 1.5),
    ]
    moments = [one["decided_at"] for one in reviews]
    assert moments == sorted(moments, reverse=True)
    assert moments[2].startswith("2026-11-23T01:0")
    assert (reviews[2]["model_tag"], reviews[2]["model_decision"]) == ("Petra", "review")


given_rows = st.lists(
    st.builds(
        photo,
        name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
        decision=st.sampled_from(["tagged", "review", "no_landmark", None]),
        tag=st.sampled_from(["Petra", "line\nbreak", "a\u2028b", "\x85", "é"]),
        confidence=st.floats(0, 1, width=32),
        etag=st.sampled_from([None, "e"]),
        size_bytes=st.sampled_from([None, 10]),
        modified_us=st.sampled_from(
            [None, -5, 1000, -62_135_596_800_000_000, 253_402_300_799_999_999]
        ),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda row: row.photo.ref.photo_id,
)


@settings(max_examples=10, deadline=None)
@given(rows=given_rows)
def test_every_column_is_what_the_tables_have(rows):
    with tempfile.TemporaryDirectory() as folder:
        store = make_out(Path(folder), rows)
        expected = current_tags(store).read_all().to_pylist()
        found = lines_of(store)
    assert [list(one) for one in found] == [[*CURRENT_SCHEMA.names, "reviews", "disagree"]] * len(
        rows
    )
    for line, row in zip(found, expected, strict=True):
        for field in CURRENT_SCHEMA:
            assert _read(line[field.name], str(field.type)) == row[field.name]


def _read(value, kind: str):
    """Read a value back as the column's type has it."""
    if value is None or kind not in {"float", "timestamp[us, tz=UTC]"}:
        if isinstance(value, list):
            return [one | {"confidence": float(np.float32(one["confidence"]))} for one in value]
        return value
    return float(np.float32(value)) if kind == "float" else datetime.fromisoformat(value)


def test_numbers_that_are_none_and_times_past_python(tmp_path):
    row = photo("a.jpg", modified_us=2**60)
    row = replace(row, prediction=replace(row.prediction, entropy=float("nan")))
    (line,) = lines_of(make_out(tmp_path, [row]))
    assert line["entropy"] is None
    assert line["modified_at"] is None


def test_a_state_picks_photos(tmp_path):
    rows = [photo("a.jpg", "review"), photo("b.jpg", "tagged"), photo("c.jpg", None)]
    store = make_out(tmp_path, rows)
    for state, count in {"all": 3, "waiting": 1, "tagged": 1, "settled": 0}.items():
        assert len(lines_of(store, state=state)) == count


def test_pandas_reads_it(tmp_path):
    store = make_out(tmp_path / "out", [photo("a.jpg"), photo("b\n.jpg", None)])
    export(store, tmp_path / "file", LATER, format="jsonl")
    table = pandas.read_json(tmp_path / "file", lines=True)
    assert list(table["uri"]) == ["/photos/a.jpg", "/photos/b\n.jpg"]


def test_a_file_is_whole_or_not_there(tmp_path, capsys):
    store = make_out(tmp_path / "out", [photo("a.jpg")])
    command = ["export", store.out, "--format", "jsonl", "--to", str(tmp_path / "file")]
    assert main(command) == 0
    before = (tmp_path / "file").read_bytes()
    assert before.count(b"\n") == 1
    make_out(tmp_path / "out", [photo("b.jpg")], run="run1")
    broken = next((tmp_path / "out/tags/run=run1").iterdir())
    broken.write_bytes(broken.read_bytes()[:-9])
    assert main(command) == 2
    assert (tmp_path / "file").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "out"]
    assert "cannot be read" in capsys.readouterr().err
