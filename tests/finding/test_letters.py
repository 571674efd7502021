"""How a tag is spelled already, by hand."""

import pytest

from landmark_core.finding import by_letters, spelled_like

KNOWN = (
    "Palace Of Versailles",
    "Taj_Mahal",
    "Taj Mahal",
    "São Paulo",
    "★",
    "Heart ❤",
    "パリ",
    "किला",
)


@pytest.mark.parametrize(
    ("tag", "spelled"),
    [
        pytest.param("Palace of Versailles", "Palace Of Versailles", id="case"),
        pytest.param(" palace_of-versailles", "Palace Of Versailles", id="signs"),
        pytest.param("Sao Paulo", "São Paulo", id="accents"),
        pytest.param("Sa\u0303o Paulo", "São Paulo", id="accents-apart"),
        pytest.param("Taj Mahal", "Taj Mahal", id="as-it-is-before-the-first"),
        pytest.param("TAJ MAHAL", "Taj_Mahal", id="the-first-of-two"),
        pytest.param("Heart ❤\ufe0f", "Heart ❤", id="drawn-otherwise"),
        pytest.param("Palace Of Versaille", "Palace Of Versaille", id="another-letter"),
        pytest.param("☆", "☆", id="another-sign"),
        pytest.param("バリ", "バリ", id="bali-is-not-paris"),
        pytest.param("कीला", "कीला", id="another-vowel-sign"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_how_it_is_spelled_already(tag, spelled):
    assert spelled_like(tag, by_letters(KNOWN)) == spelled


def test_where_no_tag_is_known_it_stays():
    assert spelled_like("Palace of Versailles", {}) == "Palace of Versailles"
