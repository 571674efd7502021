"""The report: figures on the page and in the JSON, hostile names, and pages without everything."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from landmark_core.errors import ConfigError
from landmark_core.judging import (
    Calibration,
    Epoch,
    Report,
    calibrate,
    cross_calibrate,
    headlines,
    judge,
    labels_of,
    measure,
    read_history,
    worst_errors,
    write_report,
)
from landmark_core.judging.diagrams import draw_confusion, draw_training
from landmark_core.judging.page import render_page
from landmark_core.judging.words import per_hundred
from landmark_core.model import Thresholds

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
PLAIN = Calibration(temperature=1.0, thresholds=Thresholds(tagged_from=0.8))


class Page(HTMLParser):
    """Collects tags, attributes and text of a page, as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"src", "href", "xlink:href"}]

    def handle_data(self, data):
        self.text += data


def report_of(answers, calibration=PLAIN, **more):
    judgement = judge(answers, calibration)
    return Report(title="test", made_at=NOW, judgement=judgement, **more)


@pytest.fixture
def full(drawn_answers):
    answers = drawn_answers(folds=4, skill=5)
    released = calibrate(answers.logits, labels_of(answers), class_names=answers.class_names)
    history = (
        Epoch(
            epoch=1,
            train_loss=2.0,
            train_accuracy=0.4,
            validation_loss=None,
            validation_accuracy=None,
        ),
    )
    return report_of(
        answers, cross_calibrate(answers), released=released, history=history, data_report="801 ok"
    )


def test_json_and_page_hold_the_same_figures(full, tmp_path):
    page = write_report(full, tmp_path / "report")
    values = json.loads((tmp_path / "report/report.json").read_text())
    figures = full.judgement.figures
    assert values["figures"]["gap"] == figures.gap
    assert values["mean_over_folds"]["top1"]["folds"] == 4
    assert len(values["folds"]) == len(values["calibration_of_folds"]) == 4
    assert sum(sum(row) for row in values["confusion"]["rows"]) == figures.landmarks
    right = sum(row[number] for number, row in enumerate(values["confusion"]["rows"]))
    wrong = sum(pair["photos"] for pair in values["confusion"]["pairs"])
    assert right + wrong == figures.landmarks
    assert sum(one["photos"] for one in values["reliability"]) == figures.landmarks
    assert values["risk_coverage"][-1]["risk"] == pytest.approx(1 - figures.top1)
    assert len(values["worst_errors"]) == 12
    text = Page(page.read_text()).text
    assert f"{figures.gap:.3f}" in text
    assert f"{100 * figures.top1:.1f} %" in text
    assert "4 folds" in text
    assert "801 ok" in text


def test_the_page_needs_nothing_from_outside(full):
    page = Page(render_page(full))
    assert "script" not in page.tags
    assert all(link.startswith(("data:image/", "#")) for link in page.links)
    assert page.tags.count("svg") == 5


def test_hostile_names_are_text(answers_from):
    evil = "<script>alert(1)</script>$\\frac{&\x1b\u202e"
    logits = np.tile([5.0, 0.0], (20, 1))
    answers = answers_from(logits, [evil, "B"] * 10, names=(evil, "B"), prefix="<img src=x>")
    report = report_of(
        answers, notes=(evil,), failures=((evil, evil),), facts=((evil, evil),), data_report=evil
    )
    page = render_page(report)
    seen = Page(page)
    assert "script" not in seen.tags
    assert "x" not in seen.links
    assert "<script>alert(1)</script>$\\frac{&\\x1b\\u202e" in seen.text
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_names_that_the_font_lacks_are_drawn_without_a_warning():
    drawn = draw_confusion(np.eye(2, dtype=np.int64), ["紫禁城", "A & <b>"])
    assert "紫禁城" in "".join(ElementTree.fromstring(drawn).itertext())


