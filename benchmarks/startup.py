"""Seconds from the command to its first rows on disk, of a night's 50 photos, of a run with nothing
to do, and to `--help`.

python benchmarks/startup.py [--runs 5]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from draw_library import draw_scene, encode

LANDMARKS = (sys.executable, "-m", "landmark_core.cli")
PHOTOS = 400


def until_first_row(source: Path, out: Path) -> float:
    """Start a run, wait for its first part, stop it."""
    start = time.perf_counter()
    command = [*LANDMARKS, "tag", str(source), "--out", str(out), "--no-progress"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as run:
        while not list(out.glob("tags/*/part-*.parquet")):
            if run.poll() not in {None, 0}:
                raise SystemExit("the run failed")
            time.sleep(0.02)
        seconds = time.perf_counter() - start
        run.wait()
    return seconds


def of_command(*arguments: str) -> float:
    """Time a whole command."""
    start = time.perf_counter()
    subprocess.run([*LANDMARKS, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    """Print median, least and most of each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        library, out = Path(folder) / "library", Path(folder) / "out"
        library.mkdir()
        for number in range(PHOTOS):
            (library / f"{number}.jpg").write_bytes(encode(draw_scene(number, (1600, 1200)), "jpg"))
        first = [until_first_row(library, Path(folder) / f"out-{n}") for n in range(runs)]
        night = [
            of_command("tag", str(library), "--out", f"{out}-night-{n}", "--limit", "50")
            for n in range(runs)
        ]
        of_command("tag", str(library), "--out", str(out), "--no-progress")
        again = [
            of_command("tag", str(library), "--out", str(out), "--no-progress") for _ in range(runs)
        ]
        help_ = [of_command("--help") for _ in range(runs)]
    for name, times in (
        ("first row", first),
        ("50 photos", night),
        (f"nothing to do ({PHOTOS} photos)", again),
        ("--help", help_),
    ):
        median = statistics.median(times)
        print(f"{name:30} {median:6.2f} s  ({min(times):.2f} to {max(times):.2f})")


if __name__ == "__main__":
    main()
