"""Sweeping: what a killed run left goes, and everything that somebody needs stays."""

from datetime import UTC, datetime
from pathlib import Path

import fsspec

from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow
from landmark_core.tables import Store, rows_to_table


def write_row(store: Store, run_id: str, number: int, heatmap: str | None) -> None:
    ref = PhotoRef(
        photo_id=f"{number:032x}",
        uri="/a",
        location="/a",
        size_bytes=1,
        modified_us=1,
        etag=None,
    )
    photo = DecodedPhoto(
        ref=ref, status="ok", error=None, content_sha256=None, width=None, height=None
    )
    row = PhotoRow(
        photo=photo,
        prediction=None,
        heatmap=heatmap,
        model_id="m",
        preprocess_id="p",
        run_id=run_id,
        tagged_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    store.write_part(run_id, number, rows_to_table([row]))


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_orphans_and_unfinished_files_go_and_the_rest_stays(tmp_path):
    store = Store(str(tmp_path))
    named = store.write_heatmap("killed", "a" * 32, b"jpeg")
    orphan = store.write_heatmap("killed", "b" * 32, b"jpeg")
    lost = store.write_heatmap("killed-before-its-first-part", "c" * 32, b"jpeg")
    finished = store.write_heatmap("finished", "d" * 32, b"jpeg")
    write_row(store, "killed", 0, named)
    store.write_run("finished", {})
    (tmp_path / "reviews").mkdir()
    halves = [
        "tags/run=killed/.part-000001.parquet.0badcafe.tmp",
        "heatmaps/run=killed/.x.jpg.0badcafe.tmp",
        "runs/.killed.plan.parquet.0badcafe.tmp",
    ]
    for half in (*halves, "reviews/.part-1.parquet.0badcafe.tmp"):
        (tmp_path / half).write_bytes(b"half")
    before = files(tmp_path)
    assert store.sweep() == 5
    assert before - files(tmp_path) == {orphan, lost, *halves}
    assert {named, finished, "reviews/.part-1.parquet.0badcafe.tmp"} <= files(tmp_path)
    assert store.sweep() == 0


def test_files_of_an_open_backfill_stay_until_it_is_finished(tmp_path):
    store = Store(str(tmp_path))
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "archive.backfill.json").write_text("{}")
    (tmp_path / "runs" / "archive.plan.parquet").write_bytes(b"plan")
    write_row(store, "archive", 0, store.write_heatmap("archive", "a" * 32, b"jpeg"))
    store.write_heatmap("archive", "b" * 32, b"jpeg")  # its part comes later
    dead = store.write_heatmap("archived", "c" * 32, b"jpeg")  # another run
    halves = [
        "tags/run=archive/.part-000001.parquet.0badcafe.tmp",
        "heatmaps/run=archive/.x.jpg.0badcafe.tmp",
        "runs/.archive.json.0badcafe.tmp",
    ]
    for half in (*halves, "runs/.archived.json.0badcafe.tmp"):
        (tmp_path / half).write_bytes(b"half")
    assert store.list_open_backfills() == ["archive"]
    before = files(tmp_path)
    with store.lock():
        assert store.sweep() == 2
    assert before - files(tmp_path) == {dead, "runs/.archived.json.0badcafe.tmp"}
    store.write_run("archive", {})
    assert store.list_open_backfills() == []
    assert store.list_finished() == ["archive"]
    # An executor died over its part, and another one did that shard: nothing else takes it away.
    assert store.sweep() == 2
    assert set(halves) & files(tmp_path) == {halves[1]}  # finished runs' heatmaps are passed over


def test_orphans_in_a_bucket_go_as_in_a_folder():
    store = Store("memory://landmarks-sweep/out")
    with store.lock():
        named = store.write_heatmap("killed", "a" * 32, b"jpeg")
        store.write_heatmap("killed", "b" * 32, b"jpeg")
        store.write_heatmap("killed-early", "c" * 32, b"jpeg")
        finished = store.write_heatmap("finished", "d" * 32, b"jpeg")
        archive = store.write_heatmap("archive", "e" * 32, b"jpeg")
        write_row(store, "killed", 0, named)
        store.write_run("finished", {})
        store.place.put("runs/archive.backfill.json", b"{}")
        assert store.sweep() == 2
        assert store.place.list_names("heatmaps") == sorted([archive, finished, named])
        assert store.sweep() == 0
    fsspec.filesystem("memory").rm("/landmarks-sweep", recursive=True)


def test_an_empty_or_absent_out_has_nothing_to_sweep(tmp_path):
    assert Store(str(tmp_path / "none")).sweep() == 0
    assert not (tmp_path / "none").exists()


def test_other_people_s_files_stay(tmp_path):
    for name in ("tags/.DS_Store", "heatmaps/notes.txt", "heatmaps/run=x.zip", "photo.tmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    before = files(tmp_path)
    assert Store(str(tmp_path)).sweep() == 0
    assert files(tmp_path) == before
