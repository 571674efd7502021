"""OUT as a stream of photos with what stands of each: what every export is written from.

Memory grows with what people decided, not with the photos.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc

from landmark_core.library import location_of
from landmark_core.records import TagScore
from landmark_core.review import DecisionLog, PhotoReviews, version_of
from landmark_core.tables import Store, current_tags

State = Literal["all", "waiting", "settled", "tagged", "no_landmark"]
STATES: tuple[State, ...] = get_args(State)

_ROWS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingPhoto:
    """One photo, what the model says of it and what people say; fields as in the current tags."""

    photo_id: str
    uri: str
    location: str  # what opens it
    version: str  # see `version_text`
    status: str
    decision: str | None
    tags: tuple[TagScore, ...]  # best first; empty where the photo could not be read
    model_id: str
    tagged_at: datetime  # UTC
    final_decision: str | None
    final_tag: str | None
    settled_by: str | None
    reviews: PhotoReviews

    @property
    def best(self) -> TagScore | None:
        """The model's best tag; null where the photo could not be read."""
        return self.tags[0] if self.tags else None


def version_text(etag: str | None, size_bytes: int | None, modified_us: int | None) -> str:
    """Return a photo's version as text: equal texts, same version (etag, else size and time)."""
    if etag is not None:
        return f"etag:{etag}"
    return f"size:{_known(size_bytes)} time:{_known(modified_us)}"


def read_standing(store: Store, log: DecisionLog, state: State = "all") -> Iterator[StandingPhoto]:
    """Yield the photos of a library in one state, in the order of their newest rows.

    Args:
        store: OUT.
        log: its decisions, loaded.
        state: waiting for a person (skipped ones too), settled by one, or as finally decided.

    Raises:
        ConfigError: while reading, if a table is broken or foreign.
        RunError: while reading, if scratch room runs out.
    """
    for piece in read_batches(store, state):
        for record in piece.drop_columns("modified_at").to_pylist():
            yield _photo(record, log)


def read_batches(store: Store, state: State = "all") -> Iterator[pa.RecordBatch]:
    """Yield the same photos as small batches of current tags, with a column `modified_us`.

    That is modified_at as a number: a file's clock can be past the year 9999, where Python's ends.
    """
    for batch in current_tags(store):
        table = pa.Table.from_batches([batch]).filter(_in_state(batch, state))
        table = table.append_column("modified_us", table["modified_at"].cast(pa.int64()))
        yield from table.to_batches(_ROWS_AT_ONCE)


def _in_state(batch: pa.RecordBatch, state: State) -> pa.Array:
    if state == "all":
        return pc.is_valid(batch["photo_id"])
    if state == "settled":
        return pc.equal(batch["settled_by"], "person")
    return pc.equal(batch["final_decision"], "review" if state == "waiting" else state)


def _photo(record: dict[str, Any], log: DecisionLog) -> StandingPhoto:
    facts = (record["etag"], record["size_bytes"], record["modified_us"])
    photo_id = record["photo_id"]
    same = ("uri", "status", "decision", "model_id", "tagged_at")
    final = ("final_decision", "final_tag", "settled_by")
    return StandingPhoto(
        photo_id=photo_id,
        location=location_of(record["uri"], photo_id),
        version=version_text(*facts),
        tags=tuple(TagScore(**score) for score in record["tags"] or ()),
        reviews=log.photo(photo_id, version_of(*facts)),
        **{name: record[name] for name in (*same, *final)},
    )


def _known(number: int | None) -> str:
    return "unknown" if number is None else str(number)
