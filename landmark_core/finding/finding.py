"""OUT → the photos of one landmark, in a stream, in the order of their newest rows.

A photo's landmark is what stands of it: a person's word, else the model's. Of a photo that nobody
has called a landmark, waiting or not, it is the model's best guess; so `--decision review` finds
what may be one. Two passes: over the names of all tags, then over the photos.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from typing import Any, Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc

from landmark_core.errors import ConfigError
from landmark_core.finding.spelling import Match, match_tag
from landmark_core.library import location_of
from landmark_core.since import Span
from landmark_core.tables import REVIEWS_SCHEMA, TAGS_SCHEMA, Store, current_tags

Wanted = Literal["tagged", "review", "no_landmark", "any"]
WANTED: tuple[Wanted, ...] = get_args(Wanted)

_COLUMNS = ("photo_id", "uri", "modified_at", "decision", "tag", "confidence")
_SAME = ("photo_id", "uri", "confidence", "settled_by", "modified_us")  # as in FoundPhoto
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class FindSettings:
    """Which photos are wanted."""

    tag: str  # as a person types it
    decision: Wanted = "tagged"  # what stands of the photo
    min_confidence: float = 0.0  # the model's, in [0, 1]; a person's word is always enough
    span: Span | None = None  # when the photo's file was last changed; null: whenever
    limit: int | None = None  # photos at most

    def __post_init__(self) -> None:
        if not 0 <= self.min_confidence <= 1:  # written this way round, NaN is refused too
            raise ConfigError(f"--min-confidence must be from 0 to 1, got {self.min_confidence}")
        if self.limit is not None and self.limit < 1:
            raise ConfigError(f"--limit must be 1 or more, got {self.limit}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPhoto:
    """One photo of the landmark; columns of the current tags but where it says otherwise."""

    photo_id: str
    uri: str
    location: str  # what opens it: path in os.fsdecode form, or URL
    tag: str  # what stands, else the model's best
    confidence: float | None  # the model's, in its own best tag
    decision: str  # what stands: final_decision
    settled_by: str | None
    modified_us: int | None  # microseconds since 1970, UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The tags that were looked for, and a stream of their photos."""

    match: Match
    photos: Iterator[FoundPhoto]


def find_photos(
    store: Store,
    settings: FindSettings,
    keep: Callable[[Iterable[FoundPhoto]], Iterable[FoundPhoto]] = lambda photos: photos,
) -> Search:
    """Look for the photos of a landmark.

    Args:
        store: OUT; only read.
        settings: which photos.
        keep: which of them, such as `Presence.keep_present`; what it leaves out does not count
            for the limit.

    Raises:
        ConfigError: if nothing was tagged, no tag or several fit the name, or a table is broken;
            while reading too.
        RunError: while reading, if scratch room runs out.
    """
    known = _known_tags(store)
    if not known:
        raise ConfigError(f"no photo was tagged in {store.out}; give the --out of a run")
    match = match_tag(settings.tag, known)
    photos = _stream(store, match.tags, settings)
    return Search(match=match, photos=islice(keep(photos), settings.limit))


def _known_tags(store: Store) -> set[str]:
    """Return every tag that a model put first or a person gave, standing or not."""
    found: set[str | None] = set()
    for schema, names in (
        (TAGS_SCHEMA, store.list_parts()),
        (REVIEWS_SCHEMA, store.list_reviews()),
    ):
        for table in store.read_parts(names, pa.schema([schema.field("tag")])):
            found.update(pc.unique(table["tag"]).to_pylist())
    return {tag for tag in found if tag is not None}


def _stream(store: Store, tags: Sequence[str], settings: FindSettings) -> Iterator[FoundPhoto]:
    for batch in current_tags(store, _COLUMNS):
        table = pa.Table.from_batches([batch])
        table = table.append_column("shown", pc.coalesce(table["final_tag"], table["tag"]))
        # A number: a file's clock can be past the year 9999, where Python's ends.
        table = table.append_column("modified_us", table["modified_at"].cast(pa.int64()))
        kept = table.filter(_fits(table, tags, settings)).drop_columns("modified_at")
        for piece in kept.to_batches(_ROWS_AT_ONCE):
            for record in piece.to_pylist():
                yield _photo(record)


def _fits(table: pa.Table, tags: Sequence[str], settings: FindSettings) -> pa.ChunkedArray:
    """Return which rows are wanted; null, as of a photo without a time, is no."""
    # float32, as the column is: 0.9 itself is not below --min-confidence 0.9.
    least = pa.scalar(settings.min_confidence, pa.float32())
    span = settings.span or Span()
    conditions = [
        pc.is_in(table["shown"], value_set=pa.array(tags, pa.string())),
        pc.or_kleene(
            pc.equal(table["settled_by"], "person"), pc.greater_equal(table["confidence"], least)
        ),
    ]
    if settings.decision != "any":
        conditions.append(pc.equal(table["final_decision"], settings.decision))
    if span.since_us is not None:
        conditions.append(pc.greater_equal(table["modified_us"], span.since_us))
    if span.until_us is not None:
        conditions.append(pc.less(table["modified_us"], span.until_us))
    return reduce(pc.and_, conditions)


def _photo(record: dict[str, Any]) -> FoundPhoto:
    return FoundPhoto(
        location=location_of(record["uri"], record["photo_id"]),
        tag=record["shown"],
        decision=record["final_decision"],
        **{name: record[name] for name in _SAME},
    )
