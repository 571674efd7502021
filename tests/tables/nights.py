"""A small library of many nights, and what its readers see; for the tests of compactions."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow, Prediction, TagScore
from landmark_core.tables import (
    CompactionReport,
    CompactionSettings,
    Store,
    compact,
    rows_to_table,
)

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
AT_ONCE = CompactionSettings(grace_s=0.0, target_rows=100)


def run_of_night(night: int) -> str:
    return f"{NOW - timedelta(days=40 - night):%Y%m%dT%H%M%SZ}-{night:06x}"


def night_table(night: int, rows: int, first: int = 0) -> pa.Table:
    made = []
    for number in range(first, first + rows):
        ref = PhotoRef(
            photo_id=f"{night % 7:016x}{number:016x}",  # photos come again after seven nights
            uri=f"/photos/{night % 7}/{number}.jpg",
            location="",
            size_bytes=number,
            modified_us=night * 1000 + number,
            etag=None,
        )
        is_ok = number % 5 != 4
        photo = DecodedPhoto(
            ref=ref,
            status="ok" if is_ok else "corrupt",
            error=None if is_ok else "Größe",
            content_sha256=None,
            width=4,
            height=3,
        )
        tags = tuple(TagScore(tag=f"tag {n}", confidence=1 / (n + 2)) for n in range(number % 4))
        prediction = Prediction(
            decision="tagged", tags=tags or (TagScore(tag="x", confidence=0.5),), margin=0.1,
            entropy=0.2, energy=None,
        )  # fmt: skip
        made.append(
            PhotoRow(
                photo=photo,
                prediction=prediction if is_ok else None,
                heatmap=f"heatmaps/run={run_of_night(night)}/{number}.jpg",
                model_id="m",
                preprocess_id="p",
                run_id=run_of_night(night),
                tagged_at=NOW - timedelta(days=40 - night) + timedelta(seconds=number),
            )
        )
    return rows_to_table(made)


def write_night(store: Store, night: int, parts: int = 2, rows: int = 6) -> None:
    """Write one finished run."""
    for number in range(parts):
        store.write_part(run_of_night(night), number, night_table(night, rows, number * rows))
    store.write_run(run_of_night(night), {"photos": parts * rows})


def make_library(out: str, nights: int = 12) -> Store:
    store = Store(out)
    for night in range(nights):
        write_night(store, night)
    return store


def compact_now(
    store: Store, settings: CompactionSettings = AT_ONCE, now: datetime = NOW
) -> CompactionReport:
    return compact(
        store, settings, now=lambda: now, rng=random.Random(5), sleep=lambda _seconds: None
    )


def rows_of(store: Store, names: list[str]) -> "Counter[str]":
    """Return all rows of some files as a multiset, each as a text of all its columns."""
    counts: Counter[str] = Counter()
    for name in names:
        with store.open(name) as file:
            table = pq.read_table(file)
        # As integers: what the text of a time looks like is pandas' business.
        for at in ("modified_at", "tagged_at"):
            index = table.column_names.index(at)
            table = table.set_column(index, at, table[at].cast(pa.int64()))
        counts.update(map(repr, table.to_pylist()))
    return counts


def parquet_below(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.parquet"))
