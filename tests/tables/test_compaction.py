"""Compaction: every row stays, once for our readers; what must be left alone is."""

import json
import random
from datetime import timedelta

import fsspec
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nights import (
    AT_ONCE,
    NOW,
    compact_now,
    make_library,
    night_table,
    parquet_below,
    rows_of,
    run_of_night,
    write_night,
)

from landmark_core.errors import ConfigError, RunError
from landmark_core.records import PhotoRef
from landmark_core.tables import (
    CompactionSettings,
    Store,
    WorkKey,
    compact,
    current_tags,
    plan_run,
    preview_compaction,
    status_counts,
)
from landmark_core.tables.merges import read_record


def test_every_row_stays_once_and_in_order(tmp_path):
    store = make_library(str(tmp_path))
    before = rows_of(store, store.list_parts())
    in_order = pandas.concat(
        pandas.read_parquet(tmp_path / name) for name in store.list_parts()
    ).uri.tolist()
    current = current_tags(store).read_all()
    report = compact_now(store)
    assert [merge.rows for merge in report.merges] == [96, 48]  # 144 rows, at most 100 a file
    assert (report.parts_before, report.parts_after, report.removed) == (24, 2, 24)
    assert parquet_below(tmp_path / "tags") == [
        name.removeprefix("tags/") for name in store.list_parts()
    ]
    assert rows_of(store, store.list_parts()) == before
    after = pandas.concat(pandas.read_parquet(tmp_path / name) for name in store.list_parts())
    assert after.uri.tolist() == in_order
    assert after.run_id.nunique() == 12
    by = [("photo_id", "ascending")]
    assert current_tags(store).read_all().sort_by(by).equals(current.sort_by(by))
    assert not list((tmp_path / "tags").glob("run=2*"))  # the folders of old runs are gone
    assert rows_of(store, store.list_parts()) == before


def test_a_merged_file_is_as_its_parts_are(tmp_path):
    store = make_library(str(tmp_path), nights=2)
    first = pq.read_schema(tmp_path / store.list_parts()[0])
    (merge,) = compact_now(store).merges
    with pq.ParquetFile(tmp_path / merge.merged) as file:
        assert file.schema_arrow.equals(first, check_metadata=True)
        assert file.schema_arrow.metadata[b"landmarks.schema_version"] == b"1"
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
        assert file.metadata.row_group(0).column(0).statistics is not None


def test_what_must_be_left_alone_is(tmp_path):
    store = make_library(str(tmp_path), nights=3)
    store.write_part(run_of_night(3), 0, night_table(3, 50))  # half of a target of 100
    store.write_run(run_of_night(3), {})
    store.write_part(run_of_night(4), 0, night_table(4, 3))  # killed: no run file
    store.write_part(run_of_night(5), 0, night_table(5, 3))
    store.place.put(f"runs/{run_of_night(5)}.backfill.json", b"{}")  # open
    write_night(store, 40, parts=1)  # it begins now
    store.write_part("r", 0, night_table(6, 3))  # an id that says nothing of its time
    store.write_run("r", {})
    (tmp_path / f"tags/run={run_of_night(0)}/part-000007.parquet").write_bytes(b"no Parquet")
    foreign = tmp_path / "tags/other.parquet"
    pq.write_table(pa.table({"a": [1]}), foreign)
    pq.write_table(pa.table({"a": [1]}), tmp_path / f"tags/run={run_of_night(0)}/part-8.parquet")
    kept = {name for name in store.list_parts() if run_of_night(1) not in name}
    kept -= {f"tags/run={run_of_night(n)}/part-00000{k}.parquet" for n in (0, 2) for k in (0, 1)}
    report = compact_now(store)
    (merge,) = report.merges
    assert (len(merge.replaced), merge.rows) == (6, 36)
    assert dict(report.left) == {"foreign": 4, "unfinished": 2, "large": 1, "recent": 1}
    assert set(store.list_parts()) == kept | {merge.merged}


