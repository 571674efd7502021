"""The real command over a real store through a proxy that breaks answers: every photo is a row."""

import io
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pandas
import pytest
from faulty_proxy import Request, Rule

pytestmark = [
    pytest.mark.orchestration,
    # What the tests upload, aiohttp would like to have in another form.
    pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning"),
]
ROOT = Path(__file__).parents[2]
COPIES = 4  # of the 32 drawn photos
MIXED = ("slow_down", "internal", "reset", "truncated", "stall", "trickle")
WORDS = {"s3": ("", ""), "az": ("SlowDown", "ServerBusy"), "gs": (" (SlowDown)", "")}
SAME = ["status", "decision", "tag", "content_sha256", "width", "height"]
STORES = pytest.mark.parametrize("store", ["s3", "az", "gs"], indirect=True)


def landmarks(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "landmark_core.cli", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert done.returncode == code, done.stderr
    return done


def upload(store, folder: Path) -> int:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for copy in range(COPIES):
        for path in files:
            name = f"{store.name}/photos/{copy}/{path.relative_to(folder).as_posix()}"
            store.direct.pipe_file(name, path.read_bytes())
    return len(files) * COPIES


def rows(store, out: str) -> pandas.DataFrame:
    names = [name for name in store.direct.find(f"{store.name}/{out}") if "/tags/" in name]
    tables = [pandas.read_parquet(io.BytesIO(store.direct.cat_file(name))) for name in names]
    return pandas.concat(tables).sort_values("uri", ignore_index=True)


def of_photos(request: Request) -> bool:
    return request.method in ("GET", "HEAD") and "photos%2F" in request.path.replace("/", "%2F")


@STORES
def test_every_photo_is_a_row_and_every_fault_is_retried_or_recorded(
    store, drawn_library, tiny_model, tmp_path
):
    upload(store, drawn_library)
    # Long enough to be met as a time-out (of 2 seconds for S3), short enough for a test.
    store.proxy.stall_s = 3.0
    rules = [Rule(fault, share=0.07, matches=of_photos) for fault in MIXED]
    rules += [Rule("expired", times=3, matches=lambda r: of_photos(r) and r.is_object)]
    lost = min(path.relative_to(drawn_library) for path in drawn_library.rglob("scene-*"))

    lost_name = f"/photos/3/{lost.as_posix()}"

    def of_lost(request: Request) -> bool:
        return request.is_object and unquote(request.path).partition("?")[0].endswith(lost_name)

    store.proxy.reset(Rule("slow_down", matches=of_lost), *rules, seed=11)
    options = ["--model", str(tiny_model), "--no-progress", "--json", "--review-below", "1"]
    bucket = ["tag", f"{store.url}/photos", "--out", f"{store.url}/out", "--workers", "2"]
    summary = json.loads(landmarks(*bucket, *options).stdout)
    faults = store.proxy.faults()
    print(store.url, dict(faults), summary["counts"])

    there = rows(store, "out")
    landmarks("tag", str(drawn_library), "--out", str(tmp_path / "here"), *options)
    here = pandas.read_parquet(tmp_path / "here/tags")
    assert len(there) == COPIES * len(here) == summary["counts"]["photos"]
    assert there.uri.is_unique
    assert set(MIXED) | {"expired"} == set(faults)
    assert sum(faults.values()) >= 20

    failed = there[there.status == "fetch_error"]
    assert list(failed.error) == [
        "could not be fetched: HTTP status 503 (SlowDown) (try 4 of 4)".replace(*WORDS[store.kind])
    ]
    left = [request for request in store.proxy.not_tried_again() if of_photos(request)]
    assert [of_lost(one) for one in left] == [True], left  # no other fault was the last word
    good = there[there.status != "fetch_error"].copy()
    good["name"] = good.uri.map(lambda uri: uri.split("/photos/")[1].partition("/")[2])
    here["name"] = here.uri.map(lambda uri: str(Path(uri).relative_to(drawn_library)))
    wanted = good[["name"]].merge(here, on="name", how="left")
    pandas.testing.assert_frame_equal(good[SAME].reset_index(drop=True), wanted[SAME])
    for name in there.heatmap.dropna():
        assert store.direct.exists(f"{store.name}/out/{name}")
    runs = [name for name in store.direct.find(f"{store.name}/out/runs") if name.endswith(".json")]
    assert any(summary["run_id"] in name for name in runs)

    store.proxy.reset()
    again = json.loads(landmarks(*bucket, *options).stdout)
    assert again["counts"]["photos"] == len(failed)


def test_refused_credentials_end_the_run_and_the_next_one_does_the_rest(
    s3, drawn_library, tiny_model
):
    photos = upload(s3, drawn_library / "odd") and sum(
        1 for path in (drawn_library / "odd").iterdir() for _ in range(COPIES)
    )
    for number in range(200):
        s3.direct.pipe_file(f"{s3.name}/photos/more/{number:03d}.jpg", b"\xff\xd8no photo")
    options = ["--model", str(tiny_model), "--no-progress", "--shard-size", "64", "--workers", "1"]
    bucket = ["tag", f"{s3.url}/photos", "--out", f"{s3.url}/out", *options, "--batch-size", "16"]
    begun = Counter()

    def after_100_photos(request: Request) -> bool:
        begun[request.path] += of_photos(request) and request.is_object
        return len(+begun) > 150 and of_photos(request) and request.is_object

    s3.proxy.reset(Rule("expired", matches=after_100_photos))
    said = landmarks(*bucket, code=1).stderr
    assert said.count("\n") == 1, said
    assert "credentials refused (ExpiredToken), for 32 photos in a row since" in said
    assert "refresh the credentials and run the same command again" in said
    kept = rows(s3, "out")
    assert 100 <= len(kept) < photos + 200
    s3.proxy.reset()
    landmarks(*bucket)
    done = rows(s3, "out")
    assert done[done.status != "fetch_error"].uri.is_unique
    assert len(set(done.uri)) == photos + 200
