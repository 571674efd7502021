"""What is known of each photo now: its newest row, with the newest review on top.

    newest row    by tagged_at, over all runs and models; a tie goes to the later run
    version       of that row: its etag, else its size and modification time
    review        the newest decision on that version, by decided_at; a decision that was undone
                  does not count, nor does a skip; an undo cannot itself be undone

Both are chosen by DuckDB on key columns; the wide rows are read once more and streamed.
"""

import logging
from collections.abc import Iterator, Sequence

import pyarrow as pa

from landmark_core.tables.numbered import numbered
from landmark_core.tables.parts import PartGoneError
from landmark_core.tables.pick import pick_rows
from landmark_core.tables.schema import REVIEWS_SCHEMA, TAGS_SCHEMA, subset
from landmark_core.tables.scratch import Scratch, open_scratch
from landmark_core.tables.store import Store

logger = logging.getLogger(__name__)

FINAL_FIELDS = (
    pa.field("final_decision", pa.string()),  # tagged, review, no_landmark; null where unreadable
    pa.field("final_tag", pa.string()),  # null unless final_decision is tagged
    pa.field("settled_by", pa.string()),  # person or machine; null where nobody has decided yet
    pa.field("reviewer", pa.string()),  # null unless a person decided
    pa.field("decided_at", pa.timestamp("us", tz="UTC")),
)
CURRENT_SCHEMA: pa.Schema = pa.schema([*TAGS_SCHEMA, *FINAL_FIELDS], metadata=TAGS_SCHEMA.metadata)

_VERSION = ("photo_id", "etag", "size_bytes", "modified_at")
_KEYS_SCHEMA = subset(TAGS_SCHEMA, *_VERSION, "tagged_at")
_DECISIONS_SCHEMA = subset(
    REVIEWS_SCHEMA,
    *(*_VERSION, "decision_id", "undoes", "decision", "tag", "model_tag", "reviewer", "decided_at"),
)
_DECIDING = ("decision", "tag")  # columns of a row that the final answer is made of

_TABLES = """
CREATE OR REPLACE TABLE keys (number BIGINT, photo digest, version digest, moment HUGEINT);
CREATE OR REPLACE TABLE reviews (
    version digest, moment HUGEINT, decision_id VARCHAR, undoes VARCHAR, decision VARCHAR,
    tag VARCHAR, reviewer VARCHAR, decided_at TIMESTAMPTZ
);
"""

_INSERT_KEYS = """
INSERT INTO keys
SELECT number, photo_key(photo_id),
       version_key(photo_id, etag, size_bytes, epoch_us(modified_at)),
       moment(epoch_us(tagged_at), number)
FROM incoming
"""

# An accepted photo has the tag that the person saw, whatever a later model says.
_INSERT_REVIEWS = """
INSERT INTO reviews
SELECT version_key(photo_id, etag, size_bytes, epoch_us(modified_at)),
       moment(epoch_us(decided_at), number), decision_id, undoes, decision,
       CASE decision WHEN 'accepted' THEN coalesce(tag, model_tag) WHEN 'corrected' THEN tag END,
       reviewer, decided_at
FROM incoming
"""

_NEWEST = """
CREATE TABLE newest AS
WITH last_rows AS (
    SELECT arg_max(number, moment) AS number FROM keys GROUP BY photo
), standing AS (
    SELECT * FROM reviews
    WHERE decision IN ('accepted', 'corrected', 'not_a_landmark') AND undoes IS NULL
      AND decision_id NOT IN (SELECT undoes FROM reviews WHERE undoes IS NOT NULL)
), last_reviews AS (
    SELECT version, arg_max(standing, moment) AS review FROM standing GROUP BY version
), reviewed AS (
    SELECT number, review FROM keys JOIN last_reviews USING (version)
)
SELECT number, review.decision AS review, review.tag AS review_tag,
       review.reviewer AS reviewer, review.decided_at AS decided_at
FROM last_rows LEFT JOIN reviewed USING (number)
"""

_FINAL = """
SELECT CASE WHEN review = 'not_a_landmark' THEN 'no_landmark'
            WHEN review IS NOT NULL THEN 'tagged'
            ELSE decision END AS final_decision,
       CASE WHEN review IS NOT NULL THEN review_tag
            WHEN decision = 'tagged' THEN tag END AS final_tag,
       CASE WHEN review IS NOT NULL THEN 'person'
            WHEN decision <> 'review' THEN 'machine' END AS settled_by,
       reviewer, decided_at
FROM incoming ORDER BY number
"""


def current_tags(
    store: Store, columns: Sequence[str] = tuple(TAGS_SCHEMA.names)
) -> pa.RecordBatchReader:
    """Stream one row for each photo that was ever tagged, with CURRENT_SCHEMA.

    The order is that of the newest rows: by run, shard and place within it.

    Args:
        store: OUT.
        columns: of the tags table, where fewer are enough; `decision`, `tag` and the final answer
            are always there.

    Raises:
        ConfigError: while reading, if a file of tags or reviews is broken or foreign.
        RunError: while reading, if scratch room runs out.
    """
    wanted = subset(TAGS_SCHEMA, *dict.fromkeys((*columns, *_DECIDING)))
    schema = pa.schema([*wanted, *FINAL_FIELDS], metadata=TAGS_SCHEMA.metadata)

    def batches() -> Iterator[pa.RecordBatch]:
        with open_scratch() as scratch:
            for table in read_current(store, scratch, wanted):
                yield from table.cast(schema).to_batches()

    return pa.RecordBatchReader.from_batches(schema, batches())


def read_current(store: Store, scratch: Scratch, columns: pa.Schema) -> Iterator[pa.Table]:
    """Yield the current rows with some columns of tags, and FINAL_FIELDS.

    Args:
        store: OUT.
        scratch: open room for the work.
        columns: a subset of TAGS_SCHEMA that has `decision` and `tag`.
    """
    try:
        parts = _read_keys(store, scratch)
    except PartGoneError as gone:
        # Small parts were merged into a larger one since they were listed: look once more.
        logger.info("%s; reading the rows anew", gone)
        parts = _read_keys(store, scratch)
    for rows in numbered(store.read_parts(store.list_reviews(), _DECISIONS_SCHEMA)):
        scratch.insert(_INSERT_REVIEWS, rows)
    scratch.database.execute(_NEWEST)
    newest = scratch.stream("SELECT * FROM newest ORDER BY number")
    for rows, known in pick_rows(store.read_parts(parts, columns), newest):
        yield _add_final(rows, known, scratch)


def _read_keys(store: Store, scratch: Scratch) -> list[str]:
    """Set down the keys of all rows; return the parts that they are in."""
    parts = store.list_parts()  # once: a run may be adding more
    scratch.database.execute(_TABLES)
    for rows in numbered(store.read_parts(parts, _KEYS_SCHEMA)):
        scratch.insert(_INSERT_KEYS, rows)
    return parts


def _add_final(rows: pa.Table, known: pa.Table, scratch: Scratch) -> pa.Table:
    """Put the final answer beside the rows."""
    for name in _DECIDING:
        known = known.append_column(name, rows[name])
    final = scratch.transform(_FINAL, known)
    for field in FINAL_FIELDS:
        rows = rows.append_column(field, final[field.name].cast(field.type))
    return rows
