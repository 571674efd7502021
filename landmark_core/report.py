"""What a run reports of itself: records of counts, times and examples, and how they add up.

Pure. `report_text` turns the summary into text, Markdown and JSON.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from landmark_core.records import PhotoRow, Status

FAILURES: tuple[Status, ...] = ("corrupt", "unsupported", "too_large", "fetch_error")
EXAMPLES_PER_KIND = 3  # failures of one kind that a report names; the table has them all
CONFIDENCE_BINS = 20  # equal ones over [0, 1], each with its lower end; 1 is in the last


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many photos ended in which way; the statuses add up to `photos`."""

    photos: int = 0
    ok: int = 0
    corrupt: int = 0
    unsupported: int = 0
    too_large: int = 0
    fetch_error: int = 0
    tagged: int = 0
    review: int = 0
    no_landmark: int = 0
    heatmaps: int = 0

    @property
    def failed(self) -> int:
        """Photos that could not be read, of every kind."""
        return self.photos - self.ok


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSeconds:
    """Where the time went, in seconds.

    What waits is one thread, so these add up to the time of the shard at most. What works is many:
    fetch and decode count the processes that read together, forward and explain all lanes, so they
    may be more than the time that passed.
    """

    wait_for_photos: float = 0.0  # waiting for decoded batches
    wait_for_model: float = 0.0  # waiting for a lane to be free, or the last ones to end
    wait_for_heatmaps: float = 0.0
    write: float = 0.0
    fetch: float = 0.0  # waiting for bytes, in the processes that read
    decode: float = 0.0  # of processor, hashing, decoding and resizing there
    forward: float = 0.0  # of processor in all lanes; of the wall where a GPU computes
    explain: float = 0.0  # likewise; Grad-CAM, the overlays are drawn beside the next batches


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One photo that could not be read, as an example."""

    status: Status
    uri: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardReport:
    """What one shard did; small enough to cross a process or Prefect boundary."""

    shard: int
    counts: Counts
    tags: tuple[tuple[str, int], ...]  # tagged photos by tag, most first
    failures: tuple[Failure, ...]  # a few examples of each kind
    stages: StageSeconds
    seconds: float
    confidences: tuple[int, ...]  # ok photos by best confidence, one number for each bin


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """The model of a run, as the run file keeps it."""

    name: str
    model_id: str
    preprocess_id: str
    classes: int
    class_names: tuple[str, ...]  # all that a photo could have been tagged with
    explanation: str  # how Grad-CAM is computed, or why it is not
    device: str
    precision: str
    notes: tuple[str, ...]  # what was assumed of a foreign file


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a run had to work with."""

    cores: int  # that the process may use
    readers: int  # processes that decode; 0: the lanes' own process does
    lanes: int  # threads that each take a batch through the model
    gpu: bool  # the model runs on one


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """What the listing held and what of it was to do."""

    listed: int  # photos in SOURCE
    not_photos: int  # other files, counted only
    links_not_followed: int
    excluded: int  # by --include and --exclude
    unreadable_folders: int
    duplicates: int  # photos that a list named more than once
    already_done: int
    failed_before: int  # of those, photos remembered as unreadable
    to_do: int
    retried: int  # of those, photos whose newest row is a failure
    shards: int
    older: int = 0  # files that --since left out
    claimed: int = 0  # set aside for an open backfill, which does them


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One finished run: the content of OUT/runs/<run_id>.json."""

    run_id: str
    version: str  # of this package
    started_at: datetime
    finished_at: datetime
    settings: dict[str, Any]  # the TagConfig, as plain values
    plan: PlanSummary
    model: ModelIdentity
    counts: Counts
    tags: tuple[tuple[str, int], ...]
    failures: tuple[Failure, ...]
    stages: StageSeconds
    confidences: tuple[int, ...]  # ok photos by best confidence, one number for each bin
    start_seconds: float  # before the first shard: model, listing, plan
    machine: Machine | None = None  # null where many did it

    @property
    def seconds(self) -> float:
        """Wall time of the run."""
        return (self.finished_at - self.started_at).total_seconds()


def report_shard(
    shard: int, rows: Sequence[PhotoRow], stages: StageSeconds, seconds: float
) -> ShardReport:
    """Count what the rows of one shard say."""
    statuses: Counter[str] = Counter(row.photo.status for row in rows)
    predictions = [row.prediction for row in rows if row.prediction is not None]
    decisions: Counter[str] = Counter(prediction.decision for prediction in predictions)
    by_name: dict[str, int] = {**statuses, **decisions}
    heatmaps = sum(row.heatmap is not None for row in rows)
    counts = Counts(photos=len(rows), heatmaps=heatmaps, **by_name)
    tags = Counter(
        prediction.tags[0].tag for prediction in predictions if prediction.decision == "tagged"
    )
    failures = (
        Failure(status=row.photo.status, uri=row.photo.ref.uri, error=row.photo.error or "")
        for row in rows
        if row.photo.status != "ok"
    )
    return ShardReport(
        shard=shard,
        counts=counts,
        tags=_most_first(tags),
        failures=_few_of_each(failures),
        stages=stages,
        seconds=seconds,
        confidences=_histogram(prediction.tags[0].confidence for prediction in predictions),
    )


def add_counts(parts: Iterable[Counts]) -> Counts:
    """Return the sum, field by field."""
    return Counts(**_sum_fields(parts))


def add_stages(parts: Iterable[StageSeconds]) -> StageSeconds:
    """Return the sum, field by field."""
    return StageSeconds(**_sum_fields(parts))


def add_tags(reports: Iterable[ShardReport]) -> tuple[tuple[str, int], ...]:
    """Return tagged photos by tag over all shards, most first."""
    total: Counter[str] = Counter()
    for report in reports:
        total.update(dict(report.tags))
    return _most_first(total)


def add_failures(reports: Iterable[ShardReport]) -> tuple[Failure, ...]:
    """Return a few examples of each kind of failure over all shards."""
    return _few_of_each(failure for report in reports for failure in report.failures)


def add_confidences(parts: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """Return the sum of histograms, bin by bin; all bins are 0 where there is none."""
    return tuple(map(sum, zip((0,) * CONFIDENCE_BINS, *parts, strict=True)))


def _histogram(confidences: Iterable[float]) -> tuple[int, ...]:
    bins = Counter(
        min(int(confidence * CONFIDENCE_BINS), CONFIDENCE_BINS - 1) for confidence in confidences
    )
    return tuple(bins[number] for number in range(CONFIDENCE_BINS))


def _sum_fields(parts: Iterable[Any]) -> dict[str, Any]:
    totals: Counter[str] = Counter()
    for part in parts:
        totals.update(dataclasses.asdict(part))
    return dict(totals)


def _few_of_each(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    kept: list[Failure] = []
    seen: Counter[str] = Counter()
    for failure in failures:
        seen[failure.status] += 1
        if seen[failure.status] <= EXAMPLES_PER_KIND:
            kept.append(failure)
    return tuple(kept)


def _most_first(tags: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(tags.items(), key=lambda item: (-item[1], item[0])))
