"""`landmarks tag` on a drawn library: every photo a row, the right exit code, one clear line."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas
import pytest
from PIL import Image

from landmark_core.cli import main

pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")

BROKEN = {"broken.jpg", "empty.jpg"}


@pytest.fixture
def tag(drawn_library, tiny_model, tmp_path, capsys):
    """Run the command in this process; return (exit code, stdout, stderr)."""

    def run(*options: str, source: Path | str = drawn_library, out: Path = tmp_path / "out"):
        arguments = ["tag", str(source), "--out", str(out), "--model", str(tiny_model)]
        code = main([*arguments, "--workers", "0", "--no-progress", *options])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def rows(out: Path) -> pandas.DataFrame:
    return pandas.read_parquet(out / "tags").sort_values(["uri", "tagged_at"], ignore_index=True)


def test_every_photo_is_one_row(tag, drawn_library, tmp_path):
    code, printed, _ = tag()
    assert code == 0
    photos = {path for path in drawn_library.rglob("*") if path.is_file()}
    photos -= {drawn_library / "notes.txt"}
    table = rows(tmp_path / "out")
    assert sorted(table.uri) == sorted(map(str, photos))
    assert {Path(uri).name for uri in table.uri[table.status != "ok"]} == BROKEN
    assert table.error.notna().sum() == len(BROKEN)
    assert table.decision.notna().sum() == len(photos) - len(BROKEN)
    assert "32 photos done" in printed
    assert "other files, left alone: 1" in printed


def test_running_again_adds_nothing_and_says_so(tag, tmp_path):
    tag()
    before = rows(tmp_path / "out")
    code, printed, _ = tag()
    assert code == 0
    pandas.testing.assert_frame_equal(rows(tmp_path / "out"), before)
    assert "0 photos done" in printed
    assert "already done before: 30" in printed
    assert "--retry-failed tries them again): 2" in printed


def test_photos_done_before_keep_their_decisions_and_the_summary_says_so(tag, tmp_path):
    tag()
    before = rows(tmp_path / "out")
    for options in (("--review-below", "1"), ("--review-below", "1", "--dry-run")):
        printed = tag(*options)[1]
        assert (
            ": 30 (decided with the settings of their run, not by this --review-below;" in printed
        )
    pandas.testing.assert_frame_equal(rows(tmp_path / "out"), before)
    # As the line says: another OUT decides anew.
    tag("--review-below", "1", "--limit", "8", out=tmp_path / "other")
    assert set(rows(tmp_path / "other").decision.dropna()) == {"review"}


def test_json_is_one_object_and_agrees_with_the_table(tag, tmp_path):
    code, printed, _ = tag("--json")
    assert code == 0
    summary = json.loads(printed)
    table = rows(tmp_path / "out")
    assert summary["counts"]["photos"] == len(table)
    for decision, count in table.decision.value_counts().items():
        assert summary["counts"][decision] == count
    written = json.loads((tmp_path / "out/runs" / f"{summary['run_id']}.json").read_text())
    assert written == summary


def test_the_same_row_in_any_batch_with_any_number_of_workers(tag, tmp_path):
    variants = {
        "alone": ("--batch-size", "1"),
        "sevens": ("--batch-size", "7", "--shard-size", "9"),
        "workers": ("--batch-size", "5", "--workers", "2"),
    }
    tables = {}
    for name, options in variants.items():
        assert tag(*options, out=tmp_path / name)[0] == 0
        tables[name] = rows(tmp_path / name)
    same = ["uri", "status", "decision", "tag", "content_sha256", "width", "height"]
    for name in ("sevens", "workers"):
        pandas.testing.assert_frame_equal(tables["alone"][same], tables[name][same])
        pandas.testing.assert_series_equal(
            tables["alone"].confidence, tables[name].confidence, rtol=1e-5
        )


def test_review_below_one_draws_a_heatmap_of_every_readable_photo(tag, tmp_path):
    tag("--review-below", "1")
    table = rows(tmp_path / "out")
    readable = table[table.status == "ok"]
    assert set(readable.decision) == {"review"}
    for row in readable.itertuples():
        assert row.heatmap == f"heatmaps/run={row.run_id}/{row.photo_id}.jpg"
        with Image.open(tmp_path / "out" / row.heatmap) as overlay:
            assert max(overlay.size) <= 1024
            assert (overlay.width > overlay.height) == (row.width > row.height)
    assert table[table.status != "ok"].heatmap.isna().all()
    drawn = list((tmp_path / "out/heatmaps").rglob("*.jpg"))
    assert len(drawn) == len(readable)


def test_a_changed_photo_a_new_photo_and_a_new_model_are_work_again(
    tag, drawn_library, tiny_model, tmp_path
):
    library = tmp_path / "library"
    shutil.copytree(drawn_library / "roll-01", library)
    tag(source=library)
    os.utime(library / "scene-000.jpg", ns=(1, 1_000_000_000))
    shutil.copy(library / "scene-001.jpg", library / "scene-new.jpg")
    assert "2 photos done" in tag(source=library)[1]
    counts = rows(tmp_path / "out").uri.value_counts()
    assert counts[str(library / "scene-000.jpg")] == 2
    assert counts[str(library / "scene-new.jpg")] == 1
    other = tmp_path / "other.pt"
    shutil.copy(tiny_model, other)
    assert "0 photos done" in tag("--model", str(other), source=library)[1]  # the same bytes
    with zipfile.ZipFile(other, "a") as archive:  # another digest, the same network
        archive.writestr("tiny/extra/note", "")
    assert "9 photos done" in tag("--model", str(other), source=library)[1]


def test_failed_photos_are_remembered_until_asked_for(tag, drawn_library, tmp_path):
    library = tmp_path / "library"
    shutil.copytree(drawn_library / "odd", library)
    tag(source=library)
    assert "0 photos done" in tag(source=library)[1]
    assert "2 photos done" in tag("--retry-failed", source=library)[1]


def test_limit_goes_on_where_it_stopped(tag, tmp_path):
    for done in (20, 12, 0):
        assert f"{done} photos done" in tag("--limit", "20")[1]
    table = rows(tmp_path / "out")
    assert len(table) == table.uri.nunique() == 32


@pytest.mark.parametrize("inside", ["", "tagged"])
def test_out_within_source_is_not_tagged(tag, drawn_library, tmp_path, inside):
    library = tmp_path / "library"
    shutil.copytree(drawn_library / "roll-01", library)
    for done in (8, 0):
        printed = tag("--review-below", "1", source=library, out=library / inside)[1]
        assert f"{done} photos done" in printed


def test_an_out_in_place_of_source_is_refused_and_never_tagged(tag, drawn_library, tmp_path):
    library, out = tmp_path / "library", tmp_path / "out"
    shutil.copytree(drawn_library / "roll-01", library)
    tag("--review-below", "1", source=library, out=out)
    for options in ((), ("--dry-run",)):
        code, _, complained = tag(*options, source=out, out=library)
        assert code == 2
        assert f"SOURCE {out} is an OUT of landmarks" in complained
        assert "swap" in complained
        assert complained.count("\n") == 1
    assert not (library / "tags").exists()
    assert "swap" not in tag(source=out, out=out)[2]  # nothing to swap, and no photos either


def test_photos_that_lie_in_an_out_are_tagged_into_another_one(tag, drawn_library, tmp_path):
    library = tmp_path / "library"
    shutil.copytree(drawn_library / "roll-01", library)
    tag("--review-below", "1", source=library, out=library)
    for other in (library / "mine", tmp_path / "elsewhere"):
        code, printed, _ = tag("--review-below", "1", source=library, out=other)
        assert code == 0
        assert "8 photos done" in printed


@pytest.mark.parametrize(
    ("first", "then", "said"),
    [
        ("p/tags", "p", "type --out {}/p/tags or a new folder"),
        ("p", "p/tags", "type --out {}/p or a new folder"),
        ("p", "p/heatmaps/deep/down", "in heatmaps/ of the OUT {}/p;"),
    ],
)
def test_an_out_among_the_tables_of_another_is_refused(
    tag, drawn_library, tmp_path, first, then, said
):
    photo = drawn_library / "roll-01"
    assert tag("--limit", "1", source=photo, out=tmp_path / first)[0] == 0
    code, _, complained = tag(source=photo, out=tmp_path / then)
    assert code == 2
    assert said.format(tmp_path) in complained
    assert complained.count("\n") == 1
    assert tag("--limit", "1", source=photo, out=tmp_path / first)[0] == 0  # it is as it was


def test_dry_run_writes_nothing(tag, tmp_path):
    code, printed, _ = tag("--dry-run")
    assert code == 0
    assert "32 photos to do" in printed
    assert not (tmp_path / "out").exists()
    code, printed, _ = tag("--dry-run", "--json")
    assert json.loads(printed)["plan"]["to_do"] == 32


def test_a_single_photo_and_a_list(tag, drawn_library, tmp_path):
    photo = drawn_library / "roll-01/scene-000.jpg"
    assert "1 photo done" in tag(source=photo)[1]
    names = tmp_path / "names.txt"
    names.write_text(
        f"{photo}\n\n{photo}\n{drawn_library}/gone.jpg\n{drawn_library}/odd/turned.jpg\n"
    )
    code, printed, _ = tag(source=names)
    assert code == 0
    assert "2 photos done" in printed
    table = rows(tmp_path / "out").set_index("uri")
    assert table.status[f"{drawn_library}/gone.jpg"] == "fetch_error"


@pytest.mark.parametrize(
    ("options", "source", "out", "said"),
    [
        pytest.param((), "nowhere", "out", "nowhere", id="missing-source"),
        pytest.param((), "empty", "out", "no photos", id="folder-without-photos"),
        pytest.param((), None, "/proc/out", "OUT cannot be written", id="out-not-writable"),
        pytest.param((), None, "file/tags", "OUT cannot be written", id="out-below-a-file"),
        pytest.param((), None, "file", "OUT cannot be written", id="out-is-a-file"),
        pytest.param(("--model", "nosuch"), None, "out", "nosuch", id="unknown-model"),
        pytest.param(("--review-below", "2"), None, "out", "between 0 and 1", id="bad-threshold"),
        pytest.param(("--batch-size", "0"), None, "out", "at least 1", id="bad-batch-size"),
        pytest.param(("--device", "cuda"), None, "out", "cuda", id="no-gpu"),
        pytest.param(("--include", "*.xyz"), None, "out", "no photos", id="nothing-included"),
    ],
)
def test_what_is_wrong_gets_one_line_and_exit_code_2(tag, tmp_path, options, source, out, said):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/readme.txt").write_text("no photo")
    (tmp_path / "file").write_text("in the way")
    if "cuda" in options:
        import torch

        if torch.cuda.is_available():
            pytest.skip("this machine has a GPU")
    where = {"source": tmp_path / source} if source else {}
    code, printed, complained = tag(*options, **where, out=tmp_path / out)
    assert code == 2
    assert printed == ""
    assert said in complained
    assert complained.startswith("landmarks: ")
    assert complained.count("\n") == 1
    assert not (tmp_path / "out/tags").exists()


def test_unparsable_arguments_are_refused_by_name(tag):
    with pytest.raises(SystemExit, match="2"):
        tag("--batch-size", "many")


def test_help_is_fast_to_import_and_complete():
    done = subprocess.run(
        [sys.executable, "-m", "landmark_core.cli", "tag", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    for option in ("--review-below", "--retry-failed", "--dry-run", "--shard-size", "--json"):
        assert option in done.stdout


def test_since_takes_the_partitions_of_last_nights_and_a_full_run_finds_them_done(
    tag, drawn_library, tmp_path
):
    photos, out = tmp_path / "photos", tmp_path / "out"
    now = datetime.now(UTC)
    for age, photo in zip((0, 1, 40), sorted(drawn_library.rglob("*.png")), strict=False):
        folder = photos / f"{now - timedelta(days=age):%Y/%m/%d}"
        folder.mkdir(parents=True)
        shutil.copy2(photo, folder)
    code, printed, _ = tag("--since", "3d", source=f"{photos}/%Y/%m/%d")
    assert code == 0
    assert "2 photos done" in printed
    code, printed, _ = tag(source=photos)
    assert "1 photo done" in printed
    assert "already done before: 2" in printed
    assert rows(out).photo_id.is_unique


def test_a_night_without_uploads_is_no_error(tag, tmp_path):
    tag()
    moment = datetime.now(UTC).isoformat()
    code, printed, _ = tag("--since", moment)
    assert code == 0
    assert "0 photos done" in printed
    assert "older than --since, left alone: 32" in printed
    code, printed, _ = tag("--since", moment, "--dry-run")
    assert "older than --since, left alone: 32" in printed
    code, _, complaint = tag("--since", "tomorrow")
    assert code == 2
    assert complaint.count("\n") == 1


def test_taking_a_bad_models_run_out_brings_the_old_tags_back(
    tag, drawn_library, tiny_model, tmp_path
):
    """As deployments/README.md says under "Upgrade and roll back"."""
    library, out, bad = tmp_path / "library", tmp_path / "out", tmp_path / "bad.pt"
    shutil.copytree(drawn_library / "odd", library)
    tag(source=library)
    before = rows(out)
    shutil.copy(tiny_model, bad)
    with zipfile.ZipFile(bad, "a") as archive:  # another digest: another model
        archive.writestr("tiny/extra/note", "")
    shutil.copy(next(drawn_library.rglob("scene-000.jpg")), library / "scene-new.jpg")
    tag("--model", str(bad), source=library)
    assert "1 photo to do" in tag("--dry-run", source=library)[1]  # it has done the rest before
    (run_id,) = set(rows(out).query("model_id != @before.model_id[0]").run_id)
    shutil.move(out / "tags" / f"run={run_id}", tmp_path / "set-aside")
    assert "1 photo done" in tag(source=library)[1]
    after = rows(out)
    assert set(after.model_id) == set(before.model_id)
    assert len(after) == len(before) + 1
