"""The small pictures of an album: made side by side, once for each content, and remembered.

    pictures/ab/<key>.jpg   a picture
    pictures/made.jsonl     a line for each, with the place in the photo's EXIF, written after it

A picture without a line, or with one that a kill cut off, is made again. Only bytes that were
tagged are drawn: a photo that has changed since has no picture until it is tagged anew.
"""

import hashlib
import json
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from landmark_core.album.shelves import ShelfPhoto, read_wanted
from landmark_core.errors import PhotoError
from landmark_core.gallery import THUMBNAIL_LIMITS, make_thumbnail
from landmark_core.library import Position, fetch_photo, location_of, openable, read_position
from landmark_core.records import PhotoRef
from landmark_core.tables import Scratch, read_ahead

SIDE = 320  # pixels, the long side: sharp on screens with two pixels to a point
FOLDER = "pictures"
_LOG = f"{FOLDER}/made.jsonl"
_AT_ONCE = (os.cpu_count() or 1) + 4  # as many as ThreadPoolExecutor takes by itself
_BATCH = 256  # pictures that a kill costs at most

Progress = Callable[[int], object]  # told how many more are done

_THERE = pa.schema([pa.field("key", pa.string())])
_MADE = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("latitude", pa.float64()),
        pa.field("longitude", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """What became of the pictures."""

    kept: int  # were there already
    made: int
    missing: int  # of photos that are gone, changed, or too large for a page of pictures


def picture_name(key: str) -> str:
    """Return the name of a picture, relative to the album."""
    return f"{FOLDER}/{key[:2]}/{key}.jpg"


def make_pictures(root: Path, scratch: Scratch, progress: Progress) -> Pictures:
    """Make the pictures that are missing, and fill the table `made` with all that there are.

    Args:
        root: of the album.
        scratch: with filled shelves.
        progress: told of each picture.
    """
    _read_made(root, scratch)
    (kept,) = scratch.numbers("SELECT count(DISTINCT key) FROM photos SEMI JOIN made USING (key)")
    jobs = (partial(_make, root, photo) for photo in read_wanted(scratch))
    counts = Counter[bool]()
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    with (root / _LOG).open("a", encoding="ascii") as log:
        log.write("\n")  # ends a line that a kill has cut off
        for lines in _batched(_told(read_ahead(jobs, _AT_ONCE), progress, counts)):
            log.write("".join(json.dumps(line) + "\n" for line in lines))
            log.flush()
            _insert(scratch, lines)
    return Pictures(kept=kept, made=counts[True], missing=counts[False])


def _told(
    lines: Iterable[dict[str, Any] | None], progress: Progress, counts: "Counter[bool]"
) -> Iterator[dict[str, Any]]:
    """Yield the lines of the pictures that could be made, and count both kinds."""
    for line in lines:
        progress(1)
        counts[line is not None] += 1
        if line is not None:
            yield line


def _insert(scratch: Scratch, lines: list[dict[str, Any]]) -> None:
    # A picture that somebody removed has two lines.
    scratch.insert(
        "INSERT INTO made SELECT DISTINCT ON (key) incoming.* FROM incoming ANTI JOIN made "
        "USING (key)",
        pa.Table.from_pylist(lines, schema=_MADE),
    )


def remove_unused(root: Path, scratch: Scratch) -> int:
    """Remove the pictures of photos that are no longer in the album; return how many."""
    unused = scratch.database.execute("SELECT key FROM there ANTI JOIN photos USING (key)")
    count = 0
    while keys := unused.fetchmany(_BATCH):
        for (key,) in keys:
            (root / picture_name(key)).unlink(missing_ok=True)
            count += 1
    return count


def _read_made(root: Path, scratch: Scratch) -> None:
    """Fill `there` with the pictures in the folder, and `made` with those that have their line."""
    scratch.insert("CREATE TABLE there AS SELECT * FROM incoming", _THERE.empty_table())
    for keys in _batched({"key": path.stem} for path in (root / FOLDER).glob("??/*.jpg")):
        table = pa.Table.from_pylist(keys, schema=_THERE)
        scratch.insert("INSERT INTO there SELECT * FROM incoming", table)
    scratch.insert("CREATE TABLE logged AS SELECT * FROM incoming", _MADE.empty_table())
    for lines in _batched(_lines(root / _LOG)):
        table = pa.Table.from_pylist(lines, schema=_MADE)
        scratch.insert("INSERT INTO logged SELECT * FROM incoming", table)
    scratch.database.execute(
        "INSERT INTO made SELECT key, any_value(latitude), any_value(longitude) FROM logged "
        "SEMI JOIN there USING (key) GROUP BY key"
    )


def _batched(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what the log says, without what a kill or a stranger left in it."""
    if not path.exists():
        return
    with path.open(encoding="ascii", errors="replace") as file:
        for text in file:
            try:
                line = json.loads(text)
                yield {
                    "key": str(line["key"]),
                    **{
                        name: None if line[name] is None else float(line[name])
                        for name in ("latitude", "longitude")
                    },
                }
            except (ValueError, TypeError, KeyError):
                continue


def _make(root: Path, photo: ShelfPhoto) -> dict[str, Any] | None:
    """Make one picture; return its line, null where the photo is not what was tagged."""
    ref = PhotoRef(
        photo_id=photo.photo_id,
        uri=photo.uri,
        location=location_of(photo.uri, photo.photo_id),
        size_bytes=photo.size_bytes,
        modified_us=None,
        etag=None,
    )
    try:
        data = fetch_photo(openable(ref), THUMBNAIL_LIMITS)
        if hashlib.sha256(data).hexdigest() != photo.content:
            return None
        jpeg = make_thumbnail(data, name=photo.uri, side=SIDE).jpeg
    except PhotoError:
        return None
    _write(root / picture_name(photo.key), jpeg)
    return {"key": photo.key, **_place(read_position(data, name=photo.uri))}


def _place(position: Position | None) -> dict[str, float | None]:
    if position is None:
        return {"latitude": None, "longitude": None}
    # About ten metres: a map of the world needs no more, and tells no more.
    return {
        "latitude": round(position.latitude, 4),
        "longitude": round(position.longitude, 4),
    }


def _write(path: Path, data: bytes) -> None:
    """Write a picture whole; a power cut may cost some, which are then made again by hand."""
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)
