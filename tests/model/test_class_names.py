"""Class files as people write them, and folder names as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.errors import ConfigError
from landmark_core.model.class_names import read_class_names, tidy_class_names


def test_comments_blank_lines_and_bom_are_passed_over(tmp_path):
    path = tmp_path / "classes.txt"
    path.write_bytes("\ufeff# my holidays\r\n\r\n Eiffel Tower \r\nСобор\n\n".encode())
    assert read_class_names(str(path)) == ("Eiffel Tower", "Собор")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "names no class", id="empty"),
        pytest.param(b"# a\n\n", "names no class", id="comments-alone"),
        pytest.param(b"a\nb\na\n", "'a' 2 times", id="twice"),
        pytest.param(b"\xff\xfe\x00a", "not UTF-8", id="utf-16"),
    ],
)
def test_class_files_are_refused(content, message, tmp_path):
    path = tmp_path / "classes.txt"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read_class_names(str(path))


def test_missing_class_file_is_named():
    with pytest.raises(ConfigError, match=r"no --classes file nowhere\.txt"):
        read_class_names("nowhere.txt")


@pytest.mark.parametrize(
    ("raw", "tidy"),
    [
        pytest.param(
            ["04.Eiffel_Tower", "05.Taj_Mahal"], ("Eiffel Tower", "Taj Mahal"), id="course"
        ),
        pytest.param(["1 - Big Ben", "2 - Petra"], ("Big Ben", "Petra"), id="dashes"),
        pytest.param(["7.Eleven", "Louvre"], ("7.Eleven", "Louvre"), id="not-all-numbered"),
        pytest.param(["1.A_b", "2.A b"], ("1.A_b", "2.A b"), id="would-be-equal"),
        pytest.param(["01.", "02."], ("01.", "02."), id="nothing-but-numbers"),
        pytest.param(["_", "a"], ("_", "a"), id="nothing-but-underscores"),
        pytest.param(["10 Downing Street", "30 St Mary Axe"], None, id="house-numbers"),
    ],
)
def test_folder_names_become_readable(raw, tidy):
    assert tidy_class_names(raw) == (tuple(raw) if tidy is None else tidy)


@given(st.lists(st.text("01. _-aB", min_size=1), min_size=1, unique=True))
def test_distinct_names_stay_distinct_and_full(names):
    tidy = tidy_class_names(names)
    assert len(set(tidy)) == len(names)
    assert all(tidy)
