"""The answers of a file beside the photos that they speak of, without holding either.

A file is in any order and may name every photo of a library; so its answers wait in a scratch
database while the library streams by once.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from landmark_core.errors import ConfigError
from landmark_core.export.claims import CLAIMS_SCHEMA, UNREAD, Claim, Entry, claims_to_table
from landmark_core.tables import REVIEWS_SCHEMA, Scratch, Store, current_tags

BATCH = 8192  # answers that become one Arrow batch

# Flat columns of the photo's row: all that a decision takes from it.
PHOTO_COLUMNS = (
    *("photo_id", "uri", "content_sha256", "size_bytes", "modified_at", "etag", "width", "height"),
    *("decision", "tag", "confidence", "margin", "entropy", "energy", "heatmap"),
    *("model_id", "run_id", "tagged_at"),
)
_HISTORY = ("decision_id", "photo_id", "decision", "tag", "model_tag", "decided_at", "undoes")
_HISTORY_SCHEMA = pa.schema([REVIEWS_SCHEMA.field(name) for name in _HISTORY])

_TABLES = """
CREATE TABLE history (
    decision_id VARCHAR, photo_id VARCHAR, answer VARCHAR, tag VARCHAR, decided_us BIGINT,
    counts BOOLEAN
);
CREATE TABLE found (number BIGINT);
"""

# A skip leaves a photo as it was; taking a decision back does not.
_INSERT_HISTORY = """
INSERT INTO history
SELECT decision_id, photo_id,
       CASE WHEN decision IN ('accepted', 'corrected') THEN 'tag' ELSE decision END,
       CASE decision WHEN 'accepted' THEN coalesce(tag, model_tag) WHEN 'corrected' THEN tag END,
       epoch_us(decided_at), undoes IS NOT NULL OR decision <> 'skipped'
