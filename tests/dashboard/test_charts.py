"""Charts by month: gaps are filled, breaks marked, labels apart, heights in proportion."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.dashboard.charts import draw_chart
from landmark_core.dashboard.months import filled

TITLES = {"tagged": "tagged", "review": "to review"}


@pytest.mark.parametrize(
    ("names", "whole"),
    [
        pytest.param(["2026-01"], ["2026-01"], id="one"),
        pytest.param(
            ["2025-11", "2026-02"], ["2025-11", "2025-12", "2026-01", "2026-02"], id="new-year"
        ),
        pytest.param(["1970-01", "2026-01"], ["1970-01", None, "2026-01"], id="long-gap"),
        pytest.param(["2026-01", "38505-03"], ["2026-01", None, "38505-03"], id="wrong-clock"),
        pytest.param([], [], id="none"),
    ],
)
def test_gaps(names, whole):
    assert filled(names) == whole


def test_columns_by_hand():
    chart = draw_chart(
        {"2026-01": {"tagged": 30, "review": 10}, "2026-03": {"tagged": 0, "review": 20}}, TITLES
    )
    first, second = chart.columns
    assert chart.highest == 40
    assert [(b.kind, b.x, b.y, b.height) for b in first.blocks] == [
        ("tagged", 0, 25, 75),
        ("review", 0, 0, 25),
    ]
    assert [(b.kind, b.x, b.y, b.height) for b in second.blocks] == [("review", 20, 50, 50)]
    assert first.title == "2026-01: 40 (tagged 30, to review 10)"
    assert chart.width == 240
    assert not chart.has_breaks


@given(st.sets(st.integers(1950 * 12, 2060 * 12), min_size=1, max_size=300))
def test_every_month_has_its_column_inside_and_labels_do_not_touch(numbers):
    months = [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in sorted(numbers)]
    chart = draw_chart({month: {"tagged": 1} for month in months}, TITLES)
    assert [column.title[:7] for column in chart.columns] == months
    places = [column.blocks[0].x for column in chart.columns]
    assert places == sorted(set(places))
    assert places[-1] + 8 <= chart.width
    lefts = sorted(label.left for label in chart.labels)
    assert all(after - before >= 25 for before, after in pairwise(lefts))
    assert chart.labels[0].text == months[-1]
