"""Numbered rows out of a stream: the same as indexing one large table."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.tables.numbered import numbered
from landmark_core.tables.pick import pick_rows


def cut(table: pa.Table, sizes: list[int]) -> list[pa.Table]:
    """Cut a table into pieces of these sizes; the last piece has what is left."""
    starts = np.minimum(np.cumsum([0, *sizes]), len(table)).tolist()
    return [
        table.slice(start, end - start)
        for start, end in zip(starts, [*starts[1:], len(table)], strict=True)
    ]


pieces = st.lists(st.integers(0, 7), max_size=6)


@given(st.integers(0, 25), pieces, pieces, st.data())
def test_picking_equals_indexing(rows, table_sizes, wanted_sizes, data):
    numbers = sorted(data.draw(st.sets(st.integers(0, max(0, rows - 1)), max_size=rows)))
    table = pa.table({"value": pa.array(range(100, 100 + rows), pa.int64())})
    wanted = pa.table({"number": pa.array(numbers, pa.int64()), "note": [str(n) for n in numbers]})
    batches = [
        batch
        for piece in cut(wanted, wanted_sizes)
        for batch in piece.combine_chunks().to_batches()
        if len(batch)
    ]
    picked = list(pick_rows(iter(cut(table, table_sizes)), iter(batches)))
    assert [value for rows, _ in picked for value in rows["value"].to_pylist()] == [
        100 + number for number in numbers
    ]
    assert [note for _, known in picked for note in known["note"].to_pylist()] == [
        str(number) for number in numbers
    ]


def test_nothing_wanted_reads_nothing_more():
    def tables():
        yield pa.table({"value": [1]})
        raise AssertionError("read on")

    wanted = pa.table({"number": pa.array([0], pa.int64())}).to_batches()
    ((rows, _),) = pick_rows(tables(), iter(wanted))
    assert rows["value"].to_pylist() == [1]


@given(pieces, st.integers(0, 1000))
def test_numbers_run_on_over_all_tables(sizes, start):
    table = pa.table({"value": pa.array(range(sum(sizes)), pa.int64())})
    joined = list(numbered(iter(cut(table, sizes)), start))
    assert [value for rows in joined for value in rows["value"].to_pylist()] == [*range(sum(sizes))]
    assert [number for rows in joined for number in rows["number"].to_pylist()] == [
        *range(start, start + sum(sizes))
    ]


@pytest.mark.parametrize(
    ("sizes", "joined"),
    [
        ([2, 2, 2, 1, 4, 5], [6, 5, 5]),
        ([2, 2, 2, 1], [6, 1]),
        ([4], [4]),
        ([0, 0], []),
        ([], []),
    ],
)
def test_small_tables_are_joined_until_they_are_large_enough(monkeypatch, sizes, joined):
    monkeypatch.setattr("landmark_core.tables.numbered._ROWS", 5)
    table = pa.table({"value": pa.array(range(sum(sizes)), pa.int64())})
    found = list(numbered(cut(table, sizes)))
    assert [len(rows) for rows in found] == joined
    whole = [row for rows in found for row in rows.to_pylist()]
    assert whole == [{"value": n, "number": n} for n in range(sum(sizes))]
