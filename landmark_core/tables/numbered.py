"""Running numbers for the rows of a stream of tables, which becomes fewer, larger tables."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

_ROWS = 131_072  # in one table: parts alone are too small for DuckDB to be fast


def numbered(tables: Iterable[pa.Table], start: int = 0) -> Iterator[pa.Table]:
    """Yield the same rows in the same order, with their running number in a column `number`.

    Args:
        tables: a stream; all have the same columns.
        start: number of the first row.
    """
    waiting: list[pa.Table] = []
    have = 0
    for table in tables:
        waiting.append(table)
        have += len(table)
        if have >= _ROWS:
            yield _join(waiting, start)
            start += have
            waiting, have = [], 0
    if have:
        yield _join(waiting, start)


def _join(tables: list[pa.Table], start: int) -> pa.Table:
    rows = pa.concat_tables(tables)
    return rows.append_column("number", pa.array(np.arange(start, start + len(rows))))
