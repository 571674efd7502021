"""A listing of any length, set down on disk as it streams in, and read back in order.

A plan has to know how many photos are missing before it can cut shards, and a library may be too
long for memory: the photos wait here, in the order of the listing.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from landmark_core.records import PhotoRef

BATCH = 16_384  # photos that become one Arrow batch

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


class Spool:
    """Owns one Parquet file of photos; written from front to back in a `with`, then read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0  # photos written so far

    def __enter__(self) -> Self:
        # lz4 and no dictionaries: written and read once, so speed matters more than size.
        self._writer = pq.ParquetWriter(
            self._path, PHOTOS_SCHEMA, compression="lz4", use_dictionary=False, write_statistics=[]
        )
        return self

    def __exit__(self, *_raised: object) -> None:
        assert self._writer is not None
        self._writer.close()

    def write(self, photos: Iterable[PhotoRef]) -> Iterator[pa.Table]:
        """Write photos down and yield each batch of them, with PHOTOS_SCHEMA."""
        assert self._writer is not None
        for batch in batched(photos, BATCH):
            table = refs_to_table(batch)
            self._writer.write_table(table)
            self.rows += len(table)
            yield table

    def read(self) -> Iterator[pa.Table]:
        """Yield all photos again, in the order in which they came."""
        with pq.ParquetFile(self._path) as spool:
            for batch in spool.iter_batches(BATCH):
                yield pa.Table.from_batches([batch])


def batched(photos: Iterable[PhotoRef], size: int) -> Iterator[tuple[PhotoRef, ...]]:
    """Cut a stream into tuples of `size`, the last one shorter."""
    stream = iter(photos)
    while batch := tuple(itertools.islice(stream, size)):
        yield batch


def refs_to_table(refs: Sequence[PhotoRef]) -> pa.Table:
    """Lay photos out in columns, in their order, with PHOTOS_SCHEMA."""
    columns = [
        [ref.photo_id for ref in refs],
        [ref.uri for ref in refs],
        # surrogateescape gives a file name's bytes back exactly, whatever this machine's locale
        [ref.location.encode("utf-8", "surrogateescape") for ref in refs],
        [ref.size_bytes for ref in refs],
        [_storable(ref.modified_us) for ref in refs],
        [ref.etag for ref in refs],
    ]
    arrays = [
        pa.array(values, field.type) for field, values in zip(PHOTOS_SCHEMA, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=PHOTOS_SCHEMA)


def _storable(modified_us: int | None) -> int | None:
    """Drop a time that 64 bits cannot hold: some file systems keep dates of any year."""
    return None if modified_us is None or abs(modified_us) >= 2**63 else modified_us


def table_to_refs(table: pa.Table) -> list[PhotoRef]:
    """Read photos back; the inverse of `refs_to_table`."""
    return [
        PhotoRef(**{**record, "location": record["location"].decode("utf-8", "surrogateescape")})
        for record in table.to_pylist()
    ]
