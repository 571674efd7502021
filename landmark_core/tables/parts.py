"""Parquet files of OUT as a stream of Arrow tables: a few read ahead, none kept.

Every file is checked against the columns that are wanted, so that a broken or foreign file is
named in one line instead of failing somewhere inside a query.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq

from landmark_core.errors import ConfigError
from landmark_core.tables.place import Place
from landmark_core.tables.schema import LATER_COLUMNS, check_schema

_READ_AHEAD = 8  # files; hides the latency of a bucket


def read_parts(place: Place, names: Sequence[str], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield one table for each file, in the order of names, with exactly the wanted columns.

    Args:
        place: where the files are.
        names: relative to the place.
        schema: the columns to read; a subset of TAGS_SCHEMA or REVIEWS_SCHEMA.

    Raises:
        ConfigError: naming the file that is no Parquet, or lacks a column.
    """
    with ThreadPoolExecutor(_READ_AHEAD, thread_name_prefix="parts") as pool:
        waiting: deque[Future[pa.Table]] = deque()
        try:
            for name in names:
                waiting.append(pool.submit(read_part, place, name, schema))
                if len(waiting) > _READ_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:  # the reader stopped early, or a file is broken
                future.cancel()


def read_part(place: Place, name: str, schema: pa.Schema) -> pa.Table:
    """Read the wanted columns of one file.

    Raises:
        ConfigError: if the file is no Parquet, lacks a column or has it in another type.
    """
    label = f"{place.label}/{name}"
    try:
        # One thread: files are read side by side already.
        with place.open(name) as file, pq.ParquetFile(file) as parquet:
            check_schema(parquet.schema_arrow, schema, name=label)
            table = parquet.read(columns=schema.names, use_threads=False)
            return _with_later_columns(table, schema).select(schema.names).cast(schema)
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: nulls in a full column
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"{label} cannot be read ({reason}); restore it, or move it out of the folder"
        ) from error


def _with_later_columns(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Add, as nulls, the columns that files of an earlier version do not have."""
    for field in schema:
        if field.name in LATER_COLUMNS and field.name not in table.column_names:
            table = table.append_column(field, pa.nulls(len(table), field.type))
    return table
