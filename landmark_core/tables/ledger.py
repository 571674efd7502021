"""The ledger: which photos of a listing still need a row from this model.

A photo is known by (photo_id, version, model_id, preprocess_id), where its version is the etag if
the store gives one, else size and modification time. The newest row of that key decides:

    ok                           done
    corrupt, unsupported, ...    done as a failure; missing again with retry_failed
    fetch_error                  missing: the photo was never seen
    no row                       missing

Parts count whether or not their run finished, because a part is complete or absent. DuckDB joins
listing and rows out of core; nothing here grows with the library but scratch files.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import pyarrow as pa

from landmark_core.records import PhotoRef
from landmark_core.tables.numbered import numbered
from landmark_core.tables.pick import pick_rows
from landmark_core.tables.schema import TAGS_SCHEMA, subset
from landmark_core.tables.scratch import Scratch
from landmark_core.tables.spool import Spool
from landmark_core.tables.store import Store

_KEYS_SCHEMA = subset(
    TAGS_SCHEMA,
    *("photo_id", "size_bytes", "modified_at", "etag", "status", "tagged_at"),
    *("model_id", "preprocess_id"),
)

_FIRST_LOOK = 1024  # photos

_TABLES = """
CREATE TABLE listing (number BIGINT, photo digest, version digest);
CREATE TABLE ledger (version digest, moment HUGEINT, status VARCHAR);
"""

_INSERT_LISTING = """
INSERT INTO listing
SELECT number, photo_key(photo_id), version_key(photo_id, etag, size_bytes, modified_us)
FROM incoming
"""

_INSERT_LEDGER = """
INSERT INTO ledger
SELECT version_key(photo_id, etag, size_bytes, epoch_us(modified_at)),
       moment(epoch_us(tagged_at), number), status
FROM incoming WHERE model_id = $model_id AND preprocess_id = $preprocess_id
"""

# A photo that is listed twice counts as it was seen first.
_FATES = """
CREATE OR REPLACE TABLE fates AS
WITH listed AS (
    SELECT min(number) AS number, arg_min(version, number) AS version
    FROM listing GROUP BY photo
), newest AS (
    SELECT version, arg_max(status, moment) AS status FROM ledger GROUP BY version
)
SELECT number, status FROM listed LEFT JOIN newest USING (version)
"""

_TO_DO = """
CREATE OR REPLACE TABLE to_do AS
SELECT number, status IS NOT NULL AS is_retried FROM fates
WHERE status IS NULL OR status = 'fetch_error' OR ($retry_failed AND status <> 'ok')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkKey:
    """Whose rows count: another model, or another way of preparing photos, starts anew."""

    model_id: str
    preprocess_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a listing comes to; listed = duplicates + already_done + failed_remembered + missing."""

    listed: int  # photos that the listing named, as far as it was read
    duplicates: int  # of these, named before in the same listing
    already_done: int  # have an ok row
    failed_remembered: int  # have a failure row that is not tried again
    missing: int  # still need a row
    to_do: int  # of the missing, within the limit
    retried: int  # of those to do, failed before


class Missing:
    """The photos of one listing that need a row; lives as long as its scratch room."""

    def __init__(self, scratch: Scratch, spool: Spool, counts: Counts) -> None:
        self.counts = counts
        self._scratch = scratch
        self._spool = spool

    def read(self) -> Iterator[pa.Table]:
        """Yield the photos to do, in the order of the listing, with PHOTOS_SCHEMA."""
        batches = self._scratch.stream(
            "SELECT number FROM to_do ORDER BY number LIMIT $most", most=self.counts.to_do
        )
        return (photos for photos, _ in pick_rows(self._spool.read(), batches))


def find_missing(
    store: Store,
    photos: Iterable[PhotoRef],
    *,
    key: WorkKey,
    retry_failed: bool,
    limit: int | None,
    scratch: Scratch,
) -> Missing:
    """Compare a listing with the rows of OUT.

    With a limit, the listing is read only until enough photos are missing: the first hundred
    photos of a large bucket need not wait for all of it.

    Args:
        store: OUT; only its parts are read.
        photos: the listing, consumed once.
        key: whose rows count.
        retry_failed: whether remembered failures are missing too.
        limit: at most so many photos to do; null for all.
        scratch: open room for the work.

    Raises:
        ConfigError: if a file in OUT/tags is broken or foreign.
        RunError: if scratch room runs out.
    """
    scratch.database.execute(_TABLES)
    for rows in numbered(store.read_parts(store.list_parts(), _KEYS_SCHEMA)):
        scratch.insert(_INSERT_LEDGER, rows, **asdict(key))
    stream = iter(photos)
    with Spool(scratch.folder / "listing.parquet") as spool:
        for size in _window_sizes(limit):
            before = spool.rows
            for rows in numbered(spool.write(itertools.islice(stream, size)), before):
                scratch.insert(_INSERT_LISTING, rows.drop_columns(["uri", "location"]))
            missing = _decide(scratch, retry_failed=retry_failed)
            if size is None or spool.rows < before + size or (limit and missing >= limit):
                break
    return Missing(scratch, spool, _count(scratch, spool.rows, limit))


def _window_sizes(limit: int | None) -> Iterator[int | None]:
    """Yield how many photos to list before looking whether they are enough; null for all."""
    if limit is None:
        yield None
    size = max(_FIRST_LOOK, 2 * (limit or 0))
    while True:
        yield size
        size *= 4  # each look costs as much as all that is listed


def _decide(scratch: Scratch, *, retry_failed: bool) -> int:
    """Set down the fate of each photo listed so far; return how many are missing."""
    scratch.database.execute(_FATES)
    scratch.database.execute(_TO_DO, {"retry_failed": retry_failed})
    (missing,) = scratch.numbers("SELECT count(*) FROM to_do")
    return missing


def _count(scratch: Scratch, listed: int, limit: int | None) -> Counts:
    distinct, done = scratch.numbers("SELECT count(*), count(*) FILTER (status = 'ok') FROM fates")
    (missing,) = scratch.numbers("SELECT count(*) FROM to_do")
    to_do = missing if limit is None else min(limit, missing)
    (retried,) = scratch.numbers(
        "SELECT count(*) FILTER (is_retried) FROM (FROM to_do ORDER BY number LIMIT $most)",
        most=to_do,
    )
    return Counts(
        listed=listed,
        duplicates=listed - distinct,
        already_done=done,
        failed_remembered=distinct - done - missing,
        missing=missing,
        to_do=to_do,
        retried=retried,
    )
