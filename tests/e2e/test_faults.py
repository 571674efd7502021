"""Deaths and full disks: nothing lost, nothing twice, nothing half-written, one clear line."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas
import pyarrow.parquet as pq
import pytest

from landmark_core.cli import main

pytestmark = pytest.mark.orchestration  # whole programs

ROOT = Path(__file__).parents[2]


def start(source: Path, out: Path, model: Path, *options: str) -> subprocess.Popen[str]:
    """Start `landmarks tag` as a process of its own."""
    command = [sys.executable, "-m", "landmark_core.cli", "tag", str(source), "--out", str(out)]
    command += ["--model", str(model), "--workers", "1", "--shard-size", "5", "--no-progress"]
    command += ["--review-below", "1", *options]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def check_whole(out: Path, photos: int) -> None:
    """Every photo once, every file whole, every heatmap named by a row and the other way round."""
    table = pandas.read_parquet(out / "tags")
    assert len(table) == photos
    assert table.photo_id.is_unique
    for part in (out / "tags").rglob("*"):
        assert part.is_dir() or pq.ParquetFile(part).metadata.num_rows > 0
    drawn = {path.relative_to(out).as_posix() for path in (out / "heatmaps").rglob("*.jpg")}
    assert drawn == set(table.heatmap.dropna())
    assert not [path for path in out.rglob("*.tmp") if path.is_file()]


def wait_for_parts(out: Path, parts: int, run: subprocess.Popen[str]) -> None:
    """Wait until so many parts are there, or the run has ended."""
    while run.poll() is None and len(list(out.glob("tags/*/*.parquet"))) < parts:
        time.sleep(0.02)


def kill_and_resume(source: Path, out: Path, model: Path, kills: int, seed: int) -> None:
    """Kill runs at random moments, some while starting, some while tagging; let one finish."""
    rng = random.Random(seed)
    for number in range(kills):
        parts = len(list(out.glob("tags/*/*.parquet")))
        run = start(source, out, model)
        if number % 2:
            wait_for_parts(out, parts + rng.randint(1, 3), run)
        time.sleep(rng.uniform(0, 3))
        run.send_signal(signal.SIGKILL)
        run.communicate()
        if (out / "tags").exists():  # what a reader sees in between is whole as well
            assert pandas.read_parquet(out / "tags").photo_id.is_unique
    last = start(source, out, model)
    _, complained = last.communicate(timeout=200)
    assert last.returncode == 0, complained


def test_killed_twice_and_run_again(drawn_library, tiny_model, tmp_path):
    kill_and_resume(drawn_library, tmp_path / "out", tiny_model, kills=2, seed=1)
    check_whole(tmp_path / "out", photos=32)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_ten_times_and_run_again(shared_data, tmp_path):
    folders = [shared_data / name for name in ("landmarks13-train", "negatives", "odd-files")]
    names = tmp_path / "library.txt"
    names.write_text("\n".join(map(str, folders)))
    out = tmp_path / "out"
    kill_and_resume(names, out, Path("starter"), kills=10, seed=2)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    check_whole(out, photos=len([path for path in files if path.name != "LICENSE"]))


def test_interrupted_by_a_person(drawn_library, tiny_model, tmp_path):
    run = start(drawn_library, tmp_path / "out", tiny_model)
    wait_for_parts(tmp_path / "out", 1, run)
    run.send_signal(signal.SIGINT)
    printed, complained = run.communicate(timeout=60)
    assert run.returncode in {130, 0}, complained  # 0: it was faster than the signal
    if run.returncode == 130:
        assert printed == ""
        assert complained.startswith("landmarks: interrupted: written parts are kept;")
        assert complained.count("\n") == 1
    last = start(drawn_library, tmp_path / "out", tiny_model)
    last.communicate(timeout=200)
    check_whole(tmp_path / "out", photos=32)


def test_a_second_run_at_once_is_refused_by_name(drawn_library, tiny_model, tmp_path, capsys):
    from landmark_core.tables import Store

    store = Store(str(tmp_path / "out"))
    store.check_writable()
    arguments = ["tag", str(drawn_library), "--out", str(tmp_path / "out")]
    with store.lock():
        code = main([*arguments, "--model", str(tiny_model), "--workers", "0", "--no-progress"])
    assert code == 1
    complained = capsys.readouterr().err
    assert complained.count("\n") == 1
    assert str(os.getpid()) in complained


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 600 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up(drawn_library, tiny_model, small_disk, capsys):
    out = small_disk / "out"
    arguments = ["tag", str(drawn_library), "--out", str(out), "--model", str(tiny_model)]
    arguments += ["--workers", "0", "--no-progress", "--shard-size", "5", "--review-below", "1"]
    assert main(arguments) == 1
    complained = capsys.readouterr().err
    assert complained.count("\n") == 1
    assert "full" in complained
    assert not list(out.rglob("*.tmp"))
    for part in (out / "tags").rglob("*.parquet"):
        assert pq.ParquetFile(part).metadata.num_rows == 5
    subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
    assert main(arguments) == 0
    check_whole(out, photos=32)
