"""Rows as Arrow tables: the contract's columns, an exact round trip, clear refusals."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.errors import ConfigError
from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow, Prediction, TagScore
from landmark_core.tables import (
    REVIEWS_SCHEMA,
    TAGS_SCHEMA,
    check_schema,
    rows_to_table,
    table_to_rows,
)
from landmark_core.tables.schema import subset

NOW = datetime(2026, 11, 23, 16, 45, 0, 123456, tzinfo=UTC)

# Columns and types of the contract, typed out by hand.
CONTRACT = {
    "photo_id": "string",
    "uri": "string",
    "size_bytes": "int64",
    "modified_at": "timestamp[us, tz=UTC]",
    "etag": "string",
    "content_sha256": "string",
    "width": "int32",
    "height": "int32",
    "status": "string",
    "error": "string",
    "decision": "string",
    "tag": "string",
    "confidence": "float",
    "tags": "list<element: struct<tag: string not null, confidence: float not null> not null>",
    "margin": "float",
    "entropy": "float",
    "energy": "float",
    "heatmap": "string",
    "model_id": "string",
    "preprocess_id": "string",
    "run_id": "string",
    "tagged_at": "timestamp[us, tz=UTC]",
}
NEVER_NULL = {"photo_id", "uri", "status", "model_id", "preprocess_id", "run_id", "tagged_at"}

text = st.text(max_size=12)
single = st.floats(width=32, allow_nan=False)
int64 = st.integers(-(2**63), 2**63 - 1)
int32 = st.integers(0, 2**31 - 1)
moments = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
refs = st.builds(
    PhotoRef,
    photo_id=st.text("0123456789abcdef", min_size=32, max_size=32),
    uri=text,
    location=text,
    size_bytes=st.none() | int64,
    modified_us=st.none() | int64,
    etag=st.none() | text,
)
decoded = st.builds(
    DecodedPhoto,
    ref=refs,
    status=st.sampled_from(["ok", "corrupt", "unsupported", "too_large", "fetch_error"]),
    error=st.none() | text,
    content_sha256=st.none() | text,
    width=st.none() | int32,
    height=st.none() | int32,
)
predictions = st.builds(
    Prediction,
    decision=st.sampled_from(["tagged", "review", "no_landmark"]),
    tags=st.lists(st.builds(TagScore, tag=text, confidence=single), min_size=1, max_size=6).map(
        tuple
    ),
    margin=single,
    entropy=single,
    energy=st.none() | single,
)
rows = st.builds(
    PhotoRow,
    photo=decoded,
    prediction=st.none() | predictions,
    heatmap=st.none() | text,
    model_id=text,
    preprocess_id=text,
    run_id=text,
    tagged_at=moments,
)


def plain_row(number: int = 0, *, prediction: Prediction | None = None) -> PhotoRow:
    ref = PhotoRef(
        photo_id=f"{number:032x}",
        uri=f"/photos/{number}.jpg",
        location=f"/photos/{number}.jpg",
        size_bytes=10,
        modified_us=1_700_000_000_000_000,
        etag=None,
    )
    status = "ok" if prediction else "corrupt"
    return PhotoRow(
        photo=DecodedPhoto(
            ref=ref, status=status, error=None, content_sha256=None, width=4, height=3
        ),
        prediction=prediction,
        heatmap=None,
        model_id="m",
        preprocess_id="p",
        run_id="r",
        tagged_at=NOW,
    )


def test_columns_are_those_of_the_contract_in_its_order():
    assert [(field.name, str(field.type)) for field in TAGS_SCHEMA] == list(CONTRACT.items())
    assert {field.name for field in TAGS_SCHEMA if not field.nullable} == NEVER_NULL
    assert TAGS_SCHEMA.metadata[b"landmarks.schema_version"] == b"1"


@given(st.lists(rows, max_size=8))
def test_rows_survive_a_table_and_a_parquet_file(originals):
    table = rows_to_table(originals)
    table.validate(full=True)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    read = pq.read_table(pa.BufferReader(sink.getvalue()))
    locations = [row.photo.ref.location for row in originals]
    assert read.schema.equals(TAGS_SCHEMA, check_metadata=True)
    assert table_to_rows(read, locations=locations) == originals


def test_best_tag_and_confidence_are_the_first_of_the_tags():
    tags = (TagScore(tag="Pisa", confidence=0.75), TagScore(tag="Petra", confidence=0.125))
    prediction = Prediction(decision="tagged", tags=tags, margin=0.625, entropy=0.5, energy=None)
    (record,) = rows_to_table([plain_row(prediction=prediction)]).to_pylist()
    assert (record["tag"], record["confidence"]) == ("Pisa", 0.75)
    assert record["tags"] == [
        {"tag": "Pisa", "confidence": 0.75},
        {"tag": "Petra", "confidence": 0.125},
    ]
    assert record["modified_at"] == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_a_failed_photo_has_no_prediction_at_all():
    (record,) = rows_to_table([plain_row()]).to_pylist()
    names = ("decision", "tag", "confidence", "tags", "margin", "entropy", "energy")
    assert [record[name] for name in names] == [None] * len(names)


def test_an_error_that_quotes_a_name_that_is_not_utf8_is_escaped():
    row = plain_row()
    photo = DecodedPhoto(
        ref=row.photo.ref,
        status="corrupt",
        error="cannot read 'caf\udce9.jpg'",
        content_sha256=None,
        width=None,
        height=None,
    )
    broken = PhotoRow(
        photo=photo,
        prediction=None,
        heatmap=None,
        model_id="m",
        preprocess_id="p",
        run_id="r",
        tagged_at=NOW + timedelta(seconds=1),
    )
    assert rows_to_table([broken])["error"].to_pylist() == ["cannot read 'caf\\udce9.jpg'"]


def test_no_rows_make_an_empty_table_with_every_column():
    assert rows_to_table([]).schema.equals(TAGS_SCHEMA)


def test_scores_that_are_not_numbers_are_kept_as_they_are():
    tags = (TagScore(tag="a", confidence=math.nan),)
    prediction = Prediction(
        decision="review", tags=tags, margin=math.inf, entropy=0.0, energy=-math.inf
    )
    table = rows_to_table([plain_row(prediction=prediction)])
    assert np.isnan(table["confidence"].to_pylist()[0])
    assert table["energy"].to_pylist() == [-math.inf]


def swapped(name: str, kind: pa.DataType) -> pa.Schema:
    return TAGS_SCHEMA.set(TAGS_SCHEMA.get_field_index(name), pa.field(name, kind))


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(TAGS_SCHEMA.append(pa.field("later", pa.int8())), id="added-column"),
        pytest.param(swapped("uri", pa.large_string()), id="large-string"),
        pytest.param(swapped("model_id", pa.dictionary(pa.int32(), pa.string())), id="dictionary"),
        pytest.param(swapped("tagged_at", pa.timestamp("ns", tz="UTC")), id="nanoseconds"),
        pytest.param(pa.schema(reversed(list(TAGS_SCHEMA))), id="other-order"),
    ],
)
def test_check_accepts_what_other_writers_make_of_our_tables(schema):
    check_schema(schema, TAGS_SCHEMA, name="part")


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        pytest.param(
            pa.schema([("x", pa.int8())]), "a.parquet .* no column 'photo_id'", id="foreign"
        ),
        pytest.param(
            swapped("size_bytes", pa.string()),
            "expected column 'size_bytes' of type int64, got string",
            id="type",
        ),
        pytest.param(
            swapped("tagged_at", pa.timestamp("us")),
            "'tagged_at' of type .*UTC.*got timestamp",
            id="no-zone",
        ),
    ],
)
def test_check_refuses_in_one_line(schema, message):
    with pytest.raises(ConfigError, match=message) as caught:
        check_schema(schema, TAGS_SCHEMA, name="a.parquet")
    assert "\n" not in str(caught.value)


# Likewise of people's decisions; the last three came later.
REVIEWS = {
    "decision_id": "string",
    "photo_id": "string",
    "uri": "string",
    "content_sha256": "string",
    "size_bytes": "int64",
    "modified_at": "timestamp[us, tz=UTC]",
    "etag": "string",
    "decision": "string",
    "tag": "string",
    "reviewer": "string",
    "decided_at": "timestamp[us, tz=UTC]",
    "seconds": "float",
    "model_id": "string",
    "model_tag": "string",
    "model_confidence": "float",
    "undoes": "string",
    "action_id": "string",
    "model_decision": "string",
    "shown_by": "string",
}


def test_columns_of_decisions_are_those_of_the_contract():
    assert [(field.name, str(field.type)) for field in REVIEWS_SCHEMA] == list(REVIEWS.items())
    assert {field.name for field in REVIEWS_SCHEMA if not field.nullable} == {
        *("decision_id", "photo_id", "uri", "reviewer", "decided_at")
    }
    assert REVIEWS_SCHEMA.metadata == {b"landmarks.schema_version": b"1"}


def test_only_the_three_later_columns_may_be_absent():
    for absent in REVIEWS:
        left = pa.schema([field for field in REVIEWS_SCHEMA if field.name != absent])
        if absent in ("action_id", "model_decision", "shown_by"):
            check_schema(left, REVIEWS_SCHEMA, name="a file")
        else:
            with pytest.raises(ConfigError, match=f"a file is not .* it has no column '{absent}'"):
                check_schema(left, REVIEWS_SCHEMA, name="a file")


def test_a_later_column_that_is_there_has_its_type_wherever_it_stands():
    wrong = pa.schema([pa.field("action_id", pa.int8()), *REVIEWS_SCHEMA.remove(16)])
    with pytest.raises(ConfigError, match="expected column 'action_id' of type string, got int8"):
        check_schema(wrong, REVIEWS_SCHEMA, name="a file")


def test_a_subset_has_the_named_fields_in_their_order():
    found = subset(TAGS_SCHEMA, "tag", "uri")
    assert [(field.name, field.nullable) for field in found] == [("tag", True), ("uri", False)]
