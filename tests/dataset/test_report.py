"""The data report as people and machines read it."""

import dataclasses
import json

from landmark_core.dataset import DataReport, report_to_json, report_to_text
from landmark_core.dataset.report import (
    BrokenFile,
    ClassCount,
    Disagreement,
    IgnoredCount,
    ReviewCount,
)


def count(name, usable, training, validation, test):
    return ClassCount(
        name=name,
        found=usable,
        usable=usable,
        training=training,
        validation=validation,
        test=test,
    )


REPORT = DataReport(
    data="photos",
    digest="0123456789abcdef",
    is_split=False,
    classes=(count("Petra", 1200, 1000, 100, 100), count("Taj Mahal", 9, 9, 0, 0)),
    others=count(None, 40, 30, 5, 5),
    duplicates=3,
    across=0,
    groups=2,
    grouped=5,
    quarantined=1,
    conflicts=(Disagreement(uris=("/a\u202e.jpg", "/b.jpg"), names=("Petra", None)),),
    doubtful=(),
    broken=(BrokenFile(uri="/x.jpg", name="Petra", status="corrupt", reason="cut\noff"),),
    reviews=ReviewCount(labels=7, overruled=2, new_classes=("Erfurt",)),
    ignored=IgnoredCount(other_files=4),
)


def test_text_says_what_matters_and_nothing_of_what_is_not_there():
    text = report_to_text(REPORT)
    assert text.startswith("1,209 photos of 2 landmarks and 40 of other things")
    assert (
        "  Petra                             1,200      1,200      1,000        100        100\n"
        in text
    )
    assert "near-duplicates, in 2 groups kept on one side: 5" in text
    assert "Petra / no landmark: /a\\u202e.jpg, /b.jpg" in text
    assert "corrupt: 1, for example /x.jpg: cut\\noff" in text
    assert "new classes, by reviews: Erfurt: 1" in text
    assert "changed since" not in text
    assert "symbolic links" not in text


def test_warnings_name_classes_without_photos_on_a_side():
    warnings = "\n".join(REPORT.warnings)
    assert "no test photo of Taj Mahal" in warnings
    assert "no validation photo of Taj Mahal" in warnings
    assert "no training photo" not in warnings
    assert "Petra has 1,200 photos and Taj Mahal 9" in warnings


def test_without_other_things_there_is_a_warning():
    bare = dataclasses.replace(REPORT, others=count(None, 0, 0, 0, 0))
    assert any("--negatives" in line for line in bare.warnings)


def test_many_classes_fit_a_screen_smallest_first():
    classes = tuple(count(f"class {n}", 100 + n, 100 + n, 0, 0) for n in range(300))
    lines = report_to_text(dataclasses.replace(REPORT, classes=classes)).splitlines()
    assert len(lines) < 45
    assert lines[2].startswith("  class 0 ")
    total = next(line for line in lines if "281 larger classes" in line)
    assert f"{sum(100 + n for n in range(19, 300)):,}" in total


def test_json_holds_everything_in_plain_values():
    values = json.loads(json.dumps(report_to_json(REPORT)))
    assert values["classes"][0]["usable"] == 1200
    assert values["conflicts"] == [{"uris": ["/a\u202e.jpg", "/b.jpg"], "names": ["Petra", None]}]
    assert values["reviews"]["overruled"] == 2
    assert len(values["warnings"]) == 3


ENOUGH = count(None, 9, 3, 3, 3)


def warnings_of(*classes, others=ENOUGH):
    return dataclasses.replace(REPORT, classes=classes, others=others).warnings


def test_nothing_to_warn_of_is_not_said():
    assert warnings_of(count("a", 100, 1, 1, 1), count("b", 10, 1, 1, 1)) == ()


def test_more_than_ten_times_as_many_photos_are_uneven():
    assert warnings_of(count("a", 101, 1, 1, 1), count("b", 10, 1, 1, 1)) == (
        "a has 101 photos and b 10: rare classes are often missed",
    )


def test_of_each_side_five_classes_without_photos_are_named():
    five = [count(f"c{n}", 10, 0, 1, 1) for n in range(5)]
    assert warnings_of(*five) == (
        "no training photo of c0, c1, c2, c3, c4: the model cannot learn it",
    )
    six = [count(f"c{n}", 10, 1, 0, 1) for n in range(6)]
    (line,) = warnings_of(*six)
    assert line.startswith("no validation photo of c0, c1, c2, c3, c4 and 1 more: ")


def test_photos_of_other_things_are_wanted_on_both_sides_that_judge():
    one = count("a", 10, 1, 1, 1)
    assert "give --negatives" in warnings_of(one, others=count(None, 0, 0, 0, 0))[0]
    for others in (count(None, 2, 1, 0, 1), count(None, 2, 1, 1, 0)):
        assert "too few photos of other things" in warnings_of(one, others=others)[0]
    assert warnings_of(one, others=count(None, 2, 0, 1, 1)) == ()


def test_what_was_not_counted_is_nothing():
    assert ReviewCount() == ReviewCount(
        labels=0, overruled=0, changed=0, gone=0, new_classes=(), rare_tags=()
    )
    assert IgnoredCount() == IgnoredCount(
        loose=0, other_files=0, hidden=0, links=0, unreadable_folders=0
    )
    bare = {field.name: getattr(REPORT, field.name) for field in dataclasses.fields(REPORT)}
    del bare["reviews"], bare["ignored"]
    assert (DataReport(**bare).reviews, DataReport(**bare).ignored) == (
        ReviewCount(),
        IgnoredCount(),
    )
