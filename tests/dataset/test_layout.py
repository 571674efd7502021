"""What folder names mean: classes, given splits, and the refusals."""

import unicodedata

import pytest

from landmark_core.dataset.layout import read_layout
from landmark_core.errors import ConfigError


def layout(*paths: str, folders: tuple[str, ...] = ()):
    return read_layout(paths, folders, data="DATA")


def test_numbered_folders_become_readable_names_and_deep_photos_stay_in_their_class():
    found = layout("04.Colosseum_Rome/a.jpg", "04.Colosseum_Rome/night/b.jpg", "11.Petra/c.jpg")
    assert found.place_of("04.Colosseum_Rome/night/b.jpg") == ("Colosseum Rome", None)
    assert found.place_of("11.Petra/c.jpg") == ("Petra", None)
    assert found.place_of("loose.jpg") is None


def test_numbers_stay_where_not_every_folder_has_one():
    found = layout("10 Downing Street/a.jpg", "Petra/b.jpg")
    assert set(found.names.values()) == {"10 Downing Street", "Petra"}


@pytest.mark.parametrize(
    ("path", "place"),
    [
        pytest.param("train/00.Petra/x.jpg", ("Petra", "train"), id="train"),
        pytest.param("Test/00.Petra/deep/x.jpg", ("Petra", "test"), id="test-deep"),
        pytest.param("val/01.Taj_Mahal/x.jpg", ("Taj Mahal", "validation"), id="validation"),
        pytest.param("train/loose.jpg", None, id="loose"),
    ],
)
def test_given_splits(path, place):
    found = layout("train/00.Petra/x.jpg", "Test/00.Petra/deep/x.jpg", "val/01.Taj_Mahal/x.jpg")
    assert found.is_split
    assert found.place_of(path) == place


def test_a_class_may_be_called_train():
    found = layout("train/a.jpg", "car/b.jpg")
    assert not found.is_split
    assert found.place_of("train/a.jpg") == ("train", None)


def test_an_empty_folder_is_a_class_and_one_beside_train_and_test_is_none():
    assert set(layout("a/x.jpg", folders=("a", "b")).names) == {"a", "b"}
    split = layout("train/a/x.jpg", folders=("train", "train/a", "train/b", "test", "notes"))
    assert set(split.names) == {"a", "b"}


def test_both_spellings_of_an_accent_are_one_class():
    composed, decomposed = "Köln", unicodedata.normalize("NFD", "Köln")
    found = layout(f"train/{composed}/a.jpg", f"test/{decomposed}/b.jpg", "train/Bonn/c.jpg")
    assert found.place_of(f"test/{decomposed}/b.jpg") == (composed, "test")


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        pytest.param(["a.jpg"], "one folder of photos per class", id="no-class-folder"),
        pytest.param(["train/a.jpg", "test/b.jpg"], "one folder of photos", id="split-no-class"),
        pytest.param(["train/A/a.jpg", "test/A/b.jpg", "B/c.jpg"], "as well as 'B'", id="mixed"),
        pytest.param(["01.A_b/a.jpg", "02.A b/b.jpg"], "one class name, 'A b'", id="numbers"),
        pytest.param(["A_b/a.jpg", "a b/b.jpg"], "'A_b' and 'a b' give one", id="spelling"),
    ],
)
def test_refusals(paths, message):
    with pytest.raises(ConfigError, match=message):
        layout(*paths)


@pytest.mark.parametrize(
    ("folder", "side"),
    [
        ("train", "train"),
        ("TRAINING", "train"),
        ("valid", "validation"),
        ("val", "validation"),
        ("Validation", "validation"),
        ("test", "test"),
        ("testing", "test"),
    ],
)
def test_words_for_the_sides(folder, side):
    found = layout("train/A/x.jpg", f"{folder}/A/y.jpg")
    assert found.place_of(f"{folder}/A/y.jpg") == ("A", side)


def test_a_number_that_not_all_folders_have_tells_names_apart():
    assert layout("1.A/x.jpg", "A/y.jpg").names == {"1.A": "1.A", "A": "A"}
