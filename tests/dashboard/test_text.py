"""`landmarks status`: the numbers in words and bars; no photo's name breaks a line."""

import json
import re
from dataclasses import replace

from state import STATUS, month

from landmark_core.dashboard import Look, status_to_json, status_to_text
from landmark_core.dashboard.bars import breadth

EXPECTED = r"""
1,234 photos in OUT
  tagged       1,000  81.0 %  ########################
  to review      200  16.2 %  =====
  no landmark     30   2.4 %  -
  unreadable       4   0.3 %  x
200 waiting for a person: landmarks review OUT
7 settled by people: ann 6, b\nob 1; skipped 2, disagreements 1

Landmarks
                  tagged  to review
  Petra              900        100  ###############==
  <b>&"'\u202e\n     100          0  ##
  and 13 more

By month of the file's last change (UTC)
  2024-12  100  ####
  2026-01  900  ##################################====
  2026-03  230  ####====--
  unknown    4

Unreadable
          4  corrupt, for example /p/a\nb.jpg: cut off

Models
      1,500  rows by abc, 2026-01-02 03:04 to 2026-01-03 03:04 UTC
  2026-01  abc  1,000  ###############################
  2026-02  abc    500  ################

Runs (the last 5 of 7)
  run-2  finished, 2 parts
  run-3  finished, 3 parts
  run-4  finished, 4 parts
  run-5  finished, 5 parts
  run-6  finished, 6 parts
"""


def test_every_number_has_its_place():
    look = Look(width=54, has_blocks=False)
    assert status_to_text(STATUS, "OUT", look).splitlines() == EXPECTED.strip().splitlines()


def test_no_line_is_wider_than_the_terminal():
    for width in (60, 80, 200):
        lines = status_to_text(STATUS, "OUT", Look(width=width)).splitlines()
        longest = max(breadth(line) for line in lines if "█" in line)
        assert longest == width


def test_colours_add_nothing_but_colours():
    plain = status_to_text(STATUS, "OUT", Look(has_colour=False))
    coloured = status_to_text(STATUS, "OUT", Look(has_colour=True))
    assert "\033" not in plain
    assert "\033[34m" in coloured
    assert re.sub("\033\\[[0-9]+m", "", coloured) == plain


def test_months_before_the_last_twelve_are_summed():
    months = tuple(month(f"{year}-06", year) for year in range(2000, 2020))
    text = status_to_text(replace(STATUS, months=months), "OUT")
    (earlier,) = re.findall(r"^  earlier +16,028  (█+)$", text, re.MULTILINE)  # 2000 + ... + 2007
    (last,) = re.findall(r"^  2019-06 +2,019  (█+)$", text, re.MULTILINE)
    assert round(len(earlier) / len(last)) == round(16_028 / 2_019)
    assert "2007-06" not in text
    assert "2008-06" in text


def test_an_empty_library_has_few_lines():
    empty = replace(
        STATUS,
        **dict.fromkeys(("photos", "tagged", "review", "no_landmark", "reviewed", "skipped"), 0),
        **dict.fromkeys(("failures", "reviewers", "landmarks", "months", "model_months"), ()),
    )
    text = status_to_text(empty, "OUT")
    assert "0 photos in OUT" in text
    assert "waiting" not in text
    assert "Landmarks" not in text


def test_json_survives_a_round_trip():
    values = json.loads(json.dumps(status_to_json(STATUS)))
    assert values["tags"] == {"Petra": 900, "Giza": 100}
    assert values["models"][0]["first_tagged_at"] == "2026-01-02T03:04:00+00:00"
    assert [run["parts"] for run in values["runs"]] == list(range(7))
    assert values["months"][0]["month"] is None
    assert values["landmarks"][0] == {
        "tag": "Petra", "photos": 900, "by_people": 6, "waiting": 100,
    }  # fmt: skip


def test_the_last_landmark_is_named_not_counted():
    marks = tuple(replace(STATUS.landmarks[0], tag=f"Mark {number}") for number in range(14))
    thirteen = status_to_text(replace(STATUS, landmarks=marks[:13], landmarks_known=13), "OUT")
    assert "Mark 12" in thirteen
    assert "more" not in thirteen
    fourteen = status_to_text(replace(STATUS, landmarks=marks, landmarks_known=14), "OUT")
    assert "  and 2 more: Mark 12 1,000, Mark 13 1,000" in fourteen.splitlines()
    unnamed = status_to_text(replace(STATUS, landmarks=marks, landmarks_known=1014), "OUT")
    assert "  and 1,002 more: Mark 12 1,000, Mark 13 1,000, and 1,000 others" in unnamed
    many = tuple(replace(STATUS.landmarks[0], tag=f"Mark {number}") for number in range(60))
    wrapped = status_to_text(replace(STATUS, landmarks=many, landmarks_known=60), "OUT")
    assert max(breadth(line) for line in wrapped.splitlines()) <= 80
    assert all(f"Mark {number}" in wrapped for number in range(60))


def test_the_command_that_goes_on_can_be_typed():
    assert "landmarks review 'my photos'" in status_to_text(STATUS, "my photos")


def test_a_model_is_called_by_its_name_where_that_is_known():
    named = replace(STATUS.models[0], name="star\nter")
    text = status_to_text(replace(STATUS, models=(named,)), "OUT")
    assert "rows by star\\nter (abc), 2026" in text
    assert "  2026-01  star\\nter  1,000  " in text
    other = replace(named, model_id="xyz")
    text = status_to_text(replace(STATUS, models=(named, other)), "OUT")
    assert "  2026-01  abc  1,000  " in text  # two have the name


def test_one_is_not_spoken_of_as_many():
    one = replace(STATUS, photos=1, runs=(replace(STATUS.runs[1], parts=1),))
    text = status_to_text(one, "OUT")
    assert text.startswith("1 photo in OUT\n")
    assert text.endswith("finished, 1 part")


def test_one_person_needs_no_list():
    alone = replace(STATUS, reviewed=44, reviewers=(("root", 44),), skipped=0, disagreements=0)
    assert "44 settled by root; skipped 0" in status_to_text(alone, "OUT", Look())
