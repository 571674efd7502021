"""Figures in words: sentences by hand, and round numbers that hide neither few nor nearly all."""

import dataclasses

import pytest

from landmark_core.judging.metrics import ClassFigures, Figures, Spread
from landmark_core.judging.words import figure_rows, headlines, per_hundred, percent, worst_first

NOTHING = Figures(
    **{field.name: None for field in dataclasses.fields(Figures)}
    | {"landmarks": 400, "others": 200, "classes": 13}
)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (None, "–"),
        (0.0, "0"),
        (1e-9, "fewer than 1"),
        (1 / 200, "fewer than 1"),  # to even, it would be rounded to none
        (0.0051, "1"),
        (0.014, "1"),
        (0.016, "2"),
        (0.994, "99"),
        (0.995, "more than 99"),
        (0.999999, "more than 99"),
        (1.0, "100"),
    ],
)
def test_of_a_hundred(share, words):
    assert per_hundred(share) == words


def test_percent():
    assert [percent(0.9714), percent(0.9714, 2), percent(1.0, 0), percent(None)] == [
        "97.1 %",
        "97.14 %",
        "100 %",
        "–",
    ]


def test_every_sentence_by_hand():
    figures = dataclasses.replace(
        NOTHING,
        tagged=100,
        tagged_precision=0.97,
        landmarks_tagged=0.8,
        landmarks_review=0.19,
        landmarks_lost=0.01,
        others_tagged=0.01,
        others_review=0.3,
        others_left_alone=0.69,
        top1=0.9,
        ece=0.0123,
    )
    assert headlines(figures) == (
        "Of 100 photos that get a tag without review, 97 are right.",
        (
            "Of 100 landmark photos, 80 are tagged without review, 19 wait for a person and 1 is "
            "called no landmark."
        ),
        (
            "Of 100 photos of other things, 1 wrongly gets a tag, 30 wait for a person and 69 are "
            "left alone."
        ),
        (
            "Its first guess for a landmark is right 90 times in 100; its confidence is off by 1.2 "
            "percentage points on average."
        ),
    )


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "0 are"),
        (0.003, "fewer than 1 is"),
        (0.005, "fewer than 1 is"),
        (0.01, "1 is"),
        (0.014, "1 is"),
        (0.02, "2 are"),
        (1.0, "100 are"),
    ],
)
def test_one_is_and_others_are(share, words):
    (first, _) = headlines(dataclasses.replace(NOTHING, tagged=100, tagged_precision=share))
    assert first.endswith(f", {words} right.")
    figures = dataclasses.replace(NOTHING, others_tagged=share)
    assert (" gets " if words.endswith("is") else " get ") in headlines(figures)[0]


def test_what_nobody_could_tell_is_not_said():
    assert headlines(NOTHING) == (
        "No photos of other things were judged: nobody knows yet what the model makes of them.",
    )
    assert len(headlines(dataclasses.replace(NOTHING, top1=0.5))) == 1
    assert len(headlines(dataclasses.replace(NOTHING, ece=0.5))) == 1


def test_few_photos_are_told_as_they_were_counted():
    figures = dataclasses.replace(
        NOTHING,
        landmarks=6,
        others=29,
        tagged=3,
        tagged_precision=2 / 3,
        landmarks_tagged=1 / 6,
        landmarks_review=5 / 6,
        landmarks_lost=0.0,
        others_tagged=2 / 29,
        others_review=1 / 29,
        others_left_alone=26 / 29,
        top1=5 / 6,
        ece=0.0123,
    )
    assert headlines(figures) == (
        "Of the 3 photos that got a tag without review, 2 are right.",
        (
            "Of the 6 landmark photos judged, 1 is tagged without review, 5 wait for a person and "
            "0 are called no landmark."
        ),
        (
            "Of the 29 photos of other things judged, 2 wrongly get a tag, 1 waits for a person "
            "and 26 are left alone."
        ),
        (
            "Its first guess for a landmark is right for 5 of 6; its confidence is off by 1.2 "
            "percentage points on average."
        ),
    )


@pytest.mark.parametrize(
    ("photos", "said"),
    [
        (1, "Of the 1 photo that got a tag without review, 1 is right."),
        (29, "Of the 29 photos that got a tag without review, 29 are right."),
        (30, "Of 100 photos that get a tag without review, 100 are right (measured on 30 alone)."),
        (99, "Of 100 photos that get a tag without review, 100 are right (measured on 99 alone)."),
        (100, "Of 100 photos that get a tag without review, 100 are right."),
    ],
)
def test_how_many_photos_stand_behind_a_hundred(photos, said):
    assert headlines(dataclasses.replace(NOTHING, tagged=photos, tagged_precision=1.0))[0] == said


@pytest.mark.parametrize(("classes", "is_there"), [(4, False), (5, False), (6, True)])
def test_top_5_of_no_more_than_five_classes_says_nothing(classes, is_there):
    rows = figure_rows(dataclasses.replace(NOTHING, classes=classes, top5=1.0), {})
    assert any(row.name == "Top-5" for row in rows) == is_there


def test_the_table_has_a_line_for_each_figure_and_folds_where_there_are_some():
    figures = dataclasses.replace(NOTHING, top1=0.9, macro_f1=0.87654, fpr95=0.25)
    spread = {
        "top1": Spread(mean=0.89, deviation=0.0123, folds=3),
        "macro_f1": Spread(mean=0.8, deviation=0.01, folds=3),
    }
    rows = {row.name: row for row in figure_rows(figures, spread)}
    assert (rows["Top-1"].value, rows["Top-1"].folds) == ("90.0 %", "89.0 % ± 1.2 %")
    assert (rows["Macro F1"].value, rows["Macro F1"].folds) == ("0.877", "0.800 ± 0.010")
    assert (rows["FPR95"].value, rows["FPR95"].folds) == ("25.0 %", "")
    assert rows["GAP"].value == "–"
    shares = {name for name, row in rows.items() if row.meaning and _is_percent(name)}
    assert shares == {
        "Top-1",
        "Top-5",
        "FPR95",
        "Precision of tagged",
        "Landmarks tagged",
        "Landmarks to review",
        "Landmarks lost",
        "Other things tagged",
        "Other things to review",
    }
    assert len(rows) == 17


def _is_percent(name: str) -> bool:
    fields = dataclasses.fields(Figures)
    halves = Figures(**{field.name: 0.5 for field in fields} | {"classes": 13})
    return any(row.name == name and row.value == "50.0 %" for row in figure_rows(halves, {}))


def a_class(name: str, photos: int, f1: float) -> ClassFigures:
    return ClassFigures(
        name=name,
        known=True,
        photos=photos,
        precision=None,
        recall=None,
        f1=f1,
        tagged=None,
        tagged_precision=None,
        others_tagged=0,
        confused_with=None,
        confused=0,
    )


def test_the_worst_classes_come_first_and_those_without_photos_last():
    classes = [("d", 0, 0.0), ("c", 5, 0.9), ("b", 1, 0.2), ("a", 9, 0.2)]
    found = worst_first(tuple(a_class(*one) for one in classes))
    assert [one.name for one in found] == ["a", "b", "c", "d"]