def test_parts_of_other_columns_keep_them_in_files_of_their_own(tmp_path):
    store = Store(str(tmp_path))
    for night in range(6):
        table = night_table(night, 4)
        if night % 2:  # another tool adds a column, and metadata of its own
            table = table.append_column("mine", pa.array([{"a": [night]}, None] * 2))
            table = table.replace_schema_metadata(
                {**table.schema.metadata, b"tool": b"x", b"landmarks.shard": str(night).encode()}
            )
        store.write_part(run_of_night(night), 0, table)
        store.write_run(run_of_night(night), {})
    before = rows_of(store, store.list_parts())
    report = compact_now(store)
    assert [len(merge.replaced) for merge in report.merges] == [3, 3]
    assert rows_of(store, store.list_parts()) == before
    assert any("'mine': {'a': [5]}" in row for row in before)
    schema = pq.read_schema(tmp_path / report.merges[1].merged)
    assert schema.metadata == {b"landmarks.schema_version": b"1", b"tool": b"x"}
    assert "mine" not in pq.read_schema(tmp_path / report.merges[0].merged).names


def test_merged_files_are_merged_again_when_there_is_more(tmp_path):
    store = make_library(str(tmp_path), nights=3)
    before = rows_of(store, store.list_parts())
    compact_now(store)
    for night in range(3, 5):
        write_night(store, night)
        before += rows_of(store, [n for n in store.list_parts() if run_of_night(night) in n])
    later = NOW + timedelta(days=7)
    report = compact_now(store, now=later)
    assert len(report.merges[0].replaced) == 5
    assert report.merges[0].replaced[-1].startswith("tags/run=compact-")  # it was made last
    assert rows_of(store, store.list_parts()) == before
    assert compact_now(store, now=later).compaction_id is None
    assert [(run.state, run.parts, run.merged) for run in status_counts(store).runs] == [
        ("finished", 2, 2)
    ] * 5


def test_replaced_parts_stay_for_the_grace_period_and_count_no_more(tmp_path):
    store = make_library(str(tmp_path))
    before, parts = rows_of(store, store.list_parts()), set(store.list_parts())
    waits = []

    def look(seconds: float) -> None:
        waits.append(seconds)
        assert rows_of(store, store.list_parts()) == before
        assert parts < set(store.place.list_names("tags"))
        assert store.holder() is None  # nobody is kept waiting
        assert [run.parts for run in status_counts(store).runs] == [2] * 12

    settings = CompactionSettings(grace_s=60.0, target_rows=100)
    compact(store, settings, now=lambda: NOW, rng=random.Random(1), sleep=look)
    assert waits == [60.0]
    assert not parts & set(store.place.list_names("tags"))


def test_a_run_in_the_grace_period_leaves_the_removal_to_the_next_compaction(tmp_path):
    store = make_library(str(tmp_path))
    before = rows_of(store, store.list_parts())
    lock = store.lock()
    settings = CompactionSettings(grace_s=60.0, target_rows=100)
    report = compact(
        store, settings, now=lambda: NOW, rng=random.Random(1), sleep=lambda _: lock.__enter__()
    )
    assert (report.removed, report.waiting) == (0, 24)
    assert rows_of(store, store.list_parts()) == before
    with pytest.raises(RunError, match="another run is writing"):
        compact_now(store)
    lock.__exit__(None, None, None)
    soon = compact_now(store, settings, NOW + timedelta(seconds=59))
    assert (soon.removed, soon.waiting, soon.compaction_id) == (0, 24, None)
    done = compact_now(store, settings, NOW + timedelta(seconds=60))
    assert (done.removed, done.waiting, done.parts_before, done.parts_after) == (24, 0, 2, 2)
    assert rows_of(store, store.list_parts()) == before


