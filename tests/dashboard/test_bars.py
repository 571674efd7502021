"""Bars: in proportion, never longer than the room by more than their smallest parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.dashboard.bars import Look, Row, breadth, draw_bar, draw_rows, fit

PLAIN = Look(has_blocks=False)


@pytest.mark.parametrize(
    ("parts", "bar"),
    [
        pytest.param((("tagged", 6), ("review", 4)), "######====", id="whole-signs"),
        pytest.param((("tagged", 0), ("review", 0)), "", id="nothing"),
        pytest.param((("tagged", 0.04),), "#", id="a-little-is-seen"),
        pytest.param((("tagged", 10), ("failed", 0.2)), "##########", id="ends-where-it-should"),
        pytest.param((("tagged", 2.4), ("review", 2.4)), "##===", id="sums-are-rounded"),
    ],
)
def test_bars_by_hand(parts, bar):
    assert draw_bar(parts, 1.0, PLAIN) == bar


@given(st.lists(st.integers(0, 10**9), min_size=4, max_size=4), st.integers(8, 300))
def test_a_bar_is_as_long_as_its_sum(counts, room):
    whole = sum(counts)
    parts = tuple(zip(("tagged", "review", "no_landmark", "failed"), counts, strict=True))
    bar = draw_bar(parts, room / max(whole, 1), PLAIN)
    assert len(bar) == (room if whole else 0)
    assert list(bar) == sorted(bar, key="#=-x".index)


def test_names_of_any_script_are_aligned():
    rows = [Row(name=name, cells=("1",)) for name in ("Petra", "東京タワー", "é" * 50, "e\u0301")]
    lines = draw_rows(rows, PLAIN, widest=12)
    assert {breadth(line) for line in lines} == {2 + 12 + 2 + 1}


@given(st.text(), st.integers(2, 40))
def test_a_fitted_name_is_as_wide_as_it_should_be(text, width):
    assert breadth(fit(text, width)) == width
