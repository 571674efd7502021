"""What a person says of a model: read from TOML, refused where a card would not hold it."""

import pytest

from landmark_core.errors import ConfigError
from landmark_core.model import TagParents
from landmark_core.training.card_file import CardText, parents_of, read_card_text

TEXT = """
licence = "CC0"
[tags."Taj Mahal"]
country = "India"
city = "Agra"
"""


def test_a_card_file_gives_licence_and_parents(tmp_path):
    (tmp_path / "card.toml").write_text(TEXT)
    text = read_card_text(tmp_path / "card.toml")
    assert text.licence == "CC0"
    assert text.notes is None
    assert text.tags == {"Taj Mahal": TagParents(country="India", city="Agra")}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("licence = [", "cannot be read", id="no-toml"),
        pytest.param("license = 'MIT'", "no key 'license'; known: licence", id="unknown-key"),
        pytest.param("licence = 3", "licence must be a text, got 3", id="number"),
        pytest.param("tags = 'x'", "tables such as", id="tags-no-table"),
        pytest.param("[tags.A]\nplanet = 'Earth'", "'A' may have country", id="unknown-parent"),
        pytest.param("[tags.A]\ncountry = 3", "country must be a text", id="country-no-text"),
    ],
)
def test_a_wrong_card_file_is_refused(tmp_path, content, message):
    (tmp_path / "card.toml").write_text(content)
    with pytest.raises(ConfigError, match=message):
        read_card_text(tmp_path / "card.toml")


def test_a_missing_card_file_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_card_text(tmp_path / "none.toml")


def test_only_classes_of_the_data_have_parents():
    text = CardText(tags={"B": TagParents(country="X")})
    assert parents_of(text, ("A", "B")) == {"B": TagParents(country="X")}
    with pytest.raises(ConfigError, match="'B' is no class of the data"):
        parents_of(text, ("A",))
