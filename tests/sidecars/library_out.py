"""A folder of small files that pass for photos, and an OUT that speaks of them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from small_out import START, make_out, photo

from landmark_core.library import local_ref, photo_id_of, url_ref
from landmark_core.records import PhotoRow
from landmark_core.sidecars import SidecarReport, SidecarSettings, export_sidecars
from landmark_core.tables import Store

NOW = datetime(2026, 12, 31, tzinfo=UTC)


def place(folder: Path, name: str, **said: Any) -> PhotoRow:
    """Make a file, unless it is there, and the row of a tagged photo."""
    path = folder / name
    if not path.exists():
        path.write_bytes(b"a photo")
    ref = local_ref(str(path), path.stat())
    row = photo(**({"decision": "tagged", "tag": "Taj Mahal", "confidence": 0.9375} | said))
    return replace(row, photo=replace(row.photo, ref=ref))


def place_in_bucket(store: Any, url: str, **said: Any) -> PhotoRow:
    """The same in a bucket."""
    store.pipe_file(url, b"a photo")
    ref = url_ref(url, store.info(url))
    assert ref.photo_id == photo_id_of(url)
    row = photo(**({"decision": "tagged", "tag": "Taj Mahal", "confidence": 0.9375} | said))
    return replace(row, photo=replace(row.photo, ref=ref))


def out_of(folder: Path, rows: Iterable[PhotoRow], run: str = "run0") -> Store:
    """Write an OUT, or a further run into it."""
    return make_out(folder / "out", tuple(rows), run=run)


def later(row: PhotoRow, **said: Any) -> PhotoRow:
    """The row of a later run over the same photo."""
    newer = photo(**({"decision": "tagged", "tag": "Taj Mahal", "confidence": 0.9375} | said))
    moment = START.replace(day=START.day + 1)
    return replace(newer, photo=replace(newer.photo, ref=row.photo.ref), tagged_at=moment)


def export(store: Store, **settings: Any) -> SidecarReport:
    """Write the sidecars."""
    return export_sidecars(store, SidecarSettings(**settings), NOW)


def counts(report: SidecarReport) -> dict[str, int]:
    """The counts that are not zero."""
    names = ("made", "changed", "removed", "unchanged", "not_ours", "left_alone")
    return {name: getattr(report, name) for name in names if getattr(report, name)}
