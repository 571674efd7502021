"""Tags as choices of Label Studio: no tag looks like another answer, and the project's config."""

from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.errors import ConfigError
from landmark_core.export.choices import NOT_A_LANDMARK, choice_of, labelling_config, tag_of


@pytest.mark.parametrize(
    ("tag", "choice"),
    [
        (None, "(not a landmark)"),
        ("Petra", "Petra"),
        ("(not a landmark)", "((not a landmark)"),
        ("((", "((("),
        ("a (b)", "a (b)"),
    ],
)
def test_a_tag_is_its_choice_and_none_has_one_of_its_own(tag, choice):
    assert choice_of(tag) == choice
    assert tag_of(choice) == tag


@given(st.text("()a ") | st.text())
def test_every_tag_comes_back_and_is_never_the_choice_that_is_none(tag):
    assert tag_of(choice_of(tag)) == tag
    assert choice_of(tag) != NOT_A_LANDMARK


def test_a_choice_that_somebody_typed_with_one_bracket_is_taken_as_it_is():
    assert tag_of("(b)") == "(b)"


def config_of(tags):
    return Xml.fromstring(labelling_config(tags))


def test_the_config_shows_the_photo_and_asks_for_one_choice():
    # What Label Studio needs of its tags: https://labelstud.io/tags/choices.html
    view = config_of(["Rome", '<"&>', "(x"])
    assert view.tag == "View"
    image, header, choices = view
    assert (image.tag, image.get("name"), image.get("value")) == ("Image", "image", "$image")
    assert (image.get("zoom"), image.get("zoomControl")) == ("true", "true")
    assert (header.tag, header.get("value"), header.get("size")) == ("Header", "$model_tags", "5")
    assert (choices.tag, choices.attrib) == (
        "Choices",
        {
            "name": "landmark",
            "toName": "image",
            "choice": "single",
            "required": "true",
            "layout": "inline",
        },
    )
    assert [choice.tag for choice in choices] == ["Choice"] * 4
    named = [choice.get("value") for choice in choices]
    assert named == ["(not a landmark)", "((x", '<"&>', "Rome"]


@pytest.mark.parametrize(("tags", "layout"), [(19, "inline"), (20, "select")])
def test_many_choices_go_into_a_list_with_a_search_field(tags, layout):
    view = config_of([f"Tag {number}" for number in range(tags)])
    assert view.find("Choices").get("layout") == layout


def test_the_config_is_for_people_too_and_ends_its_last_line():
    text = labelling_config(["Rome"])
    assert text.splitlines()[1].startswith("  <Image")
    assert text.endswith("</View>\n")


@pytest.mark.parametrize("sign", ["\0", "\x0b", "\ud800", "\uffff"])
def test_a_tag_that_xml_cannot_hold_is_refused(sign):
    with pytest.raises(ConfigError, match="no XML file can hold"):
        labelling_config(["Rome", f"a{sign}b"])
