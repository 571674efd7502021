"""What explaining costs over tagging: whole runs with a heatmap of no photo and of every photo.

    python benchmarks/heatmaps.py [--photos 300] [--rounds 3] [--source FOLDER]

Runs are interleaved; the figures are medians of the time between plan and end, start-up left out.
"map" is Grad-CAM alone, "heatmap" is that, reading the photo again, drawing and writing.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from draw_library import draw_scene, encode

SIZES = ((340, 256), (1600, 1200), (4000, 3000))  # pixels
KINDS = 10  # different photos; the others repeat them


def draw_photos(folder: Path, size: tuple[int, int], photos: int) -> None:
    """Write so many JPEGs of one size."""
    folder.mkdir()
    kinds = [encode(draw_scene(seed, size), "jpg") for seed in range(KINDS)]
    for number in range(photos):
        (folder / f"{number:05d}.jpg").write_bytes(kinds[number % KINDS])


def run(source: Path, review_below: str) -> dict[str, Any]:
    """Tag a library into a new OUT and return the run's summary."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "landmark_core.cli", "tag", str(source), "--out", out]
        command += ["--review-below", review_below, "--no-progress", "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def compare(name: str, source: Path, rounds: int) -> None:
    """Print one row of the table."""
    tagged, explained, mapped = [], [], []
    for _ in range(rounds):
        for review_below, seconds in (("0", tagged), ("1", explained)):
            summary = run(source, review_below)
            seconds.append(summary["seconds"] - summary["start_seconds"])
        mapped.append(summary["stages"]["explain"])
    base = statistics.median(tagged)
    photos = summary["counts"]["photos"]
    print(
        f"| {name} | {photos / base:.1f} | {100 * statistics.median(mapped) / base:.1f} % "
        f"| {100 * (statistics.median(explained) / base - 1):.0f} % |",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--source", type=Path, help="a folder of photos in place of drawn ones")
    options = parser.parse_args()
    print("| photos | tagged per second | map of every photo | heatmap of every photo |")
    print("|---|---:|---:|---:|")
    if options.source:
        compare(options.source.name, options.source, options.rounds)
        return
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            draw_photos(Path(folder) / "photos", size, options.photos)
            compare(f"{size[0]} x {size[1]}", Path(folder) / "photos", options.rounds)


if __name__ == "__main__":
    main()
