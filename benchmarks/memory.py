"""Peak memory of `landmarks tag`, all its processes together, for 500 and for 5,000 photos.

    python benchmarks/memory.py [--photos 500 5000] [-- options of landmarks tag]
    python benchmarks/memory.py --flat 1000 10000 100000 [-- options of landmarks tag]

Memory is the sum of PSS over the process tree (shared pages are counted once), sampled four times a
second. Photos are drawn at 12 megapixels and smaller; many files may hold equal bytes, which costs
the run the same. `--flat` tags one library of small photos, hard links of drawn 340 x 256 ones, and
says what the peak was while the run got from each mark to the next; rows arrive in parts of up to
2,048. Linux only: PSS comes from /proc.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from draw_library import draw_scene, encode

SMALL = (340, 256)
SMALL_KINDS = 16  # different small photos
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


def link_library(folder: Path, photos: int) -> None:
    """Make a library of small photos that takes no disk: hard links, a thousand in a folder."""
    pictures = [folder.parent / f"picture-{seed}.jpg" for seed in range(SMALL_KINDS)]
    for seed, picture in enumerate(pictures):
        picture.write_bytes(encode(draw_scene(seed, SMALL), "jpg"))
    for number, picture in zip(range(photos), itertools.cycle(pictures), strict=False):
        path = folder / f"{number // 1000:04d}" / f"{number:07d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(picture, path)


def measure(
    source: Path, out: Path, options: list[str], on_sample: Callable[[int], None] | None = None
) -> tuple[int, dict[str, object]]:
    """Run the command; return its peak in bytes and its summary.

    Args:
        source: the library.
        out: where the run writes.
        options: further ones of the command.
        on_sample: called with the bytes of each sample.
    """
    command = [sys.executable, "-m", "landmark_core.cli", "tag", str(source), "--out", str(out)]
    with subprocess.Popen(
        [*command, "--json", "--no-progress", *options], stdout=subprocess.PIPE, text=True
    ) as run:
        watched = psutil.Process(run.pid)
        peak = 0
        while run.poll() is None:
            try:
                held = pss_of_tree(watched)
            except psutil.NoSuchProcess:
                break
            peak = max(peak, held)
            if on_sample:
                on_sample(held)
            time.sleep(0.25)
        printed = run.stdout.read() if run.stdout else ""
    return peak, json.loads(printed)


class RowsSeen:
    """Counts the rows that a run has written; each part is opened once."""

    def __init__(self, out: Path) -> None:
        self.rows = 0
        self._out = out
        self._seen: set[Path] = set()

    def look(self) -> int:
        """Return the rows of all parts that are there."""
        for part in set(self._out.glob("tags/*/part-*.parquet")) - self._seen:
            self.rows += pq.read_metadata(part).num_rows
            self._seen.add(part)
        return self.rows


def measure_flat(marks: Sequence[int], options: list[str]) -> None:
    """Print the peak and the median between the marks of one run, and how they compare."""
    samples: list[tuple[int, int]] = []  # rows that were written, bytes
    with tempfile.TemporaryDirectory() as folder:
        library, out = Path(folder) / "library", Path(folder) / "out"
        link_library(library, marks[-1])
        seen = RowsSeen(out)
        _, summary = measure(
            library, out, options, lambda held: samples.append((seen.look(), held))
        )
    print("| rows written | peak MiB | median MiB | samples |\n|---|---:|---:|---:|")
    peaks = []
    for start, end in itertools.pairwise([0, *marks]):
        last = end == marks[-1]  # closing the run belongs to it
        window = [held / 2**20 for rows, held in samples if start <= rows and (rows < end or last)]
        if not window:  # it went by between two samples
            continue
        peaks.append(max(window))
        median = statistics.median(window)
        print(f"| {start:,} to {end:,} | {peaks[-1]:,.0f} | {median:,.0f} | {len(window)} |")
    print(f"last / first peak: {peaks[-1] / peaks[0]:.3f}; {summary['photos_per_second']} photos/s")


def main() -> None:
    """Print one line per library size, and the ratio of the largest to the smallest."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=int, nargs="+", default=[500, 5000])
    parser.add_argument("--flat", type=int, nargs="+", metavar="MARK", help="rows, ascending")
    arguments, options = parser.parse_known_args()
    options = [option for option in options if option != "--"]
    if arguments.flat:
        measure_flat(arguments.flat, options)
        return
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
