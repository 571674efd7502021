"""Parquet files of OUT as a stream of Arrow tables: a few read ahead, none kept.

Every file is checked against the columns that are wanted, so that a broken or foreign file is
named in one line instead of failing somewhere inside a query.
"""

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from landmark_core.errors import ConfigError, RunError
from landmark_core.tables.folder import Folder
from landmark_core.tables.place import Place
from landmark_core.tables.schema import LATER_COLUMNS, check_schema

_AT_ONCE_IN_FOLDERS = 2  # files; more only wait for each other, as a part takes a millisecond
_AT_ONCE_IN_BUCKETS = 16  # hides the latency
_LARGE = 131_072  # rows: such a file is read piece by piece, not ahead

Result = TypeVar("Result")


class PartGoneError(RunError):
    """A part that was listed is no longer there: others merged it into a larger one since."""


def read_parts(place: Place, names: Sequence[str], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the rows of all files, in the order of names, with exactly the wanted columns.

    One table for each file; a large one comes in several.

    Args:
        place: where the files are.
        names: relative to the place.
        schema: the columns to read; a subset of TAGS_SCHEMA or REVIEWS_SCHEMA.

    Raises:
        ConfigError: naming the file that is no Parquet, or lacks a column.
        PartGoneError: naming the file that is not there.
    """
    at_once = _AT_ONCE_IN_FOLDERS if isinstance(place, Folder) else _AT_ONCE_IN_BUCKETS
    jobs = (partial(_read_small, place, name, schema) for name in names)
    for name, table in zip(names, read_ahead(jobs, at_once), strict=True):
        if table is None:
            yield from _read_groups(place, name, schema)
        else:
            yield table


def read_ahead(jobs: Iterable[Callable[[], Result]], at_once: int) -> Iterator[Result]:
    """Yield the results of jobs in their order; the next ones are done meanwhile, in threads."""
    with ThreadPoolExecutor(at_once, thread_name_prefix="read") as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for job in jobs:
                waiting.append(pool.submit(job))
                if len(waiting) > at_once:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:  # the reader stopped early, or a job failed
                future.cancel()


def _read_small(place: Place, name: str, schema: pa.Schema) -> pa.Table | None:
    with _opened(place, name, schema) as parquet:
        if parquet.metadata.num_rows > _LARGE:
            return None
        # One thread: files are read side by side already.
        return _fit(parquet.read(columns=schema.names, use_threads=False), schema)


def _read_groups(place: Place, name: str, schema: pa.Schema) -> Iterator[pa.Table]:
    with _opened(place, name, schema) as parquet:
        for group in range(parquet.num_row_groups):
            yield _fit(parquet.read_row_group(group, columns=schema.names), schema)


@contextlib.contextmanager
def _opened(place: Place, name: str, schema: pa.Schema) -> Iterator[pq.ParquetFile]:
    """Open a file and check its columns; whatever goes wrong with it becomes one line."""
    label = f"{place.label}/{name}"
    try:
        # Buffered ahead, neighbouring columns come from a bucket with one request.
        with _open_file(place, name) as file, pq.ParquetFile(file, pre_buffer=True) as parquet:
            check_schema(parquet.schema_arrow, schema, name=label)
            yield parquet
    except FileNotFoundError as error:
        raise PartGoneError(
            f"{label} is gone: somebody removed it meanwhile; run the same command again"
        ) from error
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: nulls in a full column
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"{label} cannot be read ({reason}); restore it, or move it out of the folder"
        ) from error


def _open_file(place: Place, name: str) -> Any:
    if isinstance(place, Folder):
        # Arrow reads it without Python's help, so that threads do not wait for each other.
        return pa.OSFile(os.fspath(place.root / name))
    return place.open(name)


def _fit(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Put the columns in order; those that files of an earlier version lack are null."""
    for field in schema:
        if field.name in LATER_COLUMNS and field.name not in table.column_names:
            table = table.append_column(field, pa.nulls(len(table), field.type))
    return table.select(schema.names).cast(schema)
