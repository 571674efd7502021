"""Several parts → one file with all of their rows, in order, with every column and type they have.

Rows stream through: a row group is held, never a file. What was written is read back and compared
before it may take the place of anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.parquet as pq

from landmark_core.errors import ConfigError, RunError
from landmark_core.tables.content import ContentDigest
from landmark_core.tables.merges import Merge
from landmark_core.tables.place import Place
from landmark_core.tables.schema import TAGS_SCHEMA, VERSION_KEY, check_schema

GROUP_ROWS = 65_536  # rows of a merged file's row group
_BATCH_ROWS = 8192
_OF_ONE_PART = frozenset({b"landmarks.shard"})  # metadata that is wrong for several parts together


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSeen:
    """What a part's footer says."""

    name: str
    rows: int
    schema: pa.Schema

    @property
    def shape(self) -> tuple[object, ...]:
        """Equal for parts that can lie in one file and keep all that they are."""
        fields = ((field.name, str(field.type), field.nullable) for field in self.schema)
        return (*fields, (self.schema.metadata or {}).get(VERSION_KEY))


def look_at_part(place: Place, name: str) -> PartSeen | None:
    """Read a part's footer; null where it is no table of ours, whoever put it there."""
    try:
        with place.open(name) as file, pq.ParquetFile(file) as parquet:
            schema = parquet.schema_arrow
            check_schema(schema, TAGS_SCHEMA, name=name)
            return PartSeen(name=name, rows=parquet.metadata.num_rows, schema=schema)
    except (pa.ArrowException, OSError, ValueError, ConfigError):
        return None


def merge_parts(place: Place, merge: Merge, parts: Sequence[PartSeen]) -> Merge:
    """Write the merged file and make sure of it.

    Args:
        place: OUT.
        merge: what to make of what.
        parts: those that it replaces, all of one shape.

    Returns:
        The merge with the digest of its rows.

    Raises:
        ConfigError: if a part cannot be read.
        RunError: if OUT is full or fails, or the file does not hold what the parts hold.
    """
    written = ContentDigest()
    schema = _common_schema([part.schema for part in parts])
    with (
        place.new_file(merge.merged) as path,
        pq.ParquetWriter(path, schema, compression="zstd", write_statistics=True) as writer,
    ):
        for group in _in_groups(_read_rows(place, merge.replaced, schema)):
            for batch in group:
                written.update(batch)
            table = pa.Table.from_batches(group, schema)
            writer.write_table(table, row_group_size=len(table))
    found = ContentDigest()
    for batch in _read_rows(place, [merge.merged], schema):
        found.update(batch)
    if (found.rows, found.hexdigest()) != (merge.rows, written.hexdigest()):
        raise RunError(
            f"{place.label}/{merge.merged}: expected the {merge.rows} rows of the parts that it "
            f"is made of, got {found.rows} that differ; nothing was replaced"
        )
    return replace(merge, digest=found.hexdigest())


def _common_schema(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """Return the columns that all have, with the metadata that they agree on."""
    shared = dict(schemas[0].metadata or {})
    for schema in schemas:
        other = schema.metadata or {}
        shared = {key: value for key, value in shared.items() if other.get(key) == value}
    return schemas[0].with_metadata(
        {key: value for key, value in shared.items() if key not in _OF_ONE_PART}
    )


def _read_rows(place: Place, names: Sequence[str], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for name in names:
        try:
            # pre_buffer: few large requests to a bucket, not one for each column.
            with place.open(name) as file, pq.ParquetFile(file, pre_buffer=True) as parquet:
                for batch in parquet.iter_batches(_BATCH_ROWS, use_threads=False):
                    yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise ConfigError(
                f"{place.label}/{name} cannot be read ({str(error).splitlines()[0]}); restore it, "
                "or move it out of the folder"
            ) from error


def _in_groups(batches: Iterator[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """Gather batches into lists of about GROUP_ROWS rows."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(map(len, held)) >= GROUP_ROWS:
            yield held
            held = []
    if held:
        yield held
