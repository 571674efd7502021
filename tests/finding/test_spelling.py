"""Names as people type them: what is meant, by hand; every tag finds itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.errors import ConfigError
from landmark_core.finding import match_tag, near_tags
from landmark_core.finding.letters import fold

KNOWN = (
    *("Taj Mahal", "Taj_Mahal", "Eiffel Tower", "Tower of London", "Colosseum", "São Paulo"),
    *("Petra", "Rome", "★", "09.Great_Wall", "Мачу-Пикчу", "東京タワー"),
)


@pytest.mark.parametrize(
    ("typed", "tags"),
    [
        pytest.param("Colosseum", ("Colosseum",), id="as-it-is"),
        pytest.param("cOLOSSEUM", ("Colosseum",), id="case"),
        pytest.param("Taj Mahal", ("Taj Mahal", "Taj_Mahal"), id="two-spellings-are-one"),
        pytest.param("taj-mahal ", ("Taj Mahal", "Taj_Mahal"), id="signs"),
        pytest.param("sao paulo", ("São Paulo",), id="no-accents"),
        pytest.param("Sa\u0303o Paulo", ("São Paulo",), id="accents-apart"),
        pytest.param("PÉTRA", ("Petra",), id="too-many-accents"),
        pytest.param("★", ("★",), id="signs-alone"),
        pytest.param("eiffel", ("Eiffel Tower",), id="a-word"),
        pytest.param("london tower", ("Tower of London",), id="words-in-any-order"),
        pytest.param("great wa", ("09.Great_Wall",), id="number-in-front"),
        pytest.param("taj mahl", ("Taj Mahal", "Taj_Mahal"), id="letter-missing"),
        pytest.param("ptera", ("Petra",), id="letters-swapped"),
        pytest.param("coliseum", ("Colosseum",), id="two-slips-in-eight"),
        pytest.param("мачу пикчy", ("Мачу-Пикчу",), id="cyrillic-with-a-latin-y"),
        pytest.param("東京夕ワー", ("東京タワー",), id="one-of-five-signs"),
    ],
)
def test_what_is_meant(typed, tags):
    match = match_tag(typed, KNOWN)
    assert match.tags == tags
    assert match.is_exact == (tags == (typed,))


@pytest.mark.parametrize("typed", ["coliseum", "colosseo rome", "rome colloseum"])
def test_a_word_of_the_name_with_a_slip(typed):
    assert match_tag(typed, ("Colosseum Rome", "Rome", "Petra")).tags == ("Colosseum Rome",)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        pytest.param("tower", "several tags fit 'tower': Eiffel Tower, Tower of London", id="two"),
        pytest.param("dome", "'dome'; the nearest tags: Rome$", id="short-names"),
        pytest.param("colosso", "nearest tags: Colosseum", id="too-many-slips"),
        pytest.param("", "no photo was ever tagged ''; tags here: 09", id="nothing"),
        pytest.param("ro", "nearest tags: Rome$", id="two-letters"),
        pytest.param("a\nb", r"tagged 'a\\nb'", id="a-line-break"),
    ],
)
def test_the_nearest_are_named(typed, message):
    with pytest.raises(ConfigError, match=message) as refusal:
        match_tag(typed, KNOWN)
    assert "\n" not in str(refusal.value)


def test_where_none_is_near_all_are_listed():
    known = [f"Arch {number:02}" for number in range(15)]
    listed = ", ".join(known[:13])
    with pytest.raises(ConfigError, match=f"tagged 'Eiffel Tower'; tags here: {listed} and 2 more"):
        match_tag("Eiffel Tower", known)


def test_equally_near_names_are_not_guessed():
    with pytest.raises(ConfigError, match="several tags fit 'petri': Petra, Petro"):
        match_tag("petri", ("Petra", "Petro", "Rome"))


def test_names_from_outside_are_shown_escaped():
    with pytest.raises(ConfigError, match=r"P\\u202eetra"):
        match_tag("peter pan", ("P\u202eetra",))


def test_many_that_fit_are_counted():
    with pytest.raises(ConfigError, match="Arch 0, Arch 1, Arch 2 and 7 more"):
        match_tag("arch", [f"Arch {number}" for number in range(10)])


@given(st.sets(st.text(max_size=8), min_size=1))
def test_every_tag_finds_itself_and_its_spellings(known):
    for tag in known:
        assert set(match_tag(tag, known).tags) == {
            other for other in known if fold(other) == fold(tag)
        }


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


def test_a_slip_is_near_the_tag_that_was_meant_and_no_tag_is_near_itself():
    known = ["Petra Jordan", "petra-jordan", "Hagia Sophia", "Petra"]
    assert near_tags("Petra Jordon", known)[0] == "Petra Jordan"
    assert near_tags("PETRA JORDAN", ["Petra Jordan"]) == ()
    assert near_tags("Neuschwanstein", known) == ()
