"""Answers as the choices of a Label Studio project, and back; and that project's labelling config.

A tag is a choice of the same name. `(not a landmark)` is the one choice that is no tag: a tag that
begins with ( gets one more in front, so that no tag can ever look like it. Pure.

Tags of the config: https://labelstud.io/tags/choices.html, https://labelstud.io/tags/image.html
"""

import re
from collections.abc import Iterable
from xml.etree import ElementTree as Xml

from landmark_core.errors import ConfigError

CONTROL, OBJECT = "landmark", "image"  # names in the config: from_name and to_name of a result
NOT_A_LANDMARK = "(not a landmark)"
_FEW = 20  # choices that a person overlooks; more go into a list with a search field
_UNFIT = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # for XML 1.0


def choice_of(tag: str | None) -> str:
    """Return the choice for a tag; null for not a landmark."""
    if tag is None:
        return NOT_A_LANDMARK
    return f"({tag}" if tag.startswith("(") else tag


def tag_of(choice: str) -> str | None:
    """Return the tag of a choice, null for not a landmark; the inverse of `choice_of`."""
    if choice == NOT_A_LANDMARK:
        return None
    return choice[1:] if choice.startswith("((") else choice


def labelling_config(tags: Iterable[str]) -> str:
    """Return the labelling config (XML) of a project that shows a photo and asks for one choice.

    Raises:
        ConfigError: if XML has no sign for a character of a tag.
    """
    choices = [NOT_A_LANDMARK, *(choice_of(tag) for tag in sorted(tags))]
    for choice in choices:
        if _UNFIT.search(choice):
            raise ConfigError(f"the tag {choice!r} has a character that no XML file can hold")
    view = Xml.Element("View")
    Xml.SubElement(view, "Image", name=OBJECT, value="$image", zoom="true", zoomControl="true")
    Xml.SubElement(view, "Header", value="$model_tags", size="5")
    layout = "inline" if len(choices) <= _FEW else "select"
    control = {"name": CONTROL, "toName": OBJECT, "choice": "single", "required": "true"}
    asked = Xml.SubElement(view, "Choices", control, layout=layout)
    for choice in choices:
        Xml.SubElement(asked, "Choice", value=choice)
    Xml.indent(view)
    return Xml.tostring(view, encoding="unicode") + "\n"
