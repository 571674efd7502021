"""A CSV that was edited where import does not read is never dropped in silence."""

import csv
import json
from datetime import timedelta

import pytest
from small_out import START, People, export, make_out, new_words, photo, take_in

from landmark_core.cli import main

LATER = START + timedelta(days=1)
LINE = (
    "changed final_tag or final_decision, which import does not read: change person_tag and "
    "person_decision"
)


@pytest.fixture
def store(tmp_path):
    rows = [
        photo("a.jpg", "tagged", "Petra"),
        photo("b.jpg", "review", "Petra"),
        photo("c.jpg", "no_landmark", "Petra"),
        photo("d.jpg", "review", "Petra"),
        photo("e.jpg", "review", "Petra"),
        photo("f.jpg", None),
    ]
    store = make_out(tmp_path / "out", rows)
    people = People(store)
    people.say("ann", rows[3], "tag", "Rome")
    people.say("ann", rows[4], "skip")
    return store


def edited(store, path, **edits):
    """Export, change cells of photos by their letters, write the file; return its path."""
    export(store, path, LATER, format="csv")
    table = read(path)
    for row in table:
        row.update(edits.get(row["uri"][-5], {}))
    return write(path, table, list(table[0]))


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path, table, columns):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(table)
    return path


@pytest.mark.parametrize(
    ("edits", "count"),
    [
        pytest.param({}, 0, id="nothing"),
        pytest.param({"a": {"final_tag": "Rome"}}, 1, id="machine-tag"),
        pytest.param({"a": {"final_decision": "no_landmark"}}, 1, id="machine-decision"),
        pytest.param({"b": {"final_tag": "Petra"}}, 1, id="waiting-tag"),
        pytest.param({"c": {"final_decision": "tagged", "final_tag": "Petra"}}, 1, id="none"),
        pytest.param({"d": {"final_tag": "Petra"}}, 1, id="settled-tag"),
        pytest.param({"d": {"final_decision": "no_landmark", "final_tag": ""}}, 1, id="settled"),
        pytest.param({"e": {"final_tag": "Petra"}}, 1, id="skipped"),
        pytest.param({"f": {"final_tag": "Petra"}}, 1, id="unreadable"),
        pytest.param({"d": {"person_decision": "Tag"}}, 0, id="other-case-of-the-word"),
        pytest.param({"d": {"person_tag": "ROME"}}, 0, id="other-case-of-the-tag"),
        pytest.param({"d": {"person_decision": "skip", "person_tag": ""}}, 0, id="skip-settled"),
        pytest.param(
            {"a": {"final_tag": "Rome", "person_tag": "Rome"}, "b": {"final_tag": "Rome"}},
            1,
            id="both-columns",
        ),
    ],
)
def test_rows_edited_in_the_final_columns_alone_are_counted(store, tmp_path, edits, count):
    path = edited(store, tmp_path / "file.csv", **edits)
    report = take_in(store, path, LATER)
    assert report.unread == count
    assert report.saved == ("person_tag" in edits.get("a", ()))


def test_a_second_import_of_edited_person_columns_is_no_edit_elsewhere(store, tmp_path):
    edits = {"d": {"person_tag": "Giza"}, "a": {"person_tag": "Rome", "final_tag": "Rome"}}
    path = edited(store, tmp_path / "file.csv", **edits)
    assert take_in(store, path, LATER).saved == 2
    again = take_in(store, path, LATER + timedelta(days=1))
    assert (again.saved, again.unread) == (0, 0)


def test_a_file_without_the_models_decision_is_taken(store, tmp_path):
    path = edited(store, tmp_path / "file.csv", a={"final_tag": "Rome"})
    table = read(path)
    write(path, table, [name for name in table[0] if name != "decision"])
    assert take_in(store, path, LATER).unread == 1


def test_one_line_says_it_and_the_exit_code_too(store, tmp_path, capsys):
    edits = {"a": {"final_tag": "Rome"}, "b": {"final_tag": "Petra"}}
    path = edited(store, tmp_path / "file.csv", **edits)
    assert main(["import", store.out, str(path)]) == 2
    said = capsys.readouterr()
    assert said.err == f"landmarks: 2 rows {LINE}\n"
    assert "2  not read: final_tag or final_decision was changed" in said.out
    edits["c"] = {"person_tag": "Rome"}
    path = edited(store, tmp_path / "file.csv", **edits)
    assert main(["import", store.out, str(path), "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("1 decision would be saved, from 6 rows")
    assert main(["import", store.out, str(path), "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == f"landmarks: 2 rows {LINE}\n"
    assert json.loads(said.out)["unread"] == 2


def test_a_tag_is_spelled_as_it_is_here_already(store, tmp_path, capsys):
    edits = {"a": {"person_tag": "ROME"}, "b": {"person_tag": "pétra"}, "c": {"person_tag": "Giza"}}
    path = edited(store, tmp_path / "file.csv", **edits)
    report = take_in(store, path, LATER)
    assert report.saved == 3
    assert report.respelled == (("ROME", "Rome", 1), ("pétra", "Petra", 1))
    assert report.new_tags == (("Giza", 1),)
    assert report.near == {}
    assert new_words(take_in(store, path, LATER + timedelta(days=1))) == {"same": 5}
    assert main(["import", store.out, str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["respelled"] == {"ROME": "Rome", "pétra": "Petra"}
    assert main(["import", store.out, str(path)]) == 0
    assert "Spelled as here: ROME → Rome 1, pétra → Petra 1" in capsys.readouterr().out


def test_a_new_tag_that_may_be_a_slip_is_said_with_the_one_that_was_meant(store, tmp_path, capsys):
    path = edited(store, tmp_path / "file.csv", a={"person_tag": "Romme"})
    assert main(["import", store.out, str(path), "--dry-run"]) == 0
    assert "Tags that were not used here before: Romme 1 (near: Rome)" in capsys.readouterr().out
    assert main(["import", store.out, str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["near_tags"] == {"Romme": "Rome"}
