"""Choose which rows of a run its page shows: a fair sample, from a bounded look at its parts.

Photo ids are hashes, so the smallest ones are a random sample that needs no dice: the same run
always shows the same photos.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from landmark_core.records import Decision
from landmark_core.report import RunSummary
from landmark_core.tables import TAGS_SCHEMA, Store, part_name

DECISIONS: tuple[Decision, ...] = ("tagged", "review", "no_landmark")
MOST_PARTS = 64  # of up to --shard-size photos each; the page says where there were more
_SPARE = 2  # candidates for each example: some photos cannot be read any more


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """What a page needs of a row of the tags table; the columns' names and meaning."""

    photo_id: str
    uri: str
    size_bytes: int | None
    content_sha256: str | None
    status: str
    error: str | None
    decision: Decision | None
    tag: str | None
    confidence: float | None
    heatmap: str | None


_COLUMNS = pa.schema([TAGS_SCHEMA.field(field.name) for field in dataclasses.fields(RunRow)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Rows of a run, as few as a page shows."""

    examples: Mapping[Decision, Sequence[RunRow]]  # candidates, in the order of the sample
    heatmaps: Sequence[RunRow]  # photos to review that have one, least sure first
    failures: Sequence[RunRow]  # by kind


def choose_rows(
    store: Store,
    run_id: str,
    *,
    shards: Sequence[int],
    examples: int,
    heatmaps: int,
    failures: int,
) -> Chosen:
    """Read the parts of a run and keep a sample of each kind.

    Args:
        store: OUT.
        run_id: a finished run.
        shards: numbers of those whose parts are read.
        examples: of each decision that the page will show.
        heatmaps: at most.
        failures: at most.

    Raises:
        ConfigError: if a part is broken.
        RunError: if a part is gone.
    """
    names = [part_name(run_id, number) for number in shards]
    kept: dict[str, pa.Table] = {}
    for table in store.read_parts(names, _COLUMNS):
        for kind, rows, most in _kinds(table, examples * _SPARE, heatmaps, failures):
            before = kept.get(kind)
            kept[kind] = _smallest(
                rows if before is None else pa.concat_tables([before, rows]), most
            )
    return Chosen(
        examples={decision: _rows(kept.get(decision), "photo_id") for decision in DECISIONS},
        heatmaps=_rows(kept.get("heatmaps"), "confidence"),
        failures=_rows(kept.get("failures"), "status"),
    )


def choose_shards(store: Store, summary: RunSummary) -> list[int]:
    """Return the shards whose parts are looked at: at most MOST_PARTS, spread over the run."""
    step = -(-summary.plan.shards // MOST_PARTS) or 1
    numbers = list(range(0, summary.plan.shards, step))
    if summary.counts.photos >= summary.plan.to_do:
        return numbers
    # A backfill that was ended early: some of its shards have no part.
    return [number for number in numbers if store.part_exists(summary.run_id, number)]


def _kinds(
    table: pa.Table, examples: int, heatmaps: int, failures: int
) -> Iterator[tuple[str, pa.Table, int]]:
    for decision in DECISIONS:
        yield decision, table.filter(pc.equal(table["decision"], decision)), examples
    yield "heatmaps", table.filter(pc.is_valid(table["heatmap"])), heatmaps
    yield "failures", table.filter(pc.not_equal(table["status"], "ok")), failures


def _smallest(table: pa.Table, most: int) -> pa.Table:
    return table.take(pc.select_k_unstable(table, most, [("photo_id", "ascending")]))


def _rows(table: pa.Table | None, order: str) -> list[RunRow]:
    if table is None:
        return []
    table = table.sort_by([(order, "ascending"), ("photo_id", "ascending")])
    return [RunRow(**record) for record in table.to_pylist()]
