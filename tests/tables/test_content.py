"""The digest of a table's values: whatever changes a value changes it, and nothing else does."""

import hashlib
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_core.tables.content import ContentDigest

SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("number", pa.int32()),
        ("raw", pa.binary()),
        ("when", pa.timestamp("us", tz="UTC")),
        ("tags", pa.list_(pa.struct([("tag", pa.string()), ("confidence", pa.float32())]))),
        ("flag", pa.bool_()),
    ]
)
TEXT = st.text("ab\n\u00e9", max_size=3)  # byte 31 ends a value, so no value may hold it
SCORE = st.fixed_dictionaries(
    {"tag": st.none() | TEXT, "confidence": st.none() | st.sampled_from([0.5, 0.25])}
)
RECORD = st.fixed_dictionaries(
    {
        "text": st.none() | TEXT,
        "number": st.none() | st.integers(-5, 5),
        "raw": st.none() | st.sampled_from([b"", b"a", b"\xff\xfe"]),
        "when": st.none() | st.sampled_from([0, 1, 2**60]),
        "tags": st.none() | st.lists(st.none() | SCORE, max_size=2),
        "flag": st.none() | st.booleans(),
    }
)


def table(records) -> pa.Table:
    arrays = [pa.array([one[field.name] for one in records], field.type) for field in SCHEMA]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def digest(rows: pa.Table, *, at_once: int = 1000) -> str:
    content = ContentDigest()
    for batch in rows.to_batches(max_chunksize=at_once):
        content.update(batch)
    return content.hexdigest()


@settings(max_examples=40, deadline=None)
@given(st.lists(RECORD, max_size=5), st.lists(RECORD, max_size=5))
def test_equal_digests_are_equal_rows_in_the_same_order(one, other):
    assert (digest(table(one)) == digest(table(other))) == (one == other)


@settings(max_examples=40, deadline=None)
@given(st.lists(RECORD, min_size=1, max_size=6), st.integers(1, 4))
def test_how_rows_are_cut_does_not_matter(records, at_once):
    whole = table(records)
    assert digest(whole, at_once=at_once) == digest(whole)
    ahead = pa.concat_tables([table(records[:1]), whole])  # slices begin within their buffers
    assert digest(ahead.combine_chunks().slice(1), at_once=at_once) == digest(whole)


def one_column(values, kind) -> str:
    return digest(pa.table({"a": pa.array(values, kind)}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param((["ab", "c"], pa.string()), (["a", "bc"], pa.string()), id="cut-elsewhere"),
        pytest.param(([None], pa.string()), ([""], pa.string()), id="null-is-not-empty"),
        pytest.param(([None, None], pa.string()), ([None], pa.string()), id="rows"),
        pytest.param(
            ([["a"], []], pa.list_(pa.string())),
            ([[], ["a"]], pa.list_(pa.string())),
            id="which-list",
        ),
        pytest.param(
            ([[]], pa.list_(pa.string())), ([None], pa.list_(pa.string())), id="null-list"
        ),
        pytest.param(
            ([{"b": None}], pa.struct([("b", pa.string())])),
            ([None], pa.struct([("b", pa.string())])),
            id="null-struct",
        ),
        pytest.param(
            ([{"b": "x"}], pa.struct([("b", pa.string())])),
            ([{"c": "x"}], pa.struct([("c", pa.string())])),
            id="name-of-a-field",
        ),
        pytest.param(
            ([[("k", 1)]], pa.map_(pa.string(), pa.int8())),
            ([[("k", 2)]], pa.map_(pa.string(), pa.int8())),
            id="a-type-without-text",
        ),
    ],
)
def test_what_differs_in_anything_has_another_digest(one, other):
    assert one_column(*one) != one_column(*other)


@pytest.mark.parametrize(
    ("values", "kind", "other"),
    [
        (["a", None], pa.string(), pa.large_string()),
        (["a", "a"], pa.string(), pa.dictionary(pa.int8(), pa.string())),
        ([["a"], None], pa.list_(pa.string()), pa.large_list(pa.string())),
        ([b"a", b""], pa.binary(), pa.large_binary()),
        ([b"\xff"], pa.binary(), pa.large_binary()),
    ],
)
def test_how_values_are_stored_does_not_matter(values, kind, other):
    assert one_column(values, kind) == one_column(values, other)


def test_moments_beyond_pythons_calendar_count_too():
    kind = pa.timestamp("us", tz="UTC")
    far, further = one_column([2**62], kind), one_column([2**62 + 1], kind)
    assert far != further
    assert one_column([datetime(1970, 1, 1, tzinfo=UTC)], kind) == one_column([0], kind)


def test_the_name_of_a_column_counts_and_rows_without_columns_do():
    assert digest(pa.table({"a": ["x"]})) != digest(pa.table({"b": ["x"]}))
    three, four = ContentDigest(), ContentDigest()
    three.rows, four.rows = 3, 4
    assert three.hexdigest() != four.hexdigest()


def test_the_digest_by_hand():
    # Kept in records of OUT, so it may never change: each value ends with byte 31, null is a word.
    def sha256(data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()

    column = sha256(b"x\x1f\x00null\x1f")
    text = f"2\n {sha256(b'')}\na {column}"
    assert digest(pa.table({"a": ["x", None]})) == sha256(text.encode())
    lists = f"1\n {sha256(b'')}\na# {sha256(b'1' + bytes([31]))}\na[] {sha256(b'y' + bytes([31]))}"
    assert digest(pa.table({"a": [["y"]]})) == sha256(lists.encode())
    fields = (
        f"1\n {sha256(b'')}\na.b {sha256(b'z' + bytes([31]))}\na? {sha256(b'true' + bytes([31]))}"
    )
    assert digest(pa.table({"a": [{"b": "z"}]})) == sha256(fields.encode())
