"""A listing of any length, set down on disk as it streams in, and read back in order.

A plan has to know how many photos are missing before it can cut shards, and a library may be too
long for memory: the photos wait here, numbered in the order of the listing. DuckDB reads the key
columns of the files by itself; the others are read once, for the photos that are planned.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from landmark_core.library import keep_key
from landmark_core.records import PhotoRef

Item = TypeVar("Item")

_BATCH = 1024  # photos that become Arrow columns at once, while they are still in the CPU's cache
_GROUP = 128 * _BATCH  # photos in one row group: what is held in memory

PHOTOS_SCHEMA: pa.Schema = pa.schema(
    [
        pa.field("photo_id", pa.string(), nullable=False),
        pa.field("uri", pa.string(), nullable=False),
        pa.field("location", pa.binary(), nullable=False),  # file names are bytes
        pa.field("size_bytes", pa.int64()),
        pa.field("modified_us", pa.int64()),
        pa.field("etag", pa.string()),
    ]
)

_LOCATION = PHOTOS_SCHEMA.get_field_index("location")
# Nearly every location is the bytes of its uri; there it is null, and half of the file is saved.
_REFS_SCHEMA = PHOTOS_SCHEMA.set(_LOCATION, pa.field("location", pa.binary()))
_SPOOL_SCHEMA = _REFS_SCHEMA.append(pa.field("number", pa.int64(), nullable=False))


class Spool:
    """Owns the files of one listing, in a folder; it grows by one file with each `write`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.rows = 0  # photos written so far
        self.files: list[str] = []  # paths, in the order of the listing

    def write(self, photos: Iterable[PhotoRef]) -> None:
        """Write further photos down, numbered from where the last ones ended."""
        path = self._folder / f"listing-{len(self.files)}.parquet"
        # lz4 and no dictionaries: written and read once, so speed matters more than size.
        with pq.ParquetWriter(
            path,
            _SPOOL_SCHEMA,
            compression="lz4",
            use_dictionary=False,
            write_statistics=[],
            column_encoding={"number": "DELTA_BINARY_PACKED"},
        ) as writer:
            tables = (refs_to_table(batch) for batch in _batched(photos, _BATCH))
            for group in _batched(tables, _GROUP // _BATCH):
                writer.write_table(self._number(pa.concat_tables(group)), row_group_size=_GROUP)
        self.files.append(str(path))

    def read(self) -> Iterator[pa.Table]:
        """Yield all photos again, in the order in which they came, as `refs_to_table` has them."""
        for path in self.files:
            with pq.ParquetFile(path) as spool:
                # One by one: `iter_batches` holds the whole file.
                for group in range(spool.num_row_groups):
                    yield spool.read_row_group(group, columns=_REFS_SCHEMA.names)

    def _number(self, photos: pa.Table) -> pa.Table:
        numbers = np.arange(self.rows, self.rows + len(photos))
        self.rows += len(photos)
        return photos.append_column(_SPOOL_SCHEMA.field("number"), pa.array(numbers))


def refs_to_table(refs: Sequence[PhotoRef]) -> pa.Table:
    """Lay photos out in columns, in their order: PHOTOS_SCHEMA, but for obvious locations."""
    columns = [
        pa.array([ref.photo_id for ref in refs], pa.string()),
        pa.array([ref.uri for ref in refs], pa.string()),
        pa.array([_odd_location(ref) for ref in refs], pa.binary()),
        pa.array([ref.size_bytes for ref in refs], pa.int64()),
        _times([ref.modified_us for ref in refs]),
        pa.array([ref.etag for ref in refs], pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=_REFS_SCHEMA)


def fill_locations(photos: pa.Table) -> pa.Table:
    """Return photos with PHOTOS_SCHEMA: where the location was obvious, it is the uri's bytes."""
    locations = pc.coalesce(photos["location"], photos["uri"].cast(pa.binary()))
    return photos.set_column(_LOCATION, "location", locations).cast(PHOTOS_SCHEMA)


def table_to_refs(table: pa.Table) -> list[PhotoRef]:
    """Read photos back that have PHOTOS_SCHEMA."""
    return [
        PhotoRef(**{**record, "location": record["location"].decode("utf-8", "surrogateescape")})
        for record in table.to_pylist()
    ]


def _odd_location(ref: PhotoRef) -> bytes | None:
    if ref.location == ref.uri:
        return None
    if keep_key(ref):
        return None  # what becomes a plan in OUT holds no signature
    # surrogateescape gives a file name's bytes back exactly, whatever this machine's locale
    return ref.location.encode("utf-8", "surrogateescape")


def _times(moments: list[int | None]) -> pa.Array:
    """Drop the times that 64 bits cannot hold: some file systems keep dates of any year."""
    try:
        return pa.array(moments, pa.int64())
    except (OverflowError, pa.ArrowInvalid):
        kept = (None if time is None or abs(time) >= 2**63 else time for time in moments)
        return pa.array(list(kept), pa.int64())


def _batched(items: Iterable[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """Cut a stream into tuples of `size`, the last one shorter."""
    stream = iter(items)
    while batch := tuple(itertools.islice(stream, size)):
        yield batch
