"""Out and in again: nothing new where it came from, the same decisions where there were none."""

import csv
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_out import (
    START,
    People,
    export,
    make_out,
    new_words,
    photo,
    standing,
    take_in,
    without_decisions,
)

from landmark_core.tables import current_tags

pytestmark = pytest.mark.orchestration  # whole programs

LATER = START + timedelta(days=1)
TAGS = [
    "Petra",
    "Rome",
    "=cmd()",
    "-1",
    "'=x",
    "(not a landmark)",
    "((",
    'Say "Cheese"; Cheddar, UK',
]
NAMES = [
    "a.jpg",
    "line\nbreak.jpg",
    "quote\",'.jpg",
    "‮gpj.exe",
    "é\\xff.jpg",
    "<b>&amp;.jpg",
    "\r\n.jpg",
]

photos = st.lists(
    st.builds(
        photo,
        name=st.sampled_from(NAMES),
        decision=st.sampled_from(["tagged", "review", "no_landmark", "review", None]),
        tag=st.sampled_from(TAGS),
        etag=st.sampled_from([None, "e,1"]),
        size_bytes=st.sampled_from([None, 10]),
        modified_us=st.sampled_from([None, -5, 1000]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row.photo.ref.photo_id,
)
words = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(["ann", "bob", "eva@example.org", "=x"]),
        st.sampled_from(["tag", "not_a_landmark", "skip", "undo"]),
        st.sampled_from(TAGS),
        st.sampled_from([None, 1.5]),
    ),
    max_size=12,
)


def talk(store, rows, said):
    people = People(store)
    for number, reviewer, answer, tag, seconds in said:
        row = rows[number % len(rows)]
        if answer == "undo":
            people.undo(reviewer)
        elif row.prediction:
            given_tag = tag if answer == "tag" else None
            people.say(reviewer, row, answer, given_tag, seconds=seconds)


@settings(max_examples=25, deadline=None)
@given(rows=photos, said=words, kind=st.sampled_from(["csv", "label-studio"]))
def test_out_and_in_again(rows, said, kind):
    with tempfile.TemporaryDirectory() as folder:
        store = make_out(Path(folder, "out"), rows)
        talk(store, rows, said)
        before = standing(store, rows)
        path = Path(folder, "file")
        export(store, path, LATER, format=kind)
        files = store.list_reviews()

        report = take_in(store, path, LATER)
        assert report.saved == report.fates["new"] == 0
        assert store.list_reviews() == files

        empty = without_decisions(store, Path(folder, "empty"))
        take_in(empty, path, LATER)
        after = standing(empty, rows)
        assert [one[:2] for one in after.values()] == [one[:2] for one in before.values()]
        if kind == "label-studio":
            assert after == before
        again = take_in(empty, path, LATER + timedelta(days=1))
        assert again.saved == 0


edits = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(["tag", "not_a_landmark"]),
        st.sampled_from([tag for tag in TAGS if tag != "'=x"]),  # typed, that is =x
    ),
    max_size=4,
    unique_by=lambda edit: edit[0],
)


@settings(max_examples=25, deadline=None)
@given(rows=photos, said=words, edited=edits)
def test_an_edited_row_becomes_the_current_tag_and_no_other_does(rows, said, edited):
    with tempfile.TemporaryDirectory() as folder:
        store = make_out(Path(folder, "out"), rows)
        talk(store, rows, said)
        expected = final(store)
        path = Path(folder, "file.csv")
        export(store, path, LATER, format="csv")
        with path.open(newline="", encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        for number, answer, tag in edited:
            row = table[number % len(table)]
            row["person_decision"] = answer
            row["person_tag"] = tag if answer == "tag" else ""
            if row["status"] == "ok":
                answers = {"tag": ("tagged", tag), "not_a_landmark": ("no_landmark", None)}
                expected[row["photo_id"]] = (*answers[answer], "person")
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, table[0])
            writer.writeheader()
            writer.writerows(reversed(table))
        take_in(store, path, LATER)
        assert final(store) == expected
        assert take_in(store, path, LATER + timedelta(days=1)).saved == 0


def final(store):
    rows = current_tags(store).read_all().to_pylist()
    names = ("final_decision", "final_tag", "settled_by")
    return {row["photo_id"]: tuple(row[name] for name in names) for row in rows}


@pytest.mark.parametrize("kind", ["csv", "label-studio"])
def test_a_photo_that_has_changed_since_is_not_imported(tmp_path, kind):
    store = make_out(tmp_path / "out", [photo("a.jpg"), photo("b.jpg")])
    people = People(store)
    people.say("ann", photo("a.jpg"), "tag", "Petra")
    people.say("ann", photo("b.jpg"), "tag", "Petra")
    export(store, tmp_path / "file", LATER, format=kind)
    empty = without_decisions(store, tmp_path / "empty")
    make_out(tmp_path / "empty", [photo("b.jpg", modified_us=2000)], run="run1")
    report = take_in(empty, tmp_path / "file", LATER)
    assert new_words(report) == {"new": 1, "changed": 1}
    assert report.saved == 1


@pytest.mark.parametrize("kind", ["csv", "label-studio"])
def test_thousands_of_decisions_come_back_in_actions_of_500(tmp_path, kind):
    rows = [photo(f"{number}.jpg", "review") for number in range(1001)]
    store = make_out(tmp_path / "out", rows)
    people = People(store)
    for number, row in enumerate(rows):
        people.say("bob" if number % 3 else "ann", row, "tag", "Rome")
    export(store, tmp_path / "file", LATER, format=kind)
    empty = without_decisions(store, tmp_path / "empty")
    assert take_in(empty, tmp_path / "file", LATER).saved == 1001
    assert standing(empty, rows) == standing(store, rows)
    assert len(empty.list_reviews()) <= 5
