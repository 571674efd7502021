"""Rows of people's decisions: written in columns, read as they count, refused where they cannot."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from landmark_core.errors import ConfigError
from landmark_core.records import ReviewDecision
from landmark_core.review.decision_reading import STANDING_SCHEMA, ReadRow, read_rows
from landmark_core.review.decision_rows import decisions_to_table
from landmark_core.review.standing import Opinion
from landmark_core.tables import REVIEWS_SCHEMA

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DECISION = {
    "decision_id": "d1",
    "action_id": "a1",
    "photo_id": "p",
    "uri": "/p.jpg",
    "content_sha256": "ab",
    "size_bytes": 10,
    "modified_us": 20,
    "etag": None,
    "verdict": "accepted",
    "tag": None,
    "reviewer": "ann",
    "decided_at": NOON,
    "seconds": 1.5,
    "model_id": "m",
    "model_tag": "Dome",
    "model_confidence": 0.5,
    "model_decision": "review",
    "shown_by": "margin",
    "undoes": None,
}


def table(*changes: dict) -> pa.Table:
    return decisions_to_table([ReviewDecision(**{**DECISION, **one}) for one in changes])


def read(rows: pa.Table) -> list[ReadRow]:
    return list(read_rows(rows.select(STANDING_SCHEMA.names), name="part-x"))


def test_decisions_are_laid_out_in_the_columns_of_the_contract():
    rows = table({}, {"decision_id": "d2", "verdict": None, "undoes": "d1"})
    assert rows.schema.equals(REVIEWS_SCHEMA, check_metadata=True)
    modified = datetime(1970, 1, 1, 0, 0, 0, 20, UTC)
    first, second = rows.to_pylist()
    expected = {
        **{name: value for name, value in DECISION.items() if name not in ("verdict",)},
        "decision": "accepted",
        "modified_at": modified,
    }
    del expected["modified_us"]
    assert first == expected
    assert second == expected | {"decision_id": "d2", "decision": None, "undoes": "d1"}


def test_a_row_as_it_counts():
    (row,) = read(table({"tag": "Arch", "verdict": "corrected"}))
    assert row == ReadRow(
        decision_id="d1",
        action_id="a1",
        photo_id="p",
        reviewer="ann",
        moment_us=1_795_521_600_000_000,  # date -d 2026-11-24T12:00Z +%s
        version=(None, 10, 20),
        opinion=Opinion(
            decision_id="d1",
            action_id="a1",
            reviewer="ann",
            verdict="corrected",
            tag="Arch",
            decided_at=NOON,
            model_tag="Dome",
            model_confidence=0.5,
            model_decision="review",
            shown_by="margin",
        ),
        undoes=None,
    )


@pytest.mark.parametrize(
    ("verdict", "tag", "expected"),
    [
        ("accepted", None, "Dome"),  # what the person saw
        ("accepted", "Arch", "Arch"),
        ("corrected", None, None),
        ("not_a_landmark", None, None),
    ],
)
def test_an_accepted_photo_has_the_tag_that_the_person_saw(verdict, tag, expected):
    (row,) = read(table({"verdict": verdict, "tag": tag}))
    assert row.opinion is not None
    assert row.opinion.tag == expected


def test_a_row_that_undoes_is_no_opinion_and_files_without_actions_have_their_own():
    plain, undo, both = read(
        table(
            {"action_id": None, "etag": "e"},
            {"verdict": None, "undoes": "d1"},
            {"undoes": "d1"},
        )
    )
    assert (plain.action_id, plain.version) == ("d1", ("e", None, None))
    assert plain.opinion is not None
    assert plain.opinion.action_id == "d1"
    assert (undo.opinion, undo.undoes) == (None, "d1")
    assert (both.opinion, both.undoes) == (None, "d1")


def test_a_file_of_a_clock_beyond_pythons_calendar_is_read():
    (row,) = read(table({"modified_us": 2**62}))
    assert row.version == (None, 10, 2**62)


@pytest.mark.parametrize("column", ["decision_id", "photo_id", "reviewer", "decided_at"])
def test_empty_cells_are_refused(column):
    rows = table({}, {}).select(STANDING_SCHEMA.names)
    at = rows.column_names.index(column)
    kind = rows.schema.field(at).type
    holed = rows.set_column(at, column, pa.array([rows[column][0].as_py(), None], kind))
    with pytest.raises(ConfigError, match=f"part-x is not .* column '{column}' has empty cells"):
        list(read_rows(holed, name="part-x"))


def test_a_word_that_is_no_decision_is_refused_and_cut():
    rows = table({}, {"verdict": "z" * 50}, {"verdict": None})
    with pytest.raises(ConfigError, match=r"part-x: expected a decision of accepted, .*'z{40}';"):
        read(rows)
