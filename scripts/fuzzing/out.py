"""A small OUT with everything that the readers of OUT know, for breaking one file of it at a time.

No photo is read and no model is run: rows are made up.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from landmark_core.config import TagConfig
from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow, Prediction, Shard, TagScore
from landmark_core.report import (
    Counts,
    Failure,
    ModelIdentity,
    PlanSummary,
    RunSummary,
    ShardReport,
    StageSeconds,
)
from landmark_core.report_text import to_json
from landmark_core.tables import (
    REVIEWS_SCHEMA,
    BackfillRecord,
    Store,
    WorkKey,
    plan_run,
    rows_to_table,
    with_report,
    write_backfill,
)

BEGAN = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
FIRST, SECOND, BACKFILL = (f"202611{day}T030000Z-00000{day % 10}" for day in (20, 21, 22))
COMPACTION = "compact-20261121T040000Z-0000aa"
KEY = WorkKey(model_id="0" * 16, preprocess_id="1" * 16)
TAGS = ("Arch", "Dome", "Tower")


def write_out(folder: Path) -> None:
    """Make two runs, people's decisions, an open backfill and a finished compaction."""
    store = Store(str(folder))
    for night, run_id in enumerate((FIRST, SECOND)):
        rows = [_row(number, run_id, night) for number in range(4 * night, 4 * night + 6)]
        report = _report(rows)
        store.write_part(run_id, 0, with_report(rows_to_table(rows), report))
        store.write_run(run_id, to_json(_summary(run_id, night, report)))
    store.write_reviews("01JD0000000000000000000000", reviews())
    plan = plan_run(store, map(ref, range(20, 30)), run_id=BACKFILL, key=KEY, shard_size=4)
    write_backfill(store, _backfill(len(plan.shards)))
    merge = {"merged": f"tags/run={COMPACTION}/part-000000.parquet", "rows": 12, "digest": "ab"}
    parts = [f"tags/run={run}/part-000000.parquet" for run in (FIRST, SECOND)]
    record = {
        "compaction_id": COMPACTION,
        "state": "merging",
        "moment": BEGAN.isoformat(),
        "merges": [{**merge, "replaced": parts}],
    }
    (folder / "runs" / f"{COMPACTION}.merging.json").write_text(json.dumps(record))


def ref(number: int) -> PhotoRef:
    """Return a made-up photo of a bucket."""
    uri = f"s3://bucket/photos/{number}.jpg"
    etag = f"etag-{number}" if number % 2 else None
    return PhotoRef(
        photo_id=f"{number:032x}", uri=uri, location=uri, size_bytes=100 + number,
        modified_us=1_700_000_000_000_000 + number, etag=etag,
    )  # fmt: skip


def _row(number: int, run_id: str, night: int) -> PhotoRow:
    is_good = number % 5 != 3
    decision = ("tagged", "review", "no_landmark")[number % 3]
    scores = tuple(TagScore(tag=tag, confidence=0.6 / (at + 1)) for at, tag in enumerate(TAGS))
    return PhotoRow(
        photo=DecodedPhoto(
            ref=ref(number),
            status="ok" if is_good else "corrupt",
            error=None if is_good else "it breaks off",
            content_sha256=f"{number:064x}",
            width=640 if is_good else None,
            height=480 if is_good else None,
        ),
        prediction=Prediction(decision=decision, tags=scores, margin=0.3, entropy=0.9, energy=-4.0)  # type: ignore[arg-type]
        if is_good
        else None,
        heatmap=f"heatmaps/run={run_id}/{number:032x}.jpg" if decision == "review" else None,
        model_id=KEY.model_id,
        preprocess_id=KEY.preprocess_id,
        run_id=run_id,
        tagged_at=BEGAN + timedelta(days=night, seconds=number),
    )


def _report(rows: list[PhotoRow]) -> ShardReport:
    good = [row for row in rows if row.prediction is not None]
    decisions = [row.prediction.decision for row in good if row.prediction]
    return ShardReport(
        shard=0,
        counts=Counts(
            photos=len(rows),
            ok=len(good),
            corrupt=len(rows) - len(good),
            tagged=decisions.count("tagged"),
            review=decisions.count("review"),
            no_landmark=decisions.count("no_landmark"),
        ),
        tags=(("Arch", decisions.count("tagged")),),
        failures=(
            Failure(status="corrupt", uri="s3://bucket/photos/3.jpg", error="it breaks off"),
        ),
        stages=StageSeconds(),
        seconds=1.5,
        confidences=(0,) * 12 + (len(good),) + (0,) * 7,
    )


def _summary(run_id: str, night: int, report: ShardReport) -> RunSummary:
    counts = {"listed": 6, "not_photos": 1, "links_not_followed": 0, "excluded": 0}
    counts |= {"unreadable_folders": 0, "duplicates": 0, "already_done": 0, "failed_before": 0}
    return RunSummary(
        run_id=run_id,
        version="0.1.0",
        started_at=BEGAN + timedelta(days=night),
        finished_at=BEGAN + timedelta(days=night, minutes=1),
        settings=asdict(TagConfig(source="s3://bucket/photos", out="out")),
        plan=PlanSummary(**counts, to_do=6, retried=0, shards=1),
        model=_model(),
        counts=report.counts,
        tags=report.tags,
        failures=report.failures,
        stages=report.stages,
        confidences=report.confidences,
        start_seconds=2.0,
    )


def _model() -> ModelIdentity:
    return ModelIdentity(
        name="tiny", model_id=KEY.model_id, preprocess_id=KEY.preprocess_id, classes=len(TAGS),
        class_names=TAGS, explanation="from the same forward", device="cpu", precision="fp32",
        notes=(),
    )  # fmt: skip


def _backfill(shards: int) -> BackfillRecord:
    estimate = {"photos": 10, "photos_per_second": 20.0, "basis": "given", "processes": 2}
    return BackfillRecord(
        run_id=BACKFILL,
        created_at=BEGAN,
        settings=asdict(TagConfig(source="s3://bucket/photos", out="out")),
        key=KEY,
        model=asdict(_model()),
        shards=shards,
        photos=10,
        plan={"listed": 10, "to_do": 10, "shards": shards} | dict.fromkeys(
            ("not_photos", "links_not_followed", "excluded", "unreadable_folders", "duplicates",
             "already_done", "failed_before", "retried"), 0
        ),
        estimate={**estimate, "hours": 0.1, "process_hours": 0.2, "cost": 1.5},
    )  # fmt: skip


def reviews() -> pa.Table:
    """Return three decisions and an undo."""
    blank = dict.fromkeys(REVIEWS_SCHEMA.names)
    rows = []
    for number, decision in enumerate(("accepted", "corrected", "skipped", None)):
        photo = ref(number)
        row = {
            "decision_id": f"01JD000000000000000000000{number}",
            "photo_id": photo.photo_id,
            "uri": photo.uri,
            "size_bytes": photo.size_bytes,
            "modified_at": photo.modified_us,
            "etag": photo.etag,
            "decision": decision,
            "tag": "Dome" if decision == "corrected" else None,
            "reviewer": "ann",
            "decided_at": BEGAN + timedelta(hours=number),
            "seconds": 1.5,
            "model_id": KEY.model_id,
            "model_tag": "Arch",
            "model_confidence": 0.6,
            "model_decision": "review",
            "shown_by": "unsure",
            "undoes": "01JD0000000000000000000001" if decision is None else None,
        }
        rows.append(blank | row)
    return pa.Table.from_pylist(rows, schema=REVIEWS_SCHEMA)


SHARD = Shard(run_id=FIRST, number=0, photos=6)
