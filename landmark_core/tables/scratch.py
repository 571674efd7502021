"""Scratch room for questions over whole libraries: a DuckDB database and a temporary folder.

Work that outgrows the memory limit goes to disk there (TMPDIR says where), and all of it is gone
when the block ends. DuckDB fetches nothing from the network here: extensions are off.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from landmark_core.errors import RunError
from landmark_core.tables.folder import DISK_IS_FULL
from landmark_core.tables.scratch_folder import scratch_folder

MEMORY_LIMIT = "640MB"  # DuckDB's own; the whole process stays under 2 GB with ten million photos

# Keys are 127-bit digests: unlike texts they have one size, so that DuckDB can spill every step.
# (DuckDB 1.2 joins on unsigned numbers of 128 bits with errors.)
#   photo_key      who: two hashes, of which the second knows nothing of the id's first half
#   version_key    who and which version: the etag where there is one, else size and time. 64 bits
#                  tell the versions of one photo apart
#   moment         orders rows by their time; of equally new ones, the later row is newer
_KEYS = """
CREATE TYPE digest AS HUGEINT;
CREATE MACRO photo_key(photo_id) AS
    ((hash(photo_id) >> 1)::HUGEINT << 64) | hash(substr(photo_id, 17))::HUGEINT;
CREATE MACRO version_key(photo_id, etag, size_bytes, modified_us) AS
    xor(photo_key(photo_id), (CASE WHEN etag IS NULL THEN hash(size_bytes, modified_us)
                                   ELSE hash(etag) END)::HUGEINT);
CREATE MACRO moment(time_us, number) AS time_us::HUGEINT * 1_000_000_000_000 + number;
"""


@dataclass(frozen=True, slots=True)
class Scratch:
    """An open scratch room."""

    folder: Path
    database: duckdb.DuckDBPyConnection

    def insert(self, query: str, rows: pa.Table, **parameters: object) -> None:
        """Run an INSERT whose source is called `incoming`."""
        self.database.register("incoming", rows)
        self.database.execute(query, parameters)
        self.database.unregister("incoming")

    def transform(self, query: str, rows: pa.Table, **parameters: object) -> pa.Table:
        """Return the result of a query over `incoming`."""
        with self.database.cursor() as cursor:  # while a stream of the same room is being read
            cursor.register("incoming", rows)
            return pa.table(cursor.sql(query, params=parameters or None))

    def stream(self, query: str, **parameters: object) -> Iterator[pa.RecordBatch]:
        """Yield the result of a query in batches, in its order."""
        # The Arrow stream protocol: the one way that DuckDB 1 and 2 share.
        with self.database.cursor() as cursor:
            yield from pa.RecordBatchReader.from_stream(cursor.sql(query, params=parameters))

    def numbers(self, query: str, **parameters: object) -> tuple[int, ...]:
        """Return the one row of an aggregate."""
        (row,) = self.database.execute(query, parameters).fetchall()
        return tuple(row)


@contextlib.contextmanager
def open_scratch() -> Iterator[Scratch]:
    """Open a scratch room for one question.

    Raises:
        RunError: if its folder is full, or the question does not fit.
    """
    try:
        with contextlib.ExitStack() as stack:
            folder = _make_folder(stack)
            database = stack.enter_context(_connect(folder))
            database.execute(_KEYS)
            yield Scratch(folder, database)
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise _no_room(error) from error
    except OSError as error:
        if error.errno in DISK_IS_FULL:
            raise _no_room(error) from error
        raise  # what the room was used for failed


def _make_folder(stack: contextlib.ExitStack) -> Path:
    try:
        return stack.enter_context(scratch_folder())
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: Exception) -> RunError:
    reason = str(error).splitlines()[0]
    return RunError(
        f"no scratch room ({reason}); make room in the folder for temporary files, "
        "or set TMPDIR to a folder on a larger disk"
    )


def _connect(folder: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        ":memory:",
        config={
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(folder / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
