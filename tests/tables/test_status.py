"""Status: counts by hand over a small library with every kind of photo and run in it."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow, Prediction, TagScore
from landmark_core.tables import (
    REVIEWS_SCHEMA,
    CompactionSettings,
    FailureKind,
    LandmarkCount,
    ModelMonth,
    ModelSeen,
    MonthCount,
    RunSeen,
    Store,
    WorkKey,
    compact,
    plan_run,
    rows_to_table,
    status_counts,
)

START = datetime(2026, 11, 23, tzinfo=UTC)


def ref(number: int) -> PhotoRef:
    return PhotoRef(
        photo_id=f"{number:032x}",
        uri=f"/photos/{number}.jpg",
        location="",
        size_bytes=number,
        modified_us=number,
        etag=None,
    )


def row(number: int, decision: str | None, *, tag: str = "Petra", status: str = "ok") -> PhotoRow:
    prediction = decision and Prediction(
        decision=decision,
        tags=(TagScore(tag=tag, confidence=0.5),),
        margin=0.5,
        entropy=0.1,
        energy=None,
    )
    photo = DecodedPhoto(
        ref=ref(number),
        status=status,
        error=None if status == "ok" else f"why {number}",
        content_sha256=None,
        width=None,
        height=None,
    )
    return PhotoRow(
        photo=photo,
        prediction=prediction or None,
        heatmap=None,
        model_id="m",
        preprocess_id="p",
        run_id="r",
        tagged_at=START + timedelta(seconds=number),
    )


def make_library(out: str) -> Store:
    store = Store(out)
    first = [
        row(1, "tagged"),
        row(2, "tagged", tag="Pisa"),
        row(3, "tagged", tag="Pisa"),
        row(4, "review"),
        row(5, "review"),
        row(6, "no_landmark"),
        row(7, None, status="corrupt"),
        row(8, None, status="corrupt"),
        row(9, None, status="fetch_error"),
    ]
    store.write_part("20260101", 0, rows_to_table(first))
    store.write_run("20260101", {})
    later = replace(row(9, "tagged"), model_id="n", tagged_at=START + timedelta(days=1))
    store.write_part("20260102", 4, rows_to_table([later]))
    key = WorkKey(model_id="m", preprocess_id="p")
    plan_run(store, [ref(99)], run_id="20260103", key=key, shard_size=5)
    decision = {
        "decision_id": "1",
        "photo_id": ref(5).photo_id,
        "uri": "",
        "size_bytes": 5,
        "modified_at": 5,
        "decision": "corrected",
        "tag": "Rome",
        "reviewer": "ann",
        "decided_at": START,
    }
    reviews = pa.Table.from_pylist([decision], schema=REVIEWS_SCHEMA)
    with store.new_file("reviews/part-1.parquet") as path:
        pq.write_table(reviews, path)
    return store


def test_counts_by_hand(tmp_path):
    status = status_counts(make_library(str(tmp_path)))
    assert (status.photos, status.tagged, status.review, status.no_landmark) == (9, 5, 1, 1)
    assert status.reviewed == 1
    assert (status.reviewers, status.skipped, status.disagreements) == ((("ann", 1),), 0, 0)
    assert status.tags == (("Petra", 2), ("Pisa", 2), ("Rome", 1))
    assert status.failures == (
        FailureKind(status="corrupt", photos=2, uri="/photos/7.jpg", error="why 7"),
    )
    assert status.models == (
        ModelSeen(
            model_id="m",
            preprocess_id="p",
            rows=9,
            first_tagged_at=START + timedelta(seconds=1),
            last_tagged_at=START + timedelta(seconds=9),
        ),
        ModelSeen(
            model_id="n",
            preprocess_id="p",
            rows=1,
            first_tagged_at=START + timedelta(days=1),
            last_tagged_at=START + timedelta(days=1),
        ),
    )
    assert status.runs == (
        RunSeen(run_id="20260101", state="finished", parts=1),
        RunSeen(run_id="20260102", state="interrupted", parts=1),
        RunSeen(run_id="20260103", state="interrupted", parts=0),
    )


def test_landmarks_and_models_by_hand(tmp_path):
    status = status_counts(make_library(str(tmp_path)))
    assert status.landmarks == (
        LandmarkCount(tag="Petra", photos=2, by_people=0, waiting=1),
        LandmarkCount(tag="Pisa", photos=2, by_people=0, waiting=0),
        LandmarkCount(tag="Rome", photos=1, by_people=1, waiting=0),
    )
    assert status.landmarks_known == 3
    assert status.months == (
        MonthCount(month="1970-01", tagged=5, review=1, no_landmark=1, failed=2),
    )
    assert status.model_months == (
        ModelMonth(model_id="m", month="2026-11", rows=9),
        ModelMonth(model_id="n", month="2026-11", rows=1),
    )


def test_months_are_those_of_utc_and_of_any_clock(tmp_path):
    new_year = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    moments = (None, -1, new_year - 1, new_year, new_year + 1, 2**60)
    rows = []
    for number, moment in enumerate(moments):
        made = row(number, "tagged")
        changed = replace(made.photo, ref=replace(made.photo.ref, modified_us=moment))
        rows.append(replace(made, photo=changed))
    store = Store(str(tmp_path))
    store.write_part("20260101", 0, rows_to_table(rows))
    found = [(one.month, one.tagged) for one in status_counts(store).months]
    assert found == [
        *((None, 1), ("1969-12", 1), ("2025-12", 1), ("2026-01", 2), ("38504-08", 1)),
    ]


def test_an_open_backfill_is_neither_running_nor_interrupted(tmp_path):
    store = make_library(str(tmp_path))
    store.place.put("runs/20260103.backfill.json", b"{}")
    with store.lock():
        states = [run.state for run in status_counts(store).runs]
    assert states == ["finished", "running", "open"]


def test_merged_parts_are_counted_for_their_runs_and_compactions_are_no_runs(tmp_path):
    store = Store(str(tmp_path))
    for run_id in ("20260101T000000Z-a", "20260102T000000Z-b"):
        for shard in range(3):
            store.write_part(run_id, shard, rows_to_table([row(shard, "tagged")]))
        store.write_run(run_id, {})
    before = status_counts(store)
    settings = CompactionSettings(grace_s=0, target_rows=10)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    compact(store, settings, now=lambda: now, rng=random.Random(1), sleep=lambda _: None)
    after = status_counts(store)
    assert [(run.state, run.parts, run.merged) for run in after.runs] == [("finished", 3, 3)] * 2
    assert replace(after, runs=()) == replace(before, runs=())


def test_the_newest_unfinished_run_is_running_while_out_is_held(tmp_path):
    store = make_library(str(tmp_path))
    with store.lock():
        states = [run.state for run in status_counts(store).runs]
    assert states == ["finished", "interrupted", "running"]


def test_only_the_most_frequent_tags_are_named(tmp_path):
    assert status_counts(make_library(str(tmp_path)), top=1).tags == (("Petra", 2),)


def test_an_out_that_is_not_there_is_empty(tmp_path):
    status = status_counts(Store(str(tmp_path / "none")))
    assert (status.photos, status.tags, status.models, status.runs) == (0, (), (), ())
    assert not (tmp_path / "none").exists()


def test_models_have_the_names_of_their_newest_run(tmp_path):
    store = make_library(str(tmp_path))
    store.write_run("20260101", {"model": {"model_id": "m", "name": "old"}})
    store.write_run("20260102", {"model": {"model_id": "m", "name": "starter"}})
    store.write_run("20260103", {"model": ["foreign"]})
    (tmp_path / "runs" / "20260104.json").write_text("broken")
    named = {model.model_id: model.name for model in status_counts(store).models}
    assert named == {"m": "starter", "n": None}
