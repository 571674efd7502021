"""OUT → the photos that a person may be asked about.

Taken along are all photos that wait for a person or were decided by one, and a uniform sample of
those that the machine settled by itself. What orders and filters need is kept as narrow columns in
memory (about 60 bytes a photo); the rest lies in a file in the scratch folder, mapped into memory,
from which one row is read when it is asked for.
"""

import contextlib
import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from landmark_core.errors import ConfigError
from landmark_core.library import location_of
from landmark_core.records import Decision, PhotoRef, Prediction, ReviewItem, TagScore
from landmark_core.review.queue import UsualConfidence, audit_draw
from landmark_core.review.standing import Version, version_of
from landmark_core.tables import TAGS_SCHEMA, Store, current_tags

DECISIONS: tuple[Decision, ...] = ("review", "tagged", "no_landmark")
REVIEW = 0  # place in DECISIONS
MOST_WAITING = 500_000  # photos; more of them wait for the next session
MOST_SAMPLED = 20_000  # photos that the machine settled

Codes = NDArray[np.int32]
Floats = NDArray[np.float32]

_KEPT: pa.Schema = pa.schema(
    [
        *(TAGS_SCHEMA.field(name) for name in ("photo_id", "uri", "content_sha256", "size_bytes")),
        # A number: a file's clock can be past the year 9999, where Python's ends.
        pa.field("modified_at", pa.int64()),
        *(TAGS_SCHEMA.field(name) for name in ("etag", "width", "height", "decision", "tag")),
        *(TAGS_SCHEMA.field(name) for name in ("confidence", "tags", "margin", "entropy")),
        *(TAGS_SCHEMA.field(name) for name in ("energy", "heatmap", "model_id", "run_id")),
        TAGS_SCHEMA.field("tagged_at"),
    ]
)
_PHOTO_ID = re.compile("[0-9a-f]{32}")
_ROWS_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalogue:
    """N photos: columns by number, and their rows."""

    rows: pa.Table  # _KEPT
    photo: NDArray[np.uint64]  # first 64 bits of photo_id
    decision: NDArray[np.int8]  # place in DECISIONS
    tag: Codes  # place in tags
    run: Codes  # place in runs
    folder: Codes  # equal in photos of one folder
    moment: NDArray[np.int64]  # microseconds since 1970, modified, else tagged
    confidence: Floats
    margin: Floats
    entropy: Floats
    usual: Floats  # median confidence of the photo's class, over the whole library
    spread: Floats
    tags: tuple[str, ...]
    runs: tuple[str, ...]
    sorted_photos: NDArray[np.int64]  # numbers in the order of `photo`
    waiting_left_out: int  # photos that wait and did not fit
    machine_settled: int  # photos of the library that no person was asked about

    def __len__(self) -> int:
        return len(self.photo)

    def number_of(self, photo_id: str) -> int | None:
        """Return a photo's number; null where it is not among these, or no id."""
        if not _PHOTO_ID.fullmatch(photo_id):
            return None
        key = np.uint64(int(photo_id[:16], 16))
        at = int(np.searchsorted(self.photo, key, sorter=self.sorted_photos))
        while at < len(self) and self.photo[self.sorted_photos[at]] == key:
            number = int(self.sorted_photos[at])
            if self.rows["photo_id"][number].as_py() == photo_id:
                return number
            at += 1
        return None

    def item(self, number: int) -> ReviewItem:
        """Return one photo as a person is asked about it."""
        (record,) = self.rows.slice(number, 1).to_pylist()
        return _item(record)

    def versions(self, numbers: Sequence[int] | NDArray[np.int64]) -> list[tuple[str, Version]]:
        """Return photo_id and version of many photos at once."""
        wanted = np.asarray(numbers, np.int64)  # also where there is none
        keys = self.rows.select(["photo_id", "etag", "size_bytes", "modified_at"]).take(wanted)
        photo_ids, *versions = (column.to_pylist() for column in keys.columns)
        found = zip(photo_ids, *versions, strict=True)
        return [(photo_id, version_of(*version)) for photo_id, *version in found]


