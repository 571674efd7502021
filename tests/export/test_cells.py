"""Cells: no text begins a formula, and every text comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.export import from_cell, to_cell

FIRST_SIGNS = tuple("=+-@\t\r\n＝＋－＠")  # OWASP's list, full-width forms included

odd_texts = st.text(alphabet=st.sampled_from([*FIRST_SIGNS, "'", "a", '"', ",", " "])) | st.text()


@given(odd_texts)
def test_every_text_comes_back(text):
    assert from_cell(to_cell(text)) == text


@given(odd_texts)
def test_no_cell_begins_a_formula(text):
    assert not to_cell(text).startswith(FIRST_SIGNS)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("'=1", "''=1"),
        ("'s-Hertogenbosch", "'s-Hertogenbosch"),
        ("Château d'If", "Château d'If"),
        ("a-b", "a-b"),
        ("", ""),
    ],
)
def test_only_what_could_run_is_disarmed(text, cell):
    assert to_cell(text) == cell


@pytest.mark.parametrize("typed", ["=1", "'s-Hertogenbosch", "''", "Petra"])
def test_what_a_person_types_stays(typed):
    assert from_cell(typed) == typed
