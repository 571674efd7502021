"""OUT → a table of its photos in a scratch room, one shelf for each landmark.

A shelf is a landmark: photos that are so tagged, then those that wait for a person and may be it.
Photos without a landmark have a shelf of their own, named by an empty tag. Rows go to disk where
they outgrow the memory, so a library may have any size.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from landmark_core.tables import Scratch, Store, current_tags

State = Literal["all", "waiting", "settled", "tagged", "no_landmark"]
Kind = Literal["person", "machine", "waiting", "none"]

_COLUMNS = (
    *("photo_id", "uri", "size_bytes", "modified_at", "etag", "content_sha256", "width", "height"),
    *("status", "decision", "tag", "confidence"),
)

_TABLES = """
CREATE TABLE photos (
    number BIGINT, key VARCHAR, content VARCHAR, photo_id VARCHAR, uri VARCHAR, size_bytes BIGINT,
    shelf VARCHAR, guess VARCHAR, kind VARCHAR, by_person BOOLEAN, rank BIGINT,
    tenth BIGINT, confidence FLOAT, width INTEGER, height INTEGER
);
CREATE TABLE made (key VARCHAR, latitude DOUBLE, longitude DOUBLE);
CREATE SEQUENCE numbers;
"""

# The key of a picture is its content's: equal photos share one, and no name comes from outside.
_INSERT_PHOTOS = """
INSERT INTO photos
SELECT nextval('numbers'), substr(content_sha256, 1, 32), content_sha256, photo_id, uri, size_bytes,
       CASE WHEN final_decision = 'review' THEN coalesce(tag, '') ELSE coalesce(final_tag, '') END,
       coalesce(tag, ''),
       CASE WHEN final_decision = 'tagged' AND settled_by = 'person' THEN 'person'
            WHEN final_decision = 'tagged' THEN 'machine'
            WHEN final_decision = 'review' THEN 'waiting' ELSE 'none' END AS kind,
       coalesce(settled_by = 'person', false),
       CASE kind WHEN 'person' THEN 0 WHEN 'machine' THEN 1 WHEN 'waiting' THEN 2 ELSE 3 END,
       CASE WHEN kind IN ('machine', 'waiting')
            THEN least(floor(round(confidence::DOUBLE, 6) * 10), 9)::BIGINT ELSE 0 END,
       confidence, width, height
FROM incoming
WHERE status = 'ok' AND regexp_full_match(content_sha256, '[0-9a-f]{64}')
  AND ($state = 'all' OR ($state = 'settled' AND settled_by = 'person')
       OR final_decision = CASE $state WHEN 'waiting' THEN 'review' ELSE $state END)
"""

_SHELVES = """
SELECT shelf, count(*), count(*) FILTER (by_person), count(*) FILTER (kind = 'waiting'),
       arg_max(key, (rank = 0, confidence)) FILTER (made.key IS NOT NULL)
FROM photos LEFT JOIN made USING (key)
GROUP BY shelf ORDER BY shelf = '', count(*) FILTER (kind <> 'waiting') DESC, shelf
"""

_ON_SHELF = """
SELECT photos.*, made.key IS NOT NULL AS has_picture
FROM photos LEFT JOIN made USING (key)
WHERE shelf = $shelf ORDER BY rank, confidence DESC, number
"""

_BANDS = """
SELECT kind, tenth, count(*) FROM photos
WHERE shelf = $shelf GROUP BY rank, kind, tenth ORDER BY rank, tenth DESC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The photos of one landmark."""

    tag: str  # empty: no landmark
    photos: int
    by_people: int  # of these
    waiting: int  # of these, for a person; the others are so tagged, or show no landmark
    cover: str | None  # key of its best picture; null where none could be made

    @property
    def settled(self) -> int:
        """Photos that do not wait, as `landmarks status` counts those of a landmark."""
        return self.photos - self.waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfPhoto:
    """A photo on its shelf."""

    key: str  # 32 hex digits that name its picture
    content: str  # hex SHA-256 of its bytes when it was tagged
    photo_id: str
    uri: str
    size_bytes: int | None
    kind: Kind
    by_person: bool  # a person has decided what it shows
    tenth: int  # 9: a confidence from 0.9 to 1; 0 where the model did not decide it
    guess: str  # the model's best tag; empty where there is none
    confidence: float  # the model's, in that
    width: int | None  # pixels, upright, of the full photo
    height: int | None
    has_picture: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Photos of one shelf that are about equally sure."""

    kind: Kind
    tenth: int  # 9: confidences from 0.9 to 1; 0 for what people said, and no landmark
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """How many photos there are."""

    photos: int  # on shelves
    unreadable: int  # that could not be read: they have no state, and are on no shelf


def fill_shelves(store: Store, scratch: Scratch, state: State) -> Filled:
    """Set down the photos of a library in one state; return how many there are.

    Raises:
        ConfigError: if a table of OUT is broken or foreign.
    """
    scratch.database.execute(_TABLES)
    unreadable = 0
    for batch in current_tags(store, _COLUMNS):
        if state == "all":
            unreadable += pc.sum(pc.is_null(batch["final_decision"])).as_py() or 0
        scratch.insert(_INSERT_PHOTOS, pa.Table.from_batches([batch]), state=state)
    (count,) = scratch.numbers("SELECT count(*) FROM photos")
    return Filled(photos=count, unreadable=unreadable)


def list_shelves(scratch: Scratch) -> list[Shelf]:
    """Return the shelves, those with most photos first, and what shows no landmark last."""
    return [
        Shelf(tag=tag, photos=photos, by_people=by_people, waiting=waiting, cover=cover)
        for tag, photos, by_people, waiting, cover in scratch.database.execute(_SHELVES).fetchall()
    ]


def list_bands(scratch: Scratch, shelf: str) -> list[Band]:
    """Return the bands of a shelf, in the order of its photos."""
    found = scratch.database.execute(_BANDS, {"shelf": shelf}).fetchall()
    return [Band(kind=kind, tenth=tenth, photos=photos) for kind, tenth, photos in found]


def read_shelf(scratch: Scratch, shelf: str) -> Iterator[ShelfPhoto]:
    """Yield the photos of a shelf: what people said, then the model, surest first."""
    return _photos(scratch.stream(_ON_SHELF, shelf=shelf))


def read_wanted(scratch: Scratch) -> Iterator[ShelfPhoto]:
    """Yield one photo for each picture that is not made yet."""
    return _photos(
        scratch.stream(
            "SELECT *, false AS has_picture FROM photos ANTI JOIN made USING (key) "
            "QUALIFY row_number() OVER (PARTITION BY key ORDER BY number) = 1"
        )
    )


def _photos(batches: Iterable[pa.RecordBatch]) -> Iterator[ShelfPhoto]:
    names = ShelfPhoto.__dataclass_fields__
    for batch in batches:
        for record in batch.to_pylist():
            yield _photo({name: record[name] for name in names})


def _photo(values: dict[str, Any]) -> ShelfPhoto:
    return ShelfPhoto(**values)
