"""What a file says of a photo: texts that are taken, and the columns that they are kept in."""

from pathlib import PurePosixPath

import pytest

from landmark_core.errors import ConfigError
from landmark_core.export.claims import (
    CLAIMS_SCHEMA,
    Claim,
    checked_reviewer,
    checked_tag,
    claims_to_table,
    printable,
)


def test_a_tag_may_have_200_characters_and_a_reviewer_64():
    assert checked_tag("é" * 200, "row 2") == "é" * 200
    assert checked_reviewer("b" * 64, "row 2") == "b" * 64
    assert checked_tag("x", "row 2") == "x"


@pytest.mark.parametrize(
    ("check", "text", "message"),
    [
        (checked_tag, "a" * 201, "row 2: expected a tag of 1 to 200 printable .*, got 'a{40}…'$"),
        (checked_tag, "", "row 2: expected a tag .*, got ''$"),
        (checked_tag, "a\nb", r"got 'a\\nb'$"),
        (checked_tag, "b" * 39 + "\t", r"got 'b{39}\\t'$"),
        (checked_tag, "\t" + "b" * 40, r"got '\\tb{39}…'$"),
        (checked_reviewer, "c" * 65, "row 2: expected a reviewer's name of 1 to 64 printable"),
    ],
)
def test_other_texts_are_refused_and_shown(check, text, message):
    with pytest.raises(ConfigError, match=message):
        check(text, "row 2")


def test_a_path_that_is_no_text_can_be_said():
    assert printable(PurePosixPath("a\udcffb")) == "a\\udcffb"
    assert printable(PurePosixPath("é/b")) == "é/b"


CLAIM = Claim(
    place="row 2",
    photo_id="ab",
    uri=None,
    version="v",
    reviewer="ann",
    answer="tag",
    tag="Petra",
    seconds=1.5,
    said_us=7,
    source="01A",
    for_all=True,
)


def test_claims_are_laid_out_in_columns_with_running_numbers():
    table = claims_to_table([CLAIM, CLAIM], start=5)
    assert table.schema == CLAIMS_SCHEMA
    assert table["said_number"].to_pylist() == [5, 6]
    assert table.to_pylist()[0] == {
        "said_number": 5,
        "said_place": "row 2",
        "said_photo": "ab",
        "said_uri": None,
        "said_version": "v",
        "said_reviewer": "ann",
        "said_answer": "tag",
        "said_tag": "Petra",
        "said_seconds": 1.5,
        "said_us": 7,
        "said_source": "01A",
        "said_for_all": True,
        "said_unread": False,
    }


def test_no_claim_is_an_empty_table():
    table = claims_to_table([], start=0)
    assert (table.schema, len(table)) == (CLAIMS_SCHEMA, 0)
