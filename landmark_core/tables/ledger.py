"""The ledger: which photos of a listing still need a row from this model.

A photo is known by (photo_id, version, model_id, preprocess_id), where its version is the etag if
the store gives one, else size and modification time. The newest row of that key decides:

    ok                           done
    corrupt, unsupported, ...    done as a failure; missing again with retry_failed
    fetch_error                  missing: the photo was never seen
    no row                       missing

What would be missing is left out where an open backfill is going to do it (`claims`). Parts count
whether or not their run finished, because a part is complete or absent. DuckDB joins listing and
rows out of core; nothing here grows with the library but scratch files.
"""

import itertools
import logging
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import pyarrow as pa

from landmark_core.records import PhotoRef
from landmark_core.tables.claims import list_claims, read_claims
from landmark_core.tables.numbered import numbered
from landmark_core.tables.parts import PartGoneError
from landmark_core.tables.pick import pick_rows
from landmark_core.tables.schema import TAGS_SCHEMA, subset
from landmark_core.tables.scratch import Scratch
from landmark_core.tables.spool import Spool, fill_locations
from landmark_core.tables.store import Store
from landmark_core.tables.work_key import WorkKey

logger = logging.getLogger(__name__)

_KEYS_SCHEMA = subset(
    TAGS_SCHEMA,
    *("photo_id", "size_bytes", "modified_at", "etag", "status", "tagged_at"),
    *("model_id", "preprocess_id"),
)

_FIRST_LOOK = 1024  # photos

# A status is a number of two bits, so that it travels in the last bits of what orders the rows:
# one maximum (or minimum) of a plain number gives the newest row's status, many times cheaper than
# arg_max does.
#   0 no row    1 ok    2 failed    3 never seen, or to be tried again    4 claimed, in fates only
_TABLES = """
CREATE OR REPLACE TABLE ledger (version digest, moment HUGEINT);
CREATE OR REPLACE TABLE claims (photo digest);
"""

_INSERT_LEDGER = """
INSERT INTO ledger
SELECT version_key(photo_id, etag, size_bytes, epoch_us(modified_at)),
       moment(epoch_us(tagged_at), number) * 4
       + CASE status WHEN 'ok' THEN 1 WHEN 'fetch_error' THEN 3 ELSE 2 END
FROM incoming WHERE model_id = $model_id AND preprocess_id = $preprocess_id
"""

_INSERT_CLAIMS = "INSERT INTO claims SELECT photo_key(photo_id) FROM incoming"

_NEWEST = """
CREATE OR REPLACE TABLE newest AS
SELECT version, (max(moment) & 3)::UTINYINT AS status FROM ledger GROUP BY version;
DROP TABLE ledger;
"""

# A photo that is listed twice counts as it was seen first.
_FATES = """
CREATE OR REPLACE TABLE fates AS
WITH listing AS (
    SELECT number, photo_key(photo_id) AS photo,
           version_key(photo_id, etag, size_bytes, modified_us) AS version
    FROM read_parquet($files)
), first_seen AS (
    SELECT photo, min(number * 4 + coalesce(status, 0)) AS first
    FROM listing LEFT JOIN newest USING (version) GROUP BY photo
), stood AS (
    SELECT first >> 2 AS number, is_claimed,
           CASE WHEN $retry_failed AND first & 3 = 2 THEN 3 ELSE first & 3 END AS status
    FROM first_seen LEFT JOIN (SELECT DISTINCT photo, TRUE AS is_claimed FROM claims) USING (photo)
)
SELECT number, (CASE WHEN is_claimed AND status IN (0, 3) THEN 4 ELSE status END)::UTINYINT AS fate
FROM stood
"""

_MISSING = "CREATE OR REPLACE VIEW missing AS SELECT number, fate FROM fates WHERE fate IN (0, 3)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a listing comes to.

    listed = duplicates + already_done + failed_remembered + claimed + missing.
    """

    listed: int  # photos that the listing named, as far as it was read
    duplicates: int  # of these, named before in the same listing
    already_done: int  # have an ok row
    failed_remembered: int  # have a failure row that is not tried again
    claimed: int = 0  # need a row, which an open backfill is going to make
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
            "SELECT number FROM missing ORDER BY number LIMIT $most", most=self.counts.to_do
        )
        return (fill_locations(photos) for photos, _ in pick_rows(self._spool.read(), batches))


def find_missing(
    store: Store,
    photos: Iterable[PhotoRef],
    *,
    key: WorkKey,
    retry_failed: bool,
    limit: int | None,
    scratch: Scratch,
) -> Missing:
    """Compare a listing with the rows of OUT and the plans of its open backfills.

    With a limit, the listing is read only until enough photos are missing: the first hundred
    photos of a large bucket need not wait for all of it.

    Args:
        store: OUT; only its parts, its backfills and their plans are read.
        photos: the listing, consumed once.
        key: whose rows count.
        retry_failed: whether remembered failures are missing too.
        limit: at most so many photos to do; null for all.
        scratch: open room for the work.

    Raises:
        ConfigError: if a file in OUT/tags, or the record of a backfill, is broken or foreign.
        RunError: if scratch room runs out, or files in OUT vanish again and again.
    """
    _read_rows(store, key, scratch)
    stream = iter(photos)
    spool = Spool(scratch.folder)
    for size in _window_sizes(limit):
        before = spool.rows
        spool.write(itertools.islice(stream, size))
        missing = _decide(scratch, spool, retry_failed=retry_failed)
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


def _read_rows(store: Store, key: WorkKey, scratch: Scratch) -> None:
    """Set down the newest status of each version that has a row, and what is claimed."""
    try:
        _fill_tables(store, key, scratch)
    except PartGoneError as gone:
        # Small parts were merged into a larger one since they were listed: look once more.
        logger.info("%s; reading the rows anew", gone)
        _fill_tables(store, key, scratch)
    scratch.database.execute(_NEWEST)


def _fill_tables(store: Store, key: WorkKey, scratch: Scratch) -> None:
    scratch.database.execute(_TABLES)
    # One list of parts for both: a part that appears later neither counts nor frees its photos.
    claims = list_claims(store, key)
    parts = store.list_parts()
    for photos in numbered(read_claims(store, claims, parts)):
        scratch.insert(_INSERT_CLAIMS, photos)
    for rows in numbered(store.read_parts(parts, _KEYS_SCHEMA)):
        scratch.insert(_INSERT_LEDGER, rows, **asdict(key))


def _decide(scratch: Scratch, spool: Spool, *, retry_failed: bool) -> int:
    """Set down the fate of each photo listed so far; return how many are missing."""
    scratch.database.execute(_FATES, {"files": spool.files, "retry_failed": retry_failed})
    scratch.database.execute(_MISSING)
    (missing,) = scratch.numbers("SELECT count(*) FROM missing")
    return missing


def _count(scratch: Scratch, listed: int, limit: int | None) -> Counts:
    distinct, done, failed, claimed = scratch.numbers(
        "SELECT count(*), count(*) FILTER (fate = 1), count(*) FILTER (fate = 2), "
        "count(*) FILTER (fate = 4) FROM fates"
    )
    missing = distinct - done - failed - claimed
    to_do = missing if limit is None else min(limit, missing)
    (retried,) = scratch.numbers(
        "SELECT count(*) FILTER (fate = 3) FROM (FROM missing ORDER BY number LIMIT $most)",
        most=to_do,
    )
    return Counts(
        listed=listed,
        duplicates=listed - distinct,
        already_done=done,
        failed_remembered=failed,
        claimed=claimed,
        missing=missing,
        to_do=to_do,
        retried=retried,
    )
