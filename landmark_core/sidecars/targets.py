"""The photos of a library, brought together by sidecar and folder.

Photos come in the order in which they were tagged; those that share a sidecar may lie far apart.
So they wait in a scratch database, and memory does not grow with the library.
"""

import dataclasses
import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from landmark_core.sidecars.wishes import Naming, Standing, base_of
from landmark_core.tables import Scratch

_BATCH = 8192  # photos that become one Arrow batch
# Binary: a name may hold bytes that are no text.
_RAW = ("folder", "base", "name")
_SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.binary()) for name in _RAW),
        *(pa.field(name, pa.string()) for name in ("version", "state", "model_id", "tag")),
        pa.field("confidence", pa.float64()),
        *(pa.field(name, pa.string()) for name in ("said_at", "by", "reviewer")),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One sidecar and the photos that it is about."""

    folder: str
    base: str  # the sidecar's name without .xmp
    photos: tuple[Standing, ...]  # by name; one, unless several share a stem

    @property
    def place(self) -> str:
        """Where the sidecar is, or would be, for people."""
        path = f"{self.folder.rstrip('/')}/{self.base}.xmp"
        return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def fill(scratch: Scratch, photos: Iterable[Standing], namings: tuple[Naming, ...]) -> int:
    """Set down the photos, once for each name of a sidecar; return how many photos there are."""
    scratch.insert("CREATE TABLE standing AS SELECT * FROM incoming", _SCHEMA.empty_table())
    count, stream = 0, iter(photos)
    while batch := tuple(itertools.islice(stream, _BATCH)):
        count += len(batch)
        rows = [
            _encoded(photo, base)
            for photo in batch
            for base in dict.fromkeys(base_of(photo.name, naming) for naming in namings)
        ]
        scratch.insert(
            "INSERT INTO standing SELECT * FROM incoming",
            pa.Table.from_pylist(rows, schema=_SCHEMA),
        )
    return count


def read_targets(scratch: Scratch) -> Iterator[Target]:
    """Yield the sidecars by folder and name."""
    batches = scratch.stream("SELECT * FROM standing ORDER BY folder, base, name")
    rows = (_decoded(row) for batch in batches for row in batch.to_pylist())
    for (folder, base), group in itertools.groupby(rows, key=lambda row: (row[0], row[1])):
        yield Target(folder=folder, base=base, photos=tuple(row[2] for row in group))


def _encoded(photo: Standing, base: str) -> dict[str, Any]:
    row = {**dataclasses.asdict(photo), "base": base}
    return {**row, **{name: os.fsencode(row[name]) for name in _RAW}}


def _decoded(row: dict[str, Any]) -> tuple[str, str, Standing]:
    values = {**row, **{name: os.fsdecode(row[name]) for name in _RAW}}
    base = values.pop("base")
    return values["folder"], base, Standing(**values)
