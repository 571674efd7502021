"""A digest of all values of a table, in their order, however they are cut into batches and files.

Pure. It covers every column, also those of other tools, nested ones, and what is null. It does not
cover how values are stored: encodings, row groups, metadata.
"""

import hashlib
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

_NULL = b"\x00null"  # no text of ours has a zero byte
_END = b"\x1f"  # of a value


class ContentDigest:
    """Takes batches in; gives one digest for all of their columns."""

    def __init__(self) -> None:
        self.rows = 0
        self._columns = {"": hashlib.sha256()}  # by path

    def update(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch; all batches have the same columns."""
        self.rows += len(batch)
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            for path, texts in _leaves(name, column):
                digest = self._columns.setdefault(path, hashlib.sha256())
                digest.update(_joined(texts))

    def hexdigest(self) -> str:
        """Return the digest of all that was taken in, 64 hex digits."""
        whole = hashlib.sha256(str(self.rows).encode())  # a table without columns has rows, too
        for path, digest in sorted(self._columns.items()):
            whole.update(f"\n{path} {digest.hexdigest()}".encode("utf-8", "backslashreplace"))
        return whole.hexdigest()


def _leaves(path: str, column: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """Yield the flat columns that a nested one is made of, as binary with nulls."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        yield from _leaves(path, column.dictionary_decode())
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield f"{path}#", _as_binary(pc.list_value_length(column))
        yield from _leaves(f"{path}[]", pc.list_flatten(column))
    elif pa.types.is_struct(kind):
        yield f"{path}?", _as_binary(column.is_valid())
        for field, child in zip(kind, column.flatten(), strict=True):
            yield from _leaves(f"{path}.{field.name}", child)
    else:
        yield path, _as_binary(column)


def _as_binary(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return column.cast(pa.large_binary())
    if pa.types.is_timestamp(kind):  # as numbers: the years that a text can hold end
        column = column.cast(pa.int64())
    try:
        return column.cast(pa.large_string()).cast(pa.large_binary())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # types that no table of ours has
        texts = (None if value is None else repr(value).encode() for value in column.to_pylist())
        return pa.array(texts, pa.large_binary())


def _joined(values: pa.Array) -> memoryview:
    """Return all values end to end, each with its mark."""
    filled = pc.fill_null(values, pa.scalar(_NULL, pa.large_binary()))
    mark = pa.scalar(_END, pa.large_binary())
    marked = pc.binary_join_element_wise(filled, pa.scalar(b"", pa.large_binary()), mark)
    data = marked.buffers()[2]
    if data is None or not len(marked):
        return memoryview(b"")
    ends = memoryview(marked.buffers()[1]).cast("q")
    first = marked.offset
    return memoryview(data)[ends[first] : ends[first + len(marked)]]