@contextlib.contextmanager
def open_catalogue(
    store: Store,
    decided: Collection[str],
    *,
    most_waiting: int = MOST_WAITING,
    most_sampled: int = MOST_SAMPLED,
) -> Iterator[Catalogue]:
    """Read OUT; the rows lie in a scratch folder until the block ends.

    Args:
        store: OUT.
        decided: photo_ids on which people have decided; those are taken along in any case.
        most_waiting: photos that wait or were decided.
        most_sampled: photos that the machine settled.

    Raises:
        ConfigError: if a table is broken or foreign, or no photo was tagged.
    """
    with tempfile.TemporaryDirectory(prefix="landmarks-", ignore_cleanup_errors=True) as folder:
        path = Path(folder, "photos.arrow")
        reading = _Reading(pa.array(sorted(decided), pa.string()), most_waiting, most_sampled)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, _KEPT) as writer:
            for batch in current_tags(store):
                reading.add(pa.Table.from_batches([batch]), writer)
            reading.add_sample(writer)
        if not reading.seen:
            raise ConfigError(f"nothing was tagged in {store.out}; give the --out of a run")
        with pa.memory_map(str(path)) as source:
            yield reading.finish(pa.ipc.open_file(source).read_all())


class _Codes:
    """Texts as small numbers, in the order in which they were first seen."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def add(self, texts: pa.ChunkedArray) -> Codes:
        coded = pc.dictionary_encode(texts).combine_chunks()
        known = [
            self._codes.setdefault(text, len(self._codes)) for text in coded.dictionary.to_pylist()
        ]
        return np.asarray(np.asarray(known, np.int32)[coded.indices.to_numpy()])

    def texts(self) -> tuple[str, ...]:
        return tuple(self._codes)


class _Reading:
    """What has been seen of a library while it streams by."""

    def __init__(self, decided: pa.Array, most_waiting: int, most_sampled: int) -> None:
        self.seen = 0
        self._decided = decided
        self._most_waiting, self._most_sampled = most_waiting, most_sampled
        self._waiting = self._left_out = self._machine = 0
        self._tags, self._runs, self._folders = _Codes(), _Codes(), _Codes()
        self._usual = UsualConfidence()
        self._sample: list[pa.Table] = []
        self._highest_draw = np.uint64(2**64 - 1)
        self._columns: list[dict[str, NDArray[Any]]] = []

    def add(self, rows: pa.Table, writer: pa.ipc.RecordBatchFileWriter) -> None:
        """Take in rows of the current tags."""
        self.seen += len(rows)
        usable = pc.and_(pc.equal(rows["status"], "ok"), pc.is_valid(rows["decision"]))
        usable = pc.and_(usable, pc.and_(pc.is_valid(rows["tag"]), pc.is_valid(rows["tags"])))
        rows = _kept(rows.filter(usable))
        if not len(rows):
            return
        _check(rows)
        self._usual.add(self._tags.add(rows["tag"]), _floats(rows, "confidence"))
        decided = pc.is_in(rows["photo_id"], value_set=self._decided)
        asked = pc.or_(pc.equal(rows["decision"], "review"), decided)
        waiting, machine = rows.filter(asked), rows.filter(pc.invert(asked))
        room = self._most_waiting - self._waiting
        self._left_out += max(0, len(waiting) - room)
        self._waiting += min(room, len(waiting))
        self._keep(waiting.slice(0, room), writer)
        self._machine += len(machine)
        self._draw(machine)

    def add_sample(self, writer: pa.ipc.RecordBatchFileWriter) -> None:
        """Keep the sample, when everything has been seen."""
        self._thin_sample()
        for rows in self._sample:
            self._keep(rows, writer)
        self._sample = []

    def finish(self, rows: pa.Table) -> Catalogue:
        """Return the catalogue over the rows that were kept."""
        columns = {name: self._column(name) for name in _DTYPES}
        usual, spread = self._usual.median_and_spread(columns["tag"])
        return Catalogue(
            rows=rows,
            **columns,
            usual=usual,
            spread=spread,
            tags=self._tags.texts(),
            runs=self._runs.texts(),
            sorted_photos=np.argsort(columns["photo"], kind="stable"),
            waiting_left_out=self._left_out,
            machine_settled=self._machine,
        )

    def _keep(self, rows: pa.Table, writer: pa.ipc.RecordBatchFileWriter) -> None:
        if not len(rows):
            return
        writer.write_table(rows, _ROWS_AT_ONCE)
        uris = rows["uri"].to_pylist()
        folders = pa.chunked_array(
            [pa.array([uri.rpartition("/")[0] for uri in uris], pa.string())]
        )
        tagged_at = rows["tagged_at"].cast(pa.int64())
        self._columns.append(
            {
                "photo": _photo_keys(rows["photo_id"]),
                "decision": pc.index_in(rows["decision"], pa.array(DECISIONS)).to_numpy(),
                "tag": self._tags.add(rows["tag"]),
                "run": self._runs.add(rows["run_id"]),
                "folder": self._folders.add(folders),
                "moment": pc.coalesce(rows["modified_at"], tagged_at).to_numpy(),
                **{name: _floats(rows, name) for name in ("confidence", "margin", "entropy")},
            }
        )

    def _draw(self, machine: pa.Table) -> None:
        """Keep those whose draw is among the lowest so far: a uniform sample of all."""
        draws = audit_draw(_photo_keys(machine["photo_id"]))
        chosen = machine.filter(pa.array(draws <= self._highest_draw))
        if len(chosen):
            self._sample.append(chosen)
        if sum(len(rows) for rows in self._sample) > 2 * self._most_sampled:
            self._thin_sample()

    def _thin_sample(self) -> None:
        if not self._sample:
            return
        rows = pa.concat_tables(self._sample)
        draws = audit_draw(_photo_keys(rows["photo_id"]))
        lowest = np.argsort(draws, kind="stable")[: self._most_sampled]
        if len(lowest) == self._most_sampled and len(lowest):
            self._highest_draw = draws[lowest[-1]]
        self._sample = [rows.take(np.sort(lowest))]  # a copy: what is not kept is let go

    def _column(self, name: str) -> NDArray[Any]:
        pieces = [columns[name] for columns in self._columns]
        kind = _DTYPES[name]
        return np.concatenate(pieces).astype(kind) if pieces else np.zeros(0, kind)


_DTYPES: dict[str, type[np.generic]] = {
    "photo": np.uint64,
    "decision": np.int8,
    "tag": np.int32,
    "run": np.int32,
    "folder": np.int32,
    "moment": np.int64,
    "confidence": np.float32,
    "margin": np.float32,
    "entropy": np.float32,
}


def _kept(rows: pa.Table) -> pa.Table:
    modified_at = rows["modified_at"].cast(pa.int64())
    place = rows.column_names.index("modified_at")
    return rows.set_column(place, "modified_at", modified_at).select(_KEPT.names).cast(_KEPT)


def _check(rows: pa.Table) -> None:
    """Refuse what no run of ours writes: ids become addresses, words become filters."""
    ids = pc.match_substring_regex(rows["photo_id"], "^[0-9a-f]{32}$")
    if not pc.all(ids).as_py():
        wrong = rows["photo_id"].filter(pc.invert(ids))[0].as_py()
        raise ConfigError(
            f"a table of OUT has a photo_id {wrong[:40]!r}, expected 32 hex digits; "
            "move its file out of the folder"
        )
    words = pc.is_in(rows["decision"], value_set=pa.array(DECISIONS))
    if not pc.all(words).as_py():
        wrong = rows["decision"].filter(pc.invert(words))[0].as_py()
        raise ConfigError(
            f"a table of OUT has a decision {wrong[:40]!r}, expected {', '.join(DECISIONS)}; "
            "move its file out of the folder"
        )


def _photo_keys(photo_ids: pa.ChunkedArray) -> NDArray[np.uint64]:
    return np.fromiter((int(text[:16], 16) for text in photo_ids.to_pylist()), np.uint64)


def _floats(rows: pa.Table, name: str) -> Floats:
    return np.asarray(pc.fill_null(rows[name], float("nan")).to_numpy(), np.float32)


def _item(record: dict[str, Any]) -> ReviewItem:
    ref = PhotoRef(
        photo_id=record["photo_id"],
        uri=record["uri"],
        location=location_of(record["uri"], record["photo_id"]),
        size_bytes=record["size_bytes"],
        modified_us=record["modified_at"],
        etag=record["etag"],
    )
    nan = float("nan")
    prediction = Prediction(
        decision=record["decision"],
        tags=tuple(TagScore(**score) for score in record["tags"]),
        margin=nan if record["margin"] is None else record["margin"],
        entropy=nan if record["entropy"] is None else record["entropy"],
        energy=record["energy"],
    )
    return ReviewItem(
        ref=ref,
        prediction=prediction,
        has_heatmap=record["heatmap"] is not None,
        **{name: record[name] for name in ("content_sha256", "width", "height")},
        **{name: record[name] for name in ("model_id", "run_id", "tagged_at")},
    )