def test_a_merged_file_that_is_not_what_it_should_be_replaces_nothing(tmp_path, monkeypatch):
    from landmark_core.tables import merging

    store = make_library(str(tmp_path))
    before = store.list_parts()
    read = merging._read_rows
    monkeypatch.setattr(
        merging,
        "_read_rows",
        lambda place, names, schema: (
            batch.slice(1) if "compact-" in names[0] else batch
            for batch in read(place, names, schema)
        ),
    )
    with pytest.raises(RunError, match=r"expected the 96 rows .* nothing was replaced"):
        compact_now(store)
    monkeypatch.undo()
    assert store.list_parts() == before
    assert compact_now(store).forgotten == 1
    assert len(store.list_parts()) == 2


def test_a_preview_writes_nothing(tmp_path):
    store = make_library(str(tmp_path))
    before = store.place.list_names("")
    report = preview_compaction(store, AT_ONCE, now=NOW)
    assert (report.parts_before, report.parts_after) == (24, 2)
    assert store.place.list_names("") == before


def test_planning_sees_the_same_before_and_after(tmp_path):
    store = make_library(str(tmp_path))
    photos = [
        PhotoRef(
            photo_id=f"{night % 7:016x}{number:016x}",
            uri="",
            location="",
            size_bytes=number,
            modified_us=night * 1000 + number,
            etag=None,
        )
        for night in (0, 3, 11, 99)
        for number in range(12)
    ]
    key = WorkKey(model_id="m", preprocess_id="p")

    def plan(run_id: str) -> object:
        return plan_run(store, photos, run_id=run_id, key=key, shard_size=5).counts

    before = plan("a")
    compact_now(store)
    assert plan("b") == before


def test_a_record_tells_what_became_what(tmp_path):
    store = make_library(str(tmp_path), nights=2)
    report = compact_now(store)
    record = read_record(store.place, report.compaction_id, "compacted")
    assert record.merges == report.merges
    assert len(record.merges[0].digest) == 64
    assert store.list_finished() == [run_of_night(0), run_of_night(1)]
    assert [path.name for path in (tmp_path / "runs").glob("*compact*")] == [
        f"{report.compaction_id}.compacted.json"
    ]


def test_a_broken_record_is_named(tmp_path):
    store = make_library(str(tmp_path), nights=1)
    store.place.put("runs/compact-x.compaction.json", json.dumps({"merges": 3}).encode())
    with pytest.raises(ConfigError, match=r"runs/compact-x\.compaction\.json is not a record"):
        store.list_parts()


def test_nothing_is_removed_where_the_merged_file_is_gone(tmp_path):
    store = make_library(str(tmp_path))
    parts = store.list_parts()

    def lose(_seconds: float) -> None:
        for path in (tmp_path / "tags").glob("run=compact-*/*"):
            path.unlink()

    with pytest.raises(RunError, match=r"is gone, and the parts .* remove runs/compact-"):
        compact(store, AT_ONCE, now=lambda: NOW, rng=random.Random(1), sleep=lose)
    (record,) = (tmp_path / "runs").glob("*.compaction.json")
    record.unlink()
    assert store.list_parts() == parts


def test_in_a_bucket(atomic_s3):
    out = f"{atomic_s3}/out"
    store = make_library(out, nights=3)
    before = rows_of(store, store.list_parts())
    report = compact_now(store)
    assert (report.parts_before, report.parts_after, report.removed) == (6, 1, 6)
    assert rows_of(store, store.list_parts()) == before
    files = fsspec.filesystem("s3").find(f"{out}/tags")
    assert [name.partition("/out/")[2] for name in files] == store.list_parts()


def test_an_out_without_parts_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="nothing was tagged in"):
        compact_now(Store(str(tmp_path / "none")))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [({"target_rows": 1}, "target-rows"), ({"grace_s": float("nan")}, "grace_s")],
    ids=["one-row", "nan"],
)
def test_settings_that_mean_nothing_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        CompactionSettings(**values)
