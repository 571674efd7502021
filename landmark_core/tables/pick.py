"""Take numbered rows out of a stream of tables, without holding the stream.

The questions over a whole library are answered on a few key columns; their answer is row numbers.
The wide rows are then read once, in order, and only the wanted ones are kept.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa


def pick_rows(
    tables: Iterable[pa.Table], wanted: Iterable[pa.RecordBatch]
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield the wanted rows beside what is known of each.

    Args:
        tables: a stream whose rows are numbered from 0, over all tables.
        wanted: batches with a column `number` that ascends over all of them, and any others.

    Yields:
        Pairs of equally long tables: rows of the stream, and the rows of `wanted` for them.
    """
    pieces = (pa.Table.from_batches([batch]) for batch in wanted)
    ahead = next(pieces, None)
    if ahead is None:
        return
    start = 0
    for table in tables:
        end = start + len(table)
        while (numbers := _numbers(ahead))[-1] < end:
            piece = next(pieces, None)
            if piece is None:
                break
            ahead = pa.concat_tables([ahead, piece])
        here = int(np.searchsorted(numbers, end))
        if here:
            yield table.take(numbers[:here] - start), ahead.slice(0, here)
        rest = ahead.slice(here) if here < len(ahead) else next(pieces, None)
        if rest is None:
            return
        ahead, start = rest, end


def _numbers(rows: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    numbers: np.ndarray[tuple[int], np.dtype[np.int64]] = rows["number"].to_numpy()
    return numbers
