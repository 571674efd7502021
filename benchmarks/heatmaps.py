"""What explaining costs over tagging: whole runs with a heatmap of no photo and of every photo.

    python benchmarks/heatmaps.py [--photos 300] [--rounds 3] [--model MODEL]... [--source FOLDER]

Runs are interleaved; the figures are medians. Seconds are those between plan and end, start-up left
out; CPU is that of all processes of the run, less that of a run over one photo. "map" is Grad-CAM
alone, "heatmap" is that, keeping the picture, drawing and writing. `--render` instead prints what
one overlay takes of the CPU, from the photo decoded for its tags to the bytes of the file.

Before pictures were kept, planes blended and writes overlapped: heatmaps took 19, 46 and 91 % of
the time of tagging at 340 x 256, 1600 x 1200 and 4000 x 3000: reading the photo again, and 1.4, 5.6
and 8.8 ms of drawing.
"""

import argparse
import contextlib
import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from draw_library import draw_scene, encode

from landmark_core.library import make_picture
from landmark_core.tagging.caption import Caption
from landmark_core.tagging.heatmap import render_overlay

SIZES = ((340, 256), (1600, 1200), (4000, 3000))  # pixels
DECODED = ((340, 256), (800, 600), (1000, 750))  # pixels that those decode to for the model
KINDS = 10  # different photos; the others repeat them


@dataclass(frozen=True)
class Cost:
    """What one run took."""

    seconds: float  # between plan and end
    cpu_s: float  # of all its processes, from start to end
    map_s: float  # seconds of Grad-CAM alone


def draw_photos(folder: Path, size: tuple[int, int], photos: int) -> None:
    """Write so many JPEGs of one size."""
    folder.mkdir()
    kinds = [encode(draw_scene(seed, size), "jpg") for seed in range(KINDS)]
    for number in range(photos):
        (folder / f"{number:05d}.jpg").write_bytes(kinds[number % KINDS])


def run(source: Path, model: str, review_below: str, *more: str) -> tuple[Cost, dict[str, Any]]:
    """Tag a library into a new OUT."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "landmark_core.cli", "tag", str(source), "--out", out]
        command += ["--model", model, "--review-below", review_below, "--no-progress", "--json"]
        before = os.times()
        done = subprocess.run([*command, *more], stdout=subprocess.PIPE, check=True)
        with contextlib.suppress(ChildProcessError):  # none is left
            while True:
                os.wait()
        after = os.times()
    summary: dict[str, Any] = json.loads(done.stdout)
    cpu_s = after.children_user + after.children_system
    cpu_s -= before.children_user + before.children_system
    seconds = summary["seconds"] - summary["start_seconds"]
    return Cost(seconds, cpu_s, summary["stages"]["explain"]), summary


def adopt_orphans() -> None:
    """Let the processes that a run leaves behind become children of this one, to be counted.

    The server that forks the workers is one: it ends a moment after its command.
    """
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER, Linux


def compare(name: str, source: Path, model: str, rounds: int) -> None:
    """Print one row of the table."""
    tagged, explained = [], []
    start, _ = run(source, model, "0", "--limit", "1")
    for _ in range(rounds):
        tagged.append(run(source, model, "0")[0])
        cost, summary = run(source, model, "1")
        explained.append(cost)
    photos = summary["counts"]["photos"]
    base = statistics.median(cost.seconds for cost in tagged)
    base_cpu = statistics.median(cost.cpu_s for cost in tagged)
    mapped = statistics.median(cost.map_s for cost in explained)
    more = statistics.median(cost.seconds for cost in explained) - base
    more_cpu = statistics.median(cost.cpu_s for cost in explained) - base_cpu
    print(
        f"| {Path(model).name} | {name} | {photos / base:.1f} | {100 * mapped / base:.1f} % "
        f"| {100 * more / base:.0f} % | {100 * more_cpu / (base_cpu - start.cpu_s):.0f} % "
        f"| {1000 * more_cpu / photos:.1f} |",
        flush=True,
    )


def print_rendering() -> None:
    """Print what one overlay takes of the CPU, by the size of the decoded photo."""
    print("| decoded | CPU ms to keep a picture | to draw on it | KB |\n|---|---:|---:|---:|")
    torch.set_num_threads(1)  # as in a worker
    caption = Caption(photo_id="0" * 32, model_id="0" * 16, tag="Petra", confidence=0.5)
    cam = np.random.default_rng(0).random((9, 9), dtype=np.float32)
    for width, height in DECODED:
        pixels = [np.array(draw_scene(seed, (width, height))) for seed in range(KINDS)]
        margin = (width - height) / 2 / width
        box = (margin, 0.0, 1 - margin, 1.0)
        kept, drawn, sizes = [], [], []
        for number in range(10 * KINDS):
            begun = time.thread_time()
            picture = make_picture(pixels[number % KINDS])
            made = time.thread_time()
            sizes.append(len(render_overlay(picture, cam, crop_box=box, caption=caption)))
            kept.append(made - begun)
            drawn.append(time.thread_time() - made)
        print(
            f"| {width} x {height} | {1000 * statistics.median(kept):.2f} "
            f"| {1000 * statistics.median(drawn):.2f} | {statistics.mean(sizes) / 1000:.0f} |"
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", action="append", help="as `landmarks tag` takes it; repeatable")
    parser.add_argument("--source", type=Path, help="a folder of photos in place of drawn ones")
    parser.add_argument("--render", action="store_true", help="measure drawing alone")
    options = parser.parse_args()
    if options.render:
        print_rendering()
        return
    adopt_orphans()
    print(
        "| model | photos | tagged per second | map of every photo | heatmap of every photo "
        "| of the CPU | CPU ms a heatmap |"
    )
    print("|---|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for name, source in _sources(options, Path(folder)):
            for model in options.model or ["starter"]:
                compare(name, source, model, options.rounds)


def _sources(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Path]]:
    if options.source:
        yield options.source.name, options.source
        return
    for size in SIZES:
        source = folder / f"{size[0]}"
        draw_photos(source, size, options.photos)
        yield f"{size[0]} x {size[1]}", source


if __name__ == "__main__":
    main()
