"""Two runs at once over one library, in a folder and in a bucket: no duplicate, no lost row."""

import os
import subprocess
import sys
import time
from pathlib import Path

import fsspec
import pandas
import pytest
from draw_library import draw_scene

ROOT = Path(__file__).parents[2]
# Closing moto's sockets is moto's business.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.orchestration,  # whole programs
]


def start(source: str, out: str, model: Path, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "landmark_core.cli", "tag", source, "--out", out]
    command += ["--model", str(model), "--workers", "0", "--shard-size", "4", "--no-progress"]
    return subprocess.Popen(
        [*command, *options], cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def end(run: "subprocess.Popen[str]") -> str:
    _, complained = run.communicate(timeout=200)
    assert run.returncode == 0, complained
    return complained


def test_a_second_run_waits_and_does_what_came_meanwhile(tmp_path, tiny_model):
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    for number in range(24):
        draw_scene(number).resize((160, 120)).convert("RGB").save(photos / f"{number:02d}.jpg")
    first = start(str(photos), str(out), tiny_model)
    while first.poll() is None and not list(out.glob("tags/*/*.parquet")):
        time.sleep(0.02)
    second = start(str(photos), str(out), tiny_model, "--wait", "150")
    draw_scene(99).resize((160, 120)).convert("RGB").save(photos / "late.jpg")
    end(first)
    end(second)
    table = pandas.read_parquet(out / "tags")
    assert len(table) == 25
    assert table.photo_id.is_unique


@pytest.mark.orchestration
def test_in_a_bucket_as_well(tmp_path, tiny_model, s3_endpoint):
    store = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    store.mkdir("s3://overlap")
    for number in range(16):
        draw_scene(number).resize((160, 120)).convert("RGB").save(tmp_path / "one.jpg")
        store.put_file(str(tmp_path / "one.jpg"), f"s3://overlap/photos/{number:02d}.jpg")
    place = ("s3://overlap/photos", "s3://overlap/out", tiny_model)
    runs = [start(*place, "--wait", "150") for _ in range(2)]
    for run in runs:
        end(run)
    parts = store.glob("overlap/out/tags/*/*.parquet")
    table = pandas.concat(pandas.read_parquet(store.open(part, "rb")) for part in parts)
    assert len(table) == 16
    assert table.photo_id.is_unique
    assert len(store.glob("overlap/out/runs/*Z-??????.json")) == 2  # both finished
    store.rm("s3://overlap", recursive=True)
