"""A library and an OUT in a bucket, behind a real S3 API over HTTP."""

import io
import json
import subprocess
import sys
from pathlib import Path

import fsspec
import pandas
import pytest

ROOT = Path(__file__).parents[2]
# Closing moto's sockets is moto's business.
pytestmark = [pytest.mark.orchestration, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture
def s3(s3_endpoint):
    store = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    store.mkdir("s3://library")
    yield store
    store.rm("s3://library", recursive=True)


def rows(store, out: str) -> pandas.DataFrame:
    parts = store.glob(f"{out}/tags/*/part-*.parquet")
    tables = [pandas.read_parquet(io.BytesIO(store.cat_file(part))) for part in parts]
    return pandas.concat(tables).sort_values("uri", ignore_index=True)


def landmarks(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own: its workers see this test's credentials."""
    done = subprocess.run(
        [sys.executable, "-m", "landmark_core.cli", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr
    return done


def test_from_bucket_to_bucket_as_from_folder_to_folder(s3, drawn_library, tiny_model, tmp_path):
    photos = drawn_library / "odd"
    for path in photos.iterdir():
        s3.pipe_file(f"s3://library/photos/{path.name}", path.read_bytes())
    options = ["--model", str(tiny_model), "--no-progress", "--review-below", "1", "--json"]
    bucket = ["tag", "s3://library/photos", "--out", "s3://library/out", "--workers", "1"]

    def tag_bucket() -> int:
        return json.loads(landmarks(*bucket, *options).stdout)["counts"]["photos"]

    assert tag_bucket() == 8
    landmarks("tag", str(photos), "--out", str(tmp_path / "out"), "--workers", "0", *options)
    there = rows(s3, "s3://library/out")
    here = pandas.read_parquet(tmp_path / "out/tags").sort_values("uri", ignore_index=True)
    assert [Path(uri).name for uri in there.uri] == [Path(uri).name for uri in here.uri]
    assert there.uri[0].startswith("s3://library/photos/")
    assert there.etag.notna().all()
    same = ["status", "error", "decision", "tag", "content_sha256", "width", "height"]
    pandas.testing.assert_frame_equal(there[same], here[same])
    assert there.heatmap.notna().sum() == 6
    for name in there.heatmap.dropna():
        assert s3.exists(f"s3://library/out/{name}")

    assert tag_bucket() == 0
    s3.pipe_file("s3://library/photos/turned.jpg", (photos / "no-extension").read_bytes())
    assert tag_bucket() == 1  # another etag: another version, one more row
    assert rows(s3, "s3://library/out").uri.value_counts().max() == 2


def test_a_bucket_that_is_not_there_is_one_line(s3, tiny_model, tmp_path):
    out = ["--out", str(tmp_path / "out"), "--model", str(tiny_model), "--no-progress"]
    complained = landmarks("tag", "s3://nowhere/photos", *out, code=2).stderr
    assert complained.count("\n") == 1
    assert "s3://nowhere/photos" in complained
