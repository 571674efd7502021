"""The page: every number is there, it asks for nothing, no name becomes markup."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

from state import NASTY, STATUS

from landmark_core.dashboard import render_status
from landmark_core.tables import ModelMonth, ModelSeen

NOW = datetime(2026, 11, 28, 2, 3, tzinfo=UTC)
ALONE = {"meta", "rect", "br", "img", "link", "input"}


class Reader(HTMLParser):
    """Collects what a browser would show; a tag that is not closed is found out."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        assert self.open == []
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ALONE:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def page(**changes) -> Reader:
    text = render_status(replace(STATUS, **changes), NASTY, NOW)
    assert text.startswith("<!doctype html>")
    return Reader(text)


def test_the_page_says_what_was_counted():
    text = page().text
    for said in (
        "1,234 photos",
        "tagged 1,000 81",
        "200 photos waiting for a person",
        r"7 settled by people: ann 6, b\nob 1",
        "2 skipped",
        "On 1 photo people disagree",
        "Petra 900 6 by people +100 to review",
        "15 seen, the first 2",
        "2026-03 96 100 30 4",
        "4 photos without a time",
        "without a time. A gap stands",
        r"4 corrupt /p/a\nb.jpg cut off",
        "abc 1,500 2026-01-02 03:04 2026-01-03 03:04",
        "run-6 finished, 6 parts",
    ):
        assert said in text, said


def test_a_model_has_its_name_beside_its_id():
    assert "starter abc 1,500" in page(models=(replace(STATUS.models[0], name="starter"),)).text


def test_what_nobody_did_is_not_counted():
    text = page(reviewed=44, reviewers=(("root", 44),), skipped=0, disagreements=0).text
    assert "44 settled by root ." in text.replace("root.", "root .")
    for absent in ("skipped", "disagree", "root 44"):
        assert absent not in text


def test_the_page_asks_for_nothing_and_runs_nothing():
    reader = page()
    assert not {"script", "img", "link", "iframe", "object", "form"} & set(reader.tags)
    names = {name for name, _ in reader.attributes}
    assert not {name for name in names if name.startswith("on")} | {"src", "href"} & names
    values = " ".join(str(value) for _, value in reader.attributes)
    assert "default-src 'none'" in values
    style = re.search("<style>(.*?)</style>", render_status(STATUS, "OUT", NOW), re.DOTALL)
    assert style
    assert not re.search(r"url\(|@import|://", style[1])
    assert "prefers-color-scheme: dark" in style[1]


def test_no_name_becomes_markup():
    reader = page()
    assert reader.tags.count("b") == len(STATUS.landmarks) + len(STATUS.failures)  # the page's own
    assert "<b>&\"'\\u202e\\n" in reader.text


def test_many_models_share_the_last_colour():
    models = tuple(replace(STATUS.models[0], model_id=f"model-{number}") for number in range(9))
    assert all(isinstance(model, ModelSeen) for model in models)
    rows = tuple(
        ModelMonth(model_id=model.model_id, month=month, rows=10)
        for month in ("2026-01", "2026-02")
        for model in models
    )
    reader = page(models=models, model_months=rows)
    assert ("class", "m0") in reader.attributes
    assert ("class", "dot m5") in reader.attributes
    assert not any("m6" in str(value) for _, value in reader.attributes)
    assert "others 40" in reader.text


def test_a_library_without_anything_has_a_page():
    nothing = dict.fromkeys(
        ("landmarks", "months", "models", "model_months", "failures", "runs", "reviewers"), ()
    )
    counts = dict.fromkeys(("photos", "tagged", "review", "no_landmark", "skipped"), 0)
    assert "0 photos" in page(**nothing, **counts).text
