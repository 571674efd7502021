"""The page of nights: lines by hand, charts read back as XML, small enough for a database."""

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from landmark_core.night_charts import draw_confidences, draw_shares
from landmark_core.nights import Limits, Night, PassedLimit, compare, passed_limits
from landmark_core.nights_text import limit_to_text, nights_to_markdown

SVG = "{http://www.w3.org/2000/svg}"
TONIGHT = Night(
    run_id="r9",
    finished_at=datetime(2026, 1, 9, 3, tzinfo=UTC),
    model_id="m1",
    preprocess_id="p1",
    photos=200,
    tagged=120,
    review=50,
    no_landmark=26,
    failed=4,
    confidences=(*[4] * 10, *[6] * 6, *[30] * 4),
)
PAST = [
    replace(TONIGHT, run_id=f"r{number}", finished_at=datetime(2026, 1, number, 3, tzinfo=UTC))
    for number in range(1, 9)
]


def page(tonight=TONIGHT, past=PAST, limits=None):
    comparison = compare(tonight, past)
    return nights_to_markdown(comparison, past, passed_limits(comparison, limits or Limits()))


def pictures(markdown):
    found = re.findall(r"!\[[^]]+\]\(data:image/svg\+xml;base64,([^)]+)\)", markdown)
    return [ElementTree.fromstring(base64.b64decode(one)) for one in found]


def test_an_ordinary_night():
    text = page()
    assert text.startswith("# 200 photos tonight, beside 8 nights\n")
    assert "No limit was passed." in text
    assert "| tagged | **60.0 %** | 60.0 % | 60.0 to 60.0 % |" in text
    assert "| unreadable | **2.0 %** |" in text
    assert "**Drift 0.000**" in text
    assert "against 8 nights of this model, 1,568 photos" in text
    assert len(pictures(text)) == 2


def test_passed_limits_come_first():
    text = page(replace(TONIGHT, tagged=20, review=150))
    second = text.splitlines()[2]
    assert second == (
        "⚠️ **review**: 75.0 % of 200 photos wait for a person, at most 50.0 % is allowed"
    )


@pytest.mark.parametrize(
    ("passed", "line"),
    [
        pytest.param(
            PassedLimit(limit="failures", value=0.125, allowed=0.05),
            "12.5 % of 200 photos could not be read, at most 5.0 % is allowed",
            id="failures",
        ),
        pytest.param(
            PassedLimit(limit="drift", value=0.314, allowed=0.25),
            "the confidences have drifted: stability index 0.31, at most 0.25 is allowed "
            "(200 photos)",
            id="drift",
        ),
    ],
)
def test_a_passed_limit_is_one_line(passed, line):
    assert limit_to_text(passed, TONIGHT) == line


def test_a_new_model_is_said_and_drawn():
    text = page(replace(TONIGHT, model_id="m2"))
    assert "The model changed since the night before (now m2)." in text
    assert "Nothing to compare" in text
    (shares,) = pictures(text)
    assert "new model" in [element.text for element in shares.iter(f"{SVG}text")]


def test_a_first_night_and_one_without_photos():
    assert "| tagged | **60.0 %** | – | – |" in page(past=[])
    nothing = replace(
        TONIGHT, photos=0, tagged=0, review=0, no_landmark=0, failed=0, confidences=(0,) * 20
    )
    text = page(nothing)
    assert text.startswith("# 0 photos tonight")
    assert pictures(text) == []


def test_thirty_nights_of_two_models_fit_into_a_database():
    past = [replace(PAST[number % 8], model_id=f"m{number // 20}") for number in range(30)]
    assert len(page(past=past).encode()) < 40_000


def test_the_lines_end_where_tonights_shares_are():
    svg = ElementTree.fromstring(draw_shares([*PAST, TONIGHT]))
    ends = {
        circle.get("style"): (float(circle.get("cx")), float(circle.get("cy")))
        for circle in svg.iter(f"{SVG}circle")
    }
    # The plot is 580 x 190 pixels from (54, 44): 60 % lies at 44 + 0.4 * 190.
    assert ends["fill:var(--tagged)"] == (634, pytest.approx(120))
    assert ends["fill:var(--failed)"] == (634, pytest.approx(230.2))
    names = [text for text in svg.iter(f"{SVG}text") if "fill:var" in (text.get("style") or "")]
    heights = sorted(float(text.get("y")) for text in names)
    assert len(heights) == 4
    assert all(after - before >= 14 for before, after in pairwise(heights))


def test_one_night_alone_is_drawn():
    assert ElementTree.fromstring(draw_shares([TONIGHT])) is not None


def test_the_highest_bar_fills_the_plot():
    drift = compare(TONIGHT, PAST).drift
    svg = ElementTree.fromstring(draw_confidences(TONIGHT, drift))
    line = next(
        path.get("d")
        for path in svg.iter(f"{SVG}path")
        if "tagged" in (path.get("style") or "") and path.get("d").startswith("M54")
    )
    points = [tuple(map(float, point.split(","))) for point in line[1:].split("L")]
    assert len(points) == 40
    assert points[-1] == (634, 44)  # 30 of 196 photos, the most
    assert points[0] == (54, pytest.approx(44 + 190 * (1 - 4 / 30), abs=0.1))
