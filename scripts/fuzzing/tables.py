"""Make broken Parquet of a good table: columns that lack, of other kinds, with odd values.

Everything is decided by the generator that is given: the same seed makes the same file.
"""

import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fuzzing.mutate import mutate

Change = Callable[[pa.Table, random.Random], pa.Table]

_MOMENTS = (0, -1, 2**63 - 1, -(2**63), 253_402_300_800_000_000, -62_135_596_800_000_001)
_TEXTS = (
    "",
    "\0",
    "x" * 200_000,
    "\u202e.jpg",
    "../../x",
    "a\nb",
    "0" * 32,
    "g" * 32,
    "=1+1",
    "ok",
)
_KINDS: tuple[pa.DataType, ...] = (
    *(pa.int8(), pa.int64(), pa.uint64(), pa.float16(), pa.float64(), pa.bool_(), pa.string()),
    *(pa.large_string(), pa.binary(), pa.date32(), pa.timestamp("ns", tz="Europe/Paris")),
    *(pa.timestamp("us"), pa.timestamp("s", tz="UTC"), pa.list_(pa.string()), pa.null()),
    *(pa.list_(pa.int32()), pa.large_list(pa.string()), pa.decimal128(30, 4), pa.duration("us")),
    *(pa.struct([("tag", pa.string())]), pa.dictionary(pa.int32(), pa.string())),
    pa.list_(pa.struct([("tag", pa.string()), ("confidence", pa.float64())])),
)


def broken_parquet(table: pa.Table, rng: random.Random) -> bytes:
    """Return a file with one to three faults in its columns, now and then also in its bytes."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        table = rng.choice(_CHANGES)(table, rng)
    sink = pa.BufferOutputStream()
    try:
        pq.write_table(
            table,
            sink,
            compression=rng.choice(("zstd", "snappy", "none", "gzip")),
            row_group_size=rng.choice((1, 7, 1000)),
            use_dictionary=rng.choice((True, False)),
        )
    except (pa.ArrowException, ValueError, TypeError):  # what no writer takes is no case
        return b""
    data = bytes(sink.getvalue())
    return mutate(data, rng, [data]) if rng.random() < 0.1 else data


def _drop(table: pa.Table, rng: random.Random) -> pa.Table:
    return table.remove_column(rng.randrange(table.num_columns)) if table.num_columns else table


def _add(table: pa.Table, rng: random.Random) -> pa.Table:
    name = rng.choice(("odd", "number", "run", *table.column_names))  # a name may stand twice
    return table.append_column(name, pa.nulls(len(table), rng.choice(_KINDS)))


def _rename(table: pa.Table, rng: random.Random) -> pa.Table:
    names = list(table.column_names)
    if names:
        names[rng.randrange(len(names))] = rng.choice(("odd", "", names[0], names[-1]))
    return table.rename_columns(names)


def _shuffle(table: pa.Table, rng: random.Random) -> pa.Table:
    places = list(range(table.num_columns))
    rng.shuffle(places)
    return table.select(places)


def _change_kind(table: pa.Table, rng: random.Random) -> pa.Table:
    at = _place(table, rng)
    kind = rng.choice(_KINDS)
    try:
        column = table.column(at).cast(kind, safe=False)
    except (pa.ArrowException, ValueError):
        column = pa.nulls(len(table), kind)
    return _put(table, at, column)


def _change_values(table: pa.Table, rng: random.Random) -> pa.Table:
    """Put odd values of the right kind into some rows of a column."""
    at = _place(table, rng)
    field = table.schema.field(at)
    values = table.column(at).cast(pa.int64()) if _is_moment(field.type) else table.column(at)
    listed = values.to_pylist()
    for _ in range(rng.choice((1, 1, len(listed)))):
        if listed:
            listed[rng.randrange(len(listed))] = _odd_value(field.type, rng)
    try:
        plain = pa.int64() if _is_moment(field.type) else field.type
        column = pa.array(listed, plain).cast(field.type)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return table
    return _put(table, at, column)


def _not_utf8(table: pa.Table, rng: random.Random) -> pa.Table:
    at = _place(table, rng)
    if not pa.types.is_string(table.schema.field(at).type):
        return table
    raw = [rng.choice((b"\xff\xfe", b"ok", b"\xc3", b"a\xe2\x82")) for _ in range(len(table))]
    binary = pa.array(raw, pa.binary())
    text = pa.Array.from_buffers(pa.string(), len(binary), binary.buffers())  # nobody looks
    return _put(table, at, text)


def _repeat(table: pa.Table, rng: random.Random) -> pa.Table:
    return pa.concat_tables([table] * rng.choice((2, 3))) if rng.random() < 0.7 else table[:0]


def _change_metadata(table: pa.Table, rng: random.Random) -> pa.Table:
    metadata = dict(table.schema.metadata or {})
    for key in list(metadata):
        metadata[key] = mutate(metadata[key], rng, [metadata[key]]) if metadata[key] else b"{}"
    return table.replace_schema_metadata(metadata if rng.random() < 0.8 else None)


def _odd_value(kind: pa.DataType, rng: random.Random) -> Any:
    if rng.random() < 0.2:
        return None
    if pa.types.is_string(kind):
        return rng.choice(_TEXTS)
    if pa.types.is_floating(kind):
        return rng.choice((float("nan"), float("inf"), -1.0, 2.0, 1e38))
    if _is_moment(kind):
        return rng.choice(_MOMENTS)
    if pa.types.is_integer(kind):
        return rng.choice((0, -1, 2**31 - 1, -(2**31), *(() if kind.bit_width < 64 else (2**62,))))
    if pa.types.is_list(kind):
        score = {"tag": rng.choice(_TEXTS), "confidence": rng.choice((float("nan"), -1.0, 0.5))}
        return rng.choice(([], [score], [score] * 200, [None]))
    return None


def _place(table: pa.Table, rng: random.Random) -> int:
    if not table.num_columns:
        raise LookupError("a table without columns")
    return rng.randrange(table.num_columns)


def _put(table: pa.Table, at: int, column: Any) -> pa.Table:
    field = pa.field(table.schema.field(at).name, column.type)  # nulls are welcome
    return table.set_column(at, field, column)


def _is_moment(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind))


def _careful(change: Change) -> Change:
    def changed(table: pa.Table, rng: random.Random) -> pa.Table:
        try:
            return change(table, rng)
        except (LookupError, UnicodeDecodeError):  # no column; one that was broken before
            return table

    return changed


_CHANGES: tuple[Change, ...] = (
    _drop,
    _add,
    _rename,
    _shuffle,
    _repeat,
    _change_metadata,
    _careful(_change_kind),
    _careful(_change_kind),
    _careful(_change_values),
    _careful(_change_values),
    _careful(_change_values),
    _careful(_not_utf8),
)