FROM incoming
"""

_TOUCHED = """
CREATE TABLE touched AS
SELECT photo_id, max(decided_us) AS touched_us FROM history WHERE counts GROUP BY photo_id
"""

_MATCH = """
WITH hits AS (
    SELECT incoming.row, incoming.photo_id, claims.* FROM incoming
    JOIN claims ON said_photo = incoming.photo_id
    UNION ALL
    SELECT incoming.row, incoming.photo_id, claims.* FROM incoming
    JOIN claims ON said_photo IS NULL AND said_uri = incoming.uri
)
SELECT hits.* EXCLUDE (photo_id), touched_us, EXISTS (
    SELECT 1 FROM history WHERE history.decision_id = said_source
        AND history.answer = said_answer AND history.tag IS NOT DISTINCT FROM said_tag
) AS is_ours
FROM hits LEFT JOIN touched ON touched.photo_id = hits.photo_id
ORDER BY row, said_us, said_number
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A photo of OUT, and all that the file says of it."""

    photo: dict[str, Any]  # PHOTO_COLUMNS; moments in microseconds since 1970
    claims: tuple[Claim, ...]  # oldest first
    is_ours: tuple[bool, ...]  # beside claims: repeats a decision of OUT, and says the same
    touched_us: int | None  # when a decision or an undo on the photo was last written


class ClaimTable:
    """Owns the answers of one file in a scratch room."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self.entries = 0  # rows, or tasks and annotations
        self.claims = 0  # those that say something
        self.unread = 0  # of the others, those that were changed where nothing is read
        scratch.insert("CREATE TABLE claims AS SELECT * FROM incoming", CLAIMS_SCHEMA.empty_table())
        scratch.database.execute(_TABLES)

    def fill(self, entries: Iterable[Entry]) -> None:
        """Take in a file, with its entries that say nothing."""
        stream = iter(entries)
        while batch := tuple(itertools.islice(stream, BATCH)):
            said = [entry for entry in batch if isinstance(entry, Claim)]
            rows = claims_to_table(said, start=self.claims)
            self._scratch.insert("INSERT INTO claims SELECT * FROM incoming", rows)
            self.entries += len(batch)
            self.claims += len(said)
            self.unread += sum(entry == UNREAD for entry in batch)

    def respell(self, spelled: Callable[[str], str]) -> tuple[tuple[str, str, int], ...]:
        """Spell tags as OUT does; return the changed ones, their spelling there, and how often."""
        said = self._scratch.database.execute(
            "SELECT said_tag, count(*) FROM claims WHERE said_tag IS NOT NULL "
            "GROUP BY said_tag ORDER BY said_tag"
        ).fetchall()
        changed = tuple((tag, spelled(tag), count) for tag, count in said if spelled(tag) != tag)
        for tag, known, _ in changed:
            self._scratch.database.execute(
                "UPDATE claims SET said_tag = $known WHERE said_tag = $tag",
                {"known": known, "tag": tag},
            )
        return changed

    def match(self, store: Store) -> Iterator[Match]:
        """Yield the photos that the file speaks of, in the order of OUT's newest rows.

        Args:
            store: OUT.

        Raises:
            ConfigError: if a table is broken or foreign; at the end, if OUT has no such photo.
        """
        for table in store.read_parts(store.list_reviews(), _HISTORY_SCHEMA):
            self._scratch.insert(_INSERT_HISTORY, table)
        self._scratch.database.execute(_TOUCHED)
        for batch in current_tags(store):
            yield from self._match(_flat(batch))
        self._refuse_unknown(store)

    def _match(self, photos: pa.Table) -> Iterator[Match]:
        keys = photos.select(["photo_id", "uri"])
        keys = keys.append_column("row", pa.array(range(len(keys)), pa.int64()))
        hits = self._scratch.transform(_MATCH, keys)
        self._scratch.insert(
            "INSERT INTO found SELECT said_number FROM incoming", hits.select(["said_number"])
        )
        wanted = pc.unique(hits["row"])
        rows = photos.take(wanted).to_pylist()
        grouped = itertools.groupby(hits.to_pylist(), key=lambda hit: hit["row"])
        for photo, (_, of_photo) in zip(rows, grouped, strict=True):
            yield _match(photo, list(of_photo))

    def _refuse_unknown(self, store: Store) -> None:
        unknown = self._scratch.database.execute(
            "SELECT arg_min(said_place, said_number), "
            "arg_min(coalesce(said_photo, said_uri), said_number), count(*) - 1 FROM claims "
            "WHERE said_number NOT IN (SELECT number FROM found)"
        ).fetchall()
        place, name, others = unknown[0]
        if place is not None:
            more = f", and {others:,} more" if others else ""
            raise ConfigError(
                f"{place}: {store.out} has no photo {name[:200]}{more}; "
                "was the file exported from another OUT?"
            )


def _flat(batch: pa.RecordBatch) -> pa.Table:
    """Return PHOTO_COLUMNS, moments as numbers: a file's clock can be past the year 9999."""
    columns = {name: batch[name] for name in PHOTO_COLUMNS}
    for name in ("modified_at", "tagged_at"):
        columns[name] = columns[name].cast(pa.int64())
    return pa.table(columns)


def _match(photo: dict[str, Any], hits: Sequence[dict[str, Any]]) -> Match:
    return Match(
        photo=photo,
        claims=tuple(_claim(hit) for hit in hits),
        is_ours=tuple(hit["is_ours"] for hit in hits),
        touched_us=hits[0]["touched_us"],
    )


def _claim(hit: dict[str, Any]) -> Claim:
    place, photo_id, uri, version, reviewer, answer, tag, *others = (
        hit[name] for name in CLAIMS_SCHEMA.names[1:]
    )
    seconds, said_us, source, for_all, has_unread = others
    return Claim(
        place=place,
        photo_id=photo_id,
        uri=uri,
        version=version,
        reviewer=reviewer,
        answer=answer,
        tag=tag,
        seconds=seconds,
        said_us=said_us,
        source=source,
        for_all=for_all,
        has_unread=has_unread,
    )
