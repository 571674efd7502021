"""Sweeping: what a killed run left goes, and everything that somebody needs stays."""

from datetime import UTC, datetime
from pathlib import Path

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
