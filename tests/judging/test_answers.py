"""Answers: the file gives back what it got; broken ones are refused."""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from landmark_core.errors import ConfigError, RunError
from landmark_core.judging import (
    UNKNOWN,
    AnsweredPhoto,
    Answers,
    labels_of,
    load_answers,
    save_answers,
    take,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def any_answers(draw):
    names = tuple(draw(st.lists(TEXT, min_size=1, max_size=4, unique=True)))
    digests = draw(st.lists(TEXT, max_size=6, unique=True))
    photos = tuple(
        AnsweredPhoto(
            digest=digest,
            uri=draw(TEXT),
            label=draw(st.none() | st.sampled_from(names) | TEXT),
            group=draw(TEXT),
            fold=draw(st.none() | st.integers(0, 19)),
        )
        for digest in digests
    )
    finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
    logits = draw(arrays.arrays(np.float32, (len(photos), len(names)), elements=finite))
    return Answers(class_names=names, photos=photos, logits=logits, energies=draw(st.booleans()))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("answers") / "answers.parquet"


@given(answers=any_answers())
@settings(deadline=None, max_examples=60)
def test_a_file_gives_back_what_was_saved(answers, place):
    save_answers(answers, place)
    again = load_answers(place)
    assert again.photos == answers.photos
    assert again.class_names == answers.class_names
    assert again.energies == answers.energies
    assert again.logits.dtype == np.float32
    np.testing.assert_array_equal(again.logits, answers.logits)
    assert [path.name for path in place.parent.iterdir()] == ["answers.parquet"]


def test_many_numbers_are_written_in_parts(drawn_answers, tmp_path, monkeypatch):
    monkeypatch.setattr("landmark_core.judging.answers._NUMBERS_AT_ONCE", 30)  # 7 photos of 4
    answers = drawn_answers(landmarks=20, others=10)
    save_answers(answers, tmp_path / "answers.parquet")
    assert pq.ParquetFile(tmp_path / "answers.parquet").num_row_groups == 5
    again = load_answers(tmp_path / "answers.parquet")
    assert again.photos == answers.photos
    np.testing.assert_array_equal(again.logits, answers.logits)


def test_the_columns_can_be_read_without_us(answers_from, tmp_path):
    save_answers(answers_from([[1, 2, 3, 4]], ["Dome"]), tmp_path / "deep/answers.parquet")
    table = pq.read_table(tmp_path / "deep/answers.parquet")
    assert table.column_names == ["digest", "uri", "label", "group", "fold", "logits"]
    assert table.schema.field("logits").type == pa.list_(pa.float32())
    assert table.column("logits").to_pylist() == [[1, 2, 3, 4]]


def test_labels_are_columns_or_say_what_they_are_not(answers_from):
    answers = answers_from(np.zeros((3, 4)), ["Tower", None, "Bridge"])
    assert labels_of(answers).tolist() == [3, -1, UNKNOWN]


def test_rows_are_taken_in_the_order_given(answers_from):
    answers = answers_from(np.eye(4), ["Arch", "Dome", "Pyramid", "Tower"])
    chosen = take(answers, [2, 0])
    assert [photo.label for photo in chosen.photos] == ["Pyramid", "Arch"]
    assert chosen.logits.argmax(axis=1).tolist() == [2, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"logits": np.zeros((2, 3), np.float32)}, "expected float32", id="shape"),
        pytest.param({"logits": np.zeros((2, 4))}, "float64", id="float64"),
        pytest.param({"logits": np.full((2, 4), np.nan, np.float32)}, "NaN", id="nan"),
    ],
)
def test_answers_refuse(answers_from, change, message):
    answers = answers_from(np.zeros((2, 4)), ["Arch", None])
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(answers, **change)


def test_a_photo_is_answered_once(answers_from):
    answers = answers_from(np.zeros((2, 4)), ["Arch", None])
    with pytest.raises(ValueError, match="twice"):
        take(answers, [0, 0])


@pytest.mark.parametrize("kind", ["absent", "text", "other-parquet", "later-format"])
def test_what_is_no_file_of_answers_is_refused_in_one_line(kind, answers_from, tmp_path):
    path = tmp_path / "answers.parquet"
    if kind == "text":
        path.write_text("digest,uri\n")
    elif kind == "other-parquet":
        pq.write_table(pa.table({"digest": ["a"]}), path)
    elif kind == "later-format":
        save_answers(answers_from([[1, 2, 3, 4]], ["Dome"]), path)
        table = pq.read_table(path)
        (key,) = table.schema.metadata
        later = table.schema.metadata[key].replace(b'version": 1', b'version": 2')
        pq.write_table(table.replace_schema_metadata({key: later}), path)
    with pytest.raises(ConfigError, match="answers") as caught:
        load_answers(path)
    assert "\n" not in str(caught.value)


def test_a_place_that_cannot_be_written_is_one_line(answers_from, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match="cannot be written"):
        save_answers(answers_from([[1, 2, 3, 4]], ["Dome"]), tmp_path / "file/answers.parquet")
