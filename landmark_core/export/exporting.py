"""One export from OUT to a file: the one place that knows which format is written by what."""

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TextIO, get_args

import pyarrow as pa

from landmark_core.errors import ConfigError
from landmark_core.export.choices import labelling_config
from landmark_core.export.csv_out import write_csv
from landmark_core.export.jsonl_out import write_lines
from landmark_core.export.label_studio_out import image_address, write_tasks
from landmark_core.export.photos import State, read_batches, read_standing
from landmark_core.review import DecisionLog
from landmark_core.tables import REVIEWS_SCHEMA, Store

Format = Literal["csv", "jsonl", "label-studio"]
FORMATS: tuple[Format, ...] = get_args(Format)

_SECONDS_SCHEMA = pa.schema([REVIEWS_SCHEMA.field(name) for name in ("decision_id", "seconds")])


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSettings:
    """What is exported and how."""

    format: Format
    state: State = "all"
    image_prefix: str = ""  # label-studio: stands before the part of the path below image_root
    image_root: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an export wrote."""

    photos: int
    config: str | None  # the labelling config of a Label Studio project; null in other formats


def export_photos(store: Store, file: TextIO, settings: ExportSettings, now: datetime) -> Exported:
    """Write the photos of OUT to an open file.

    Args:
        store: OUT; only read.
        file: opened for UTF-8 with newline="".
        settings: what and how.
        now: UTC; the file says what stood then.

    Raises:
        ConfigError: if nothing was tagged, a table is broken or a photo lies outside image_root.
        RunError: if scratch room runs out.
    """
    if not store.list_parts():
        raise ConfigError(f"nothing was tagged in {store.out}; give the --out of a run")
    log = DecisionLog(store, clock=lambda: now, rng=random.Random(0))  # noqa: S311 (only reads)
    log.load()
    if settings.format == "jsonl":
        batches = read_batches(store, settings.state)
        count = write_lines(batches, file, log=log, seconds=_seconds(store))
        return Exported(photos=count, config=None)
    photos = read_standing(store, log, settings.state)
    if settings.format == "csv":
        return Exported(photos=write_csv(photos, file, exported_at=now), config=None)
    count, tags = write_tasks(
        photos,
        file,
        image_of=lambda photo: image_address(
            photo, prefix=settings.image_prefix, root=settings.image_root
        ),
        seconds=_seconds(store),
    )
    return Exported(photos=count, config=labelling_config(tags))


def _seconds(store: Store) -> dict[str, float]:
    """Return how long the decisions took of which that is known."""
    found: dict[str, float] = {}
    for table in store.read_parts(store.list_reviews(), _SECONDS_SCHEMA):
        known = table.filter(table["seconds"].is_valid())
        pairs = zip(known["decision_id"].to_pylist(), known["seconds"].to_pylist(), strict=True)
        found.update(pairs)
    return found
