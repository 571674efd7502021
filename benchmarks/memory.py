"""Peak memory of `landmarks tag`, all its processes together, for 500 and for 5,000 photos.

    python benchmarks/memory.py [--photos 500 5000] [-- options of landmarks tag]

Memory is the sum of PSS over the process tree (shared pages are counted once), sampled four times a
second. Photos are drawn at 12 megapixels and smaller; many files may hold equal bytes, which costs
the run the same. Linux only: PSS comes from /proc.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from draw_library import draw_scene, encode

SIZES = ((4000, 3000), (1600, 1200), (1024, 768), (3000, 4000), (640, 480))


def make_library(folder: Path, photos: int, kinds: list[bytes]) -> None:
    """Write so many photos, of the given kinds in turn."""
    for number, data in zip(range(photos), itertools.cycle(kinds), strict=False):
        path = folder / f"{number // 500:03d}" / f"{number:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def pss_of_tree(process: psutil.Process) -> int:
    """Return bytes of the process and all its children; those that just died count nothing."""
    total = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            total += member.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


def measure(source: Path, out: Path, options: list[str]) -> tuple[int, dict[str, object]]:
    """Run the command; return its peak in bytes and its summary."""
    command = [sys.executable, "-m", "landmark_core.cli", "tag", str(source), "--out", str(out)]
    with subprocess.Popen(
        [*command, "--json", "--no-progress", *options], stdout=subprocess.PIPE, text=True
    ) as run:
        watched = psutil.Process(run.pid)
        peak = 0
        while run.poll() is None:
            try:
                peak = max(peak, pss_of_tree(watched))
            except psutil.NoSuchProcess:
                break
            time.sleep(0.25)
        printed = run.stdout.read() if run.stdout else ""
    return peak, json.loads(printed)


def main() -> None:
    """Print one line per library size, and the ratio of the largest to the smallest."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=int, nargs="+", default=[500, 5000])
    arguments, options = parser.parse_known_args()
    kinds = [encode(draw_scene(n, size), "jpg") for n, size in enumerate(SIZES)]
    peaks = []
    for photos in arguments.photos:
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder) / "library"
            make_library(library, photos, kinds)
            peak, summary = measure(library, Path(folder) / "out", options)
        peaks.append(peak)
        rate = summary["photos_per_second"]
        print(f"{photos:7,} photos  peak {peak / 2**20:7.0f} MiB  {rate} photos/s", flush=True)
    print(f"largest / smallest library: {peaks[-1] / peaks[0]:.3f}")


if __name__ == "__main__":
    main()
