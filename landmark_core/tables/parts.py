"""Parquet files of OUT as a stream of Arrow tables: a few read ahead, none kept.

Every file is checked against the columns that are wanted, so that a broken or foreign file is
named in one line instead of failing somewhere inside a query. A file can also be made to unpack to
more than the memory holds, or hold values that no writer of ours makes: both are refused by name
as well.
"""

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from landmark_core.errors import ConfigError, RunError
from landmark_core.tables.folder import Folder
from landmark_core.tables.place import Place
from landmark_core.tables.schema import LATER_COLUMNS, check_schema

_AT_ONCE_IN_FOLDERS = 2  # files; more only wait for each other, as a part takes a millisecond
_AT_ONCE_IN_BUCKETS = 16  # hides the latency
_LARGE = 131_072  # rows: such a file is read piece by piece, not ahead

# Bytes of one row group, unpacked: what is in memory at once. A group of 65,536 rows with uris of a
# kilobyte has 100 MB.
MOST_UNPACKED = 2**31
# Rows read at once: a file's dictionary may hold a long text once that every row repeats, so that
# its sizes say nothing of what its rows take.
_FEW_ROWS = 2048
# Moments that people's tools can show, in microseconds since 1970: the years 1 to 9999. A photo's
# modified_at is whatever its file system says; these two are of our own clock.
_OUR_MOMENTS = ("tagged_at", "decided_at")
_FIRST_US, _LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999

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
        if parquet.metadata.num_rows > _FEW_ROWS:
            return _fit(_read_slowly(parquet, schema, range(parquet.num_row_groups)), schema)
        # One thread: files are read side by side already.
        return _fit(parquet.read(columns=schema.names, use_threads=False), schema)


def _read_groups(place: Place, name: str, schema: pa.Schema) -> Iterator[pa.Table]:
    with _opened(place, name, schema) as parquet:
        for group in range(parquet.num_row_groups):
            yield _fit(_read_slowly(parquet, schema, [group]), schema)


def _read_slowly(parquet: pq.ParquetFile, schema: pa.Schema, groups: Sequence[int]) -> pa.Table:
    """Read row groups a few rows at a time, and stop where they become too large."""
    batches, held = [], 0
    columns = [name for name in schema.names if name in parquet.schema_arrow.names]
    for batch in parquet.iter_batches(
        _FEW_ROWS, row_groups=list(groups), columns=columns, use_threads=False
    ):
        held += batch.nbytes
        if held > MOST_UNPACKED:
            raise ValueError(f"its rows take more than {MOST_UNPACKED / 2**30:.0f} GiB")
        batches.append(batch)
    kind = pa.schema([parquet.schema_arrow.field(name) for name in columns])
    return pa.Table.from_batches(batches, batches[0].schema if batches else kind)


def check_footer(footer: pq.FileMetaData, name: str, *, group: int | None = None) -> None:
    """Refuse a file that says of itself that it unpacks to more than the memory should hold.

    Whole row groups are looked at, not their columns: where a column's own part of the footer is
    broken, asking Arrow for it from here ends the process.

    Args:
        footer: of the file.
        name: the file, as a message should call it.
        group: the only row group that will be read; null for all.

    Raises:
        ConfigError: naming the file.
    """
    for number in range(footer.num_row_groups) if group is None else (group,):
        unpacked = footer.row_group(number).total_byte_size
        if unpacked > MOST_UNPACKED:
            raise ConfigError(
                f"{name} unpacks to {unpacked / 2**30:.1f} GiB in one row group, expected at most "
                f"{MOST_UNPACKED / 2**30:.0f}; move it out of the folder"
            )


@contextlib.contextmanager
def _opened(place: Place, name: str, schema: pa.Schema) -> Iterator[pq.ParquetFile]:
    """Open a file and check its columns; whatever goes wrong with it becomes one line."""
    label = f"{place.label}/{name}"
    try:
        # Buffered ahead, neighbouring columns come from a bucket with one request.
        with _open_file(place, name) as file, pq.ParquetFile(file, pre_buffer=True) as parquet:
            check_footer(parquet.metadata, label)
            check_schema(parquet.schema_arrow, schema, name=label)
            yield parquet
    except FileNotFoundError as error:
        raise PartGoneError(
            f"{label} is gone: somebody removed it meanwhile; run the same command again"
        ) from error
    # ValueError: nulls in a full column; MemoryError: a page that says it is larger than it is
    except (pa.ArrowException, OSError, ValueError, TypeError, MemoryError) as error:
        reason = _first_line(error)
        raise ConfigError(
            f"{label} cannot be read ({reason}); restore it, or move it out of the folder"
        ) from error


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].strip() or type(error).__name__


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
    fitting = table.select(schema.names).cast(schema)
    fitting.validate(full=True)  # texts are UTF-8, offsets ascend: a flipped bit may be in either
    for name in schema.names:
        _check_values(name, fitting[name])
    return fitting


def _check_values(name: str, column: pa.ChunkedArray) -> None:
    """Refuse values that no writer of ours makes, and that readers rely on.

    Raises:
        ValueError: naming the column.
    """
    if name in _OUR_MOMENTS:
        ends = pc.min_max(column.cast(pa.int64())).as_py()
        if ends["min"] is not None and not _FIRST_US <= ends["min"] <= ends["max"] <= _LAST_US:
            raise ValueError(f"{name} is out of the years 1 to 9999")
    if name == "tags":
        scores = pc.list_flatten(column)
        parts = [pc.struct_field(scores, [number]) for number in range(2)]
        if scores.null_count or any(part.null_count for part in parts):
            raise ValueError("tags have empty cells")