def test_diagrams_take_the_ink_of_the_page():
    epoch = {"train_loss": 1.0, "train_accuracy": 0.5, "validation_loss": 2.0}
    drawn = draw_training([Epoch(epoch=n, validation_accuracy=None, **epoch) for n in (1, 2)])
    assert "currentColor" in drawn
    assert "#123457" not in drawn
    ElementTree.fromstring(drawn)  # well-formed


@pytest.mark.parametrize(
    ("logits", "labels"),
    [
        pytest.param(np.empty((0, 2)), [], id="no-photos"),
        pytest.param(np.eye(2) * 9, ["A", "B"], id="no-others-no-errors"),
        pytest.param(np.eye(2), [None, None], id="others-alone"),
        pytest.param(np.eye(2) * 9, ["Z", "Y"], id="classes-that-the-model-lacks"),
    ],
)
def test_a_report_of_little_can_be_written(answers_from, logits, labels, tmp_path):
    report = report_of(answers_from(logits, labels, names=("A", "B")))
    assert write_report(report, tmp_path).read_text().endswith("</html>\n")
    assert json.loads((tmp_path / "report.json").read_text())["figures"]["photos"] == len(labels)


def test_hundreds_of_classes_have_no_matrix(answers_from):
    names = tuple(f"class {n}" for n in range(150))
    report = report_of(answers_from(np.eye(150) * 9, list(names), names=names))
    assert "Confusion matrix" not in render_page(report)


def test_the_worst_errors_are_those_that_nobody_would_check(answers_from):
    rows = [[2.0, 0], [3.0, 0], [0.5, 0], [4.0, 0], [0, 0.1], [1.0, 0]]
    # The last two show something else: one was left alone, one waits for a person.
    answers = answers_from(rows, ["B", None, "B", "A", None, None], names=("A", "B"))
    cut = Thresholds(tagged_from=0.85, no_landmark_below=0.55)
    found = worst_errors(
        judge(answers, Calibration(temperature=1.0, thresholds=cut)).verdicts, limit=9
    )
    assert [(one.uri, one.tag, one.label, one.decision) for one in found] == [
        ("/photos/1.jpg", "A", None, "tagged"),
        ("/photos/0.jpg", "A", "B", "tagged"),
        ("/photos/2.jpg", "A", "B", "review"),
    ]


def test_classes_are_listed_worst_first_with_a_place_for_every_order(full):
    places = re.findall(r'class="class"[^>]*style="([^"]+)"', render_page(full))
    for column in ("name", "photos", "precision", "recall"):
        found = sorted(int(re.search(rf"--{column}:(\d+)", one)[1]) for one in places)
        assert found == [0, 1, 2, 3]


def test_headlines_say_it_in_words(answers_from):
    logits = [[9.0, 0]] * 3 + [[0.1, 0]]
    lines = headlines(measure(answers_from(logits, ["A", "A", "B", None], names="AB"), PLAIN))
    assert lines[0] == "Of the 3 photos that got a tag without review, 2 are right."
    assert "3 are tagged without review, 0 wait" in lines[1]
    assert "0 wrongly get a tag, 1 waits" in lines[2]
    assert "right for 2 of 3" in lines[3]


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0"), (0.004, "fewer than 1"), (0.01, "1"), (0.996, "more than 99"), (1.0, "100")],
)
def test_few_are_not_none_and_nearly_all_not_all(share, words):
    assert per_hundred(share) == words


def test_history_is_read_and_gaps_are_null(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(
        "epoch,train_loss,train_accuracy,validation_loss,validation_accuracy,rate,seconds\n"
        "1,2.5,0.25,,nan,0.001,3\n2,1.5,0.5,1.75,0.4,0.002,3\n"
    )
    first, second = read_history(path)
    assert (first.train_loss, first.validation_loss, first.validation_accuracy) == (2.5, None, None)
    assert second.validation_loss == 1.75


def test_a_broken_history_is_refused(tmp_path):
    (tmp_path / "history.csv").write_text("epoch,loss\n1,2\n")
    with pytest.raises(ConfigError, match="train_loss"):
        read_history(tmp_path / "history.csv")
