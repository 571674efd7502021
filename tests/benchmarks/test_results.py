"""The table's figures, the chart's bars, and the guard's verdict for given figures."""

import pytest
from PIL import Image

from benchmarks.comparison.cases import CASES
from benchmarks.comparison.chart import draw_chart
from benchmarks.comparison.marginal import Pair
from benchmarks.comparison.results import add_up
from benchmarks.comparison.table import case_table, to_markdown
from benchmarks.guard import judge

BY_CASE = {case.name: case for case in CASES}
MEMBERS = [
    (BY_CASE["2mp"], ("ours", "plain", "timm", "decode")),
    (BY_CASE["forward-resnet18"], ("forward",)),
]


def make_pairs() -> list[Pair]:
    """Ours 10, 11, 12 ms; plain 3 times, timm 2.5 times as much; decode 3 and forward 6 ms."""
    pairs = []
    for number, ours in enumerate((10.0, 11.0, 12.0), start=1):
        for case, name, ms in (
            ("2mp", "ours", ours),
            ("2mp", "plain", 3 * ours),
            ("2mp", "timm", 2.5 * ours),
            ("2mp", "decode", 3.0),
            ("forward-resnet18", "forward", 6.0),
        ):
            times = {"short_s": 5 + 0.1 * ms, "long_s": 5 + 0.3 * ms}
            pairs.append(Pair(case=case, contestant=name, round=number, photos=100, **times))
    return pairs


def test_table_has_the_cheapest_first_and_the_floor_last():
    (result, _) = add_up(MEMBERS, make_pairs())
    assert case_table(result).splitlines()[2:] == [
        "| **landmarks tag** | 11.0 | 10.0 to 12.0 | 91 | 1.00 | 1.00 to 1.00 | 5.0 | 100 |",
        "| timm | 27.5 | 25.0 to 30.0 | 36 | 2.50 | 2.50 to 2.50 | 5.0 | 100 |",
        "| DataLoader + pandas | 33.0 | 30.0 to 36.0 | 30 | 3.00 | 3.00 to 3.00 | 5.0 | 100 |",
        "| decode alone | 3.0 | 3.0 to 3.0 | 333 | 0.27 | 0.25 to 0.30 | 5.0 | 100 |",
        "| decode + forward alone | 9.0 | 9.0 to 9.0 | 111 | 0.82 | 0.75 to 0.90 |  |  |",
    ]


def test_page_names_machine_settings_and_versions():
    answer = {"settings": "float32", "versions": {"timm": "1.0", "torch": "2.14"}}
    page = to_markdown(
        add_up(MEMBERS, make_pairs()),
        machine="A CPU.",
        settings="3 rounds.",
        answers={"timm": answer},
    )
    assert page.count("| way |") == 2
    assert "A CPU.\n\n3 rounds." in page
    assert "- timm: float32 (timm 1.0, torch 2.14)" in page


def test_chart_is_a_png_with_a_bar_for_everybody_who_tags(tmp_path):
    path = tmp_path / "new" / "chart.png"
    assert draw_chart(add_up(MEMBERS, make_pairs()), path, caption="A CPU.") == 3
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.width > 1000


def test_no_chart_of_nothing(tmp_path):
    assert draw_chart([], tmp_path / "chart.png", caption="") == 0


@pytest.mark.parametrize(
    ("ratios", "passed", "words"),
    [
        pytest.param([2.4], True, "2.40 times cheaper", id="first-attempt"),
        pytest.param([1.2, 0.0, 2.0], True, "2.00 times cheaper", id="noise-then-just-enough"),
        pytest.param([1.2, 1.9, 1.5], False, "got 1.90 at best", id="never-enough"),
    ],
)
def test_guard_judges_the_best_attempt(ratios, passed, words):
    verdict, line = judge(ratios, 2.0)
    assert verdict is passed
    assert words in line
    assert "\n" not in line
