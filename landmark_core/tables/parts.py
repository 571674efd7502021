"""Parquet parts of OUT as a stream of Arrow tables: a few read ahead, none kept.

Every file is checked against the columns that are wanted, so that a broken or foreign file is
named in one line instead of failing somewhere inside a query.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq

from landmark_core.errors import ConfigError
from landmark_core.tables.schema import check_schema
from landmark_core.tables.store import Store

_READ_AHEAD = 8  # parts; hides the latency of a bucket


def read_parts(store: Store, names: Sequence[str], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield one table for each part, in the order of names, with exactly the wanted columns.

    Args:
        store: where the parts are.
        names: as `Store.list_parts` or `Store.list_reviews` gave them.
        schema: the columns to read; a subset of TAGS_SCHEMA or REVIEWS_SCHEMA.

    Raises:
        ConfigError: naming the file that is no Parquet, or lacks a column.
    """
    with ThreadPoolExecutor(_READ_AHEAD, thread_name_prefix="parts") as pool:
        waiting: deque[Future[pa.Table]] = deque()
        try:
            for name in names:
                waiting.append(pool.submit(read_part, store, name, schema))
                if len(waiting) > _READ_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:  # the reader stopped early, or a part is broken
                future.cancel()


def read_part(store: Store, name: str, schema: pa.Schema) -> pa.Table:
    """Read the wanted columns of one part.

    Raises:
        ConfigError: if the file is no Parquet, lacks a column or has it in another type.
    """
    label = f"{store.out}/{name}"
    try:
        # One thread: parts are read side by side already.
        with store.open(name) as file, pq.ParquetFile(file) as parquet:
            check_schema(parquet.schema_arrow, schema, name=label)
            table = parquet.read(columns=schema.names, use_threads=False)
            return table.select(schema.names).cast(schema)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"{label} cannot be read ({reason}); restore it, or move it out of the folder"
        ) from error
