"""Tag a large library in which 1 % of the photos meets each of nine faults, and count the rows.

    make soak                                     # 200,000 photos, about half an hour
    make soak SOAK="--photos 20000 --kills 1"

Nine in a hundred photos are cut, no image, of impossible size, gone or replaced once they were
listed, not readable (EIO), out of memory or slow to open; one in ten thousand kills the process
that reads it. The command itself is killed a few times, and one part in a hundred cannot be
renamed, which ends it: it is started again like a nightly job. Then the faults are mended, and a
last run has to bring every photo to its one right row. Memory (PSS) and open
files of the whole process tree are sampled all the while. Linux only.
"""

import argparse
import collections
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from draw_library import draw_scene, encode
from draw_model import save_tiny_model

HERE = Path(__file__).parent
SIZE = (340, 256)  # pixels
PICTURES = 64  # different photos; the library is hard links to them
FAULTS = ("cut", "text", "bomb", "gone", "new", "eio", "memory", "slow")  # 1 % each
CRASHES = 10_000  # one photo in so many kills the process that reads it
STATUSES = {
    "": {"ok"},
    "slow": {"ok"},
    "new": {"ok"},
    "cut": {"corrupt"},
    "text": {"corrupt", "unsupported"},
    "bomb": {"too_large", "corrupt", "unsupported"},
    "gone": {"ok", "fetch_error"},  # ok where it was read before it went
    "eio": {"fetch_error"},
    "memory": {"fetch_error"},
    "crash": {"corrupt"},
}
MENDED = {**STATUSES, "eio": {"ok"}, "memory": {"ok"}}


class SoakError(Exception):
    """A promise was broken; the text says which, in one line."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The process tree at one moment."""

    rows: int
    bytes: int  # PSS
    files: int  # open


@dataclass(slots=True)
class Watch:
    """Samples of all runs, in the order of time."""

    out: Path
    samples: list[Sample] = field(default_factory=list)
    rows: int = 0
    seen: set[Path] = field(default_factory=set)

    def look(self, process: psutil.Process) -> None:
        """Take one sample; processes that just died count nothing."""
        for part in set(self.out.glob("tags/*/part-*.parquet")) - self.seen:
            self.rows += pq.read_metadata(part).num_rows
            self.seen.add(part)
        held = files = 0
        for member in [process, *process.children(recursive=True)]:
            try:
                held += member.memory_full_info().pss
                files += member.num_fds()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        self.samples.append(Sample(self.rows, held, files))


def fault_of(number: int) -> str:
    """Return what happens to a photo; nothing to nine in ten."""
    if number % CRASHES == CRASHES // 2:
        return "crash"
    place = number % 100
    return FAULTS[place] if place < len(FAULTS) else ""


def make_library(folder: Path, photos: int) -> None:
    """Link so many photos, a thousand in a folder; the name says what happens to each."""
    base = folder.parent / "pictures"
    base.mkdir()
    pictures = []
    for seed in range(PICTURES):
        pictures.append(base / f"{seed}.jpg")
        pictures[-1].write_bytes(encode(draw_scene(seed, SIZE), "jpg"))
    good = pictures[0].read_bytes()
    broken = {"cut": good[: len(good) // 3], "text": b"no image at all\n" * 40}
    broken["bomb"] = _with_size(good, 65_000, 65_000)
    for name, data in broken.items():
        (base / name).write_bytes(data)
    for number, picture in zip(range(photos), itertools.cycle(pictures), strict=False):
        fault = fault_of(number)
        place = folder / f"{number // 1000:04d}"
        if number % 1000 == 0:
            place.mkdir(parents=True)
        name = f"{number:07d}-{fault}.jpg" if fault else f"{number:07d}.jpg"
        os.link(base / fault if fault in broken else picture, place / name)


def _with_size(jpeg: bytes, width: int, height: int) -> bytes:
    """Return a JPEG whose header claims another size (ITU T.81, B.2.2: SOF0)."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + jpeg[at + 4 :]


def disturb(library: Path, out: Path) -> None:
    """Once a plan is there: remove the photos that go, replace those that come anew."""
    while not list(out.glob("runs/*.plan.parquet")):
        time.sleep(0.05)
    fresh = encode(draw_scene(PICTURES, SIZE), "jpg")
    for path in sorted(library.rglob("*-gone.jpg")):
        path.unlink()
    for path in sorted(library.rglob("*-new.jpg")):
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(fresh)
        temporary.replace(path)


def run(command: Sequence[str], watch: Watch, environment: dict[str, str], kill_after: int) -> int:
    """Run the command once; kill it once so many rows are there. Return its exit code."""
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as running:
        process = psutil.Process(running.pid)
        said: list[str] = []
        assert running.stderr is not None
        reader = threading.Thread(target=lambda: said.extend(running.stderr or ()))
        reader.start()
        while running.poll() is None:
            watch.look(process)
            if kill_after and watch.rows >= kill_after:
                running.kill()
            time.sleep(0.5)
        reader.join()
    if running.returncode == -9:
        return -9  # what its orphans say on their way out is nobody's business
    if running.returncode not in (0, 1) or any("Traceback" in line for line in said):
        raise SoakError(f"exit code {running.returncode}: {''.join(said)[-2000:]}")
    return running.returncode


def check(out: Path, photos: int, allowed: dict[str, set[str]]) -> int:
    """Compare rows with photos; return how many rows there are.

    Raises:
        SoakError: a photo without a row, one that has a good version twice, or another status.
    """
    table = ds.dataset(out / "tags", format="parquet").to_table(
        columns=["uri", "status", "size_bytes", "modified_at", "tagged_at"]
    )
    rows = sorted(table.to_pylist(), key=lambda row: row["tagged_at"])
    newest = {Path(row["uri"]).name: row for row in rows}
    names = {f"{n:07d}-{fault_of(n)}.jpg" if fault_of(n) else f"{n:07d}.jpg" for n in range(photos)}
    # What went while a killed run had it in its plan is not there for the next one to list.
    missing = {name for name in names - newest.keys() if not name.endswith("-gone.jpg")}
    if missing or newest.keys() - names:
        raise SoakError(
            f"{len(missing)} photos without a row, {len(newest.keys() - names)} strange"
        )
    good = collections.Counter(
        (row["uri"], row["size_bytes"], row["modified_at"]) for row in rows if row["status"] == "ok"
    )
    if twice := [key for key, count in good.items() if count > 1]:
        raise SoakError(f"{len(twice)} photos were done twice, such as {twice[0]}")
    for name, row in newest.items():
        kind = name.removesuffix(".jpg").partition("-")[2]
        if row["status"] not in allowed[kind]:
            raise SoakError(f"{name}: expected {allowed[kind]}, got {row['status']}")
    drawn = sum(1 for _ in out.glob("heatmaps/*/*.jpg"))
    named = ds.dataset(out / "tags", format="parquet").count_rows(~ds.field("heatmap").is_null())
    if drawn != named:
        raise SoakError(f"{drawn} heatmaps, {named} rows that name one")
    return len(rows)


def report(watch: Watch, photos: int) -> str:
    """Return memory and open files by tenths of the run, as a table."""
    lines = ["| rows written | peak MiB | median MiB | open files |", "|---|---:|---:|---:|"]
    for tenth in range(10):
        low, high = tenth * photos // 10, (tenth + 1) * photos // 10
        window = [s for s in watch.samples if low <= s.rows and (s.rows < high or tenth == 9)]
        if window:
            held = sorted(sample.bytes / 2**20 for sample in window)
            files = max(sample.files for sample in window)
            lines.append(
                f"| {low:,} to {high:,} | {held[-1]:,.0f} | {held[len(held) // 2]:,.0f} | {files} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Soak, check, mend, check again."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--parts", type=float, default=0.01, help="share of parts that fail")
    parser.add_argument("--model", help="default: a small one that is made for it")
    parser.add_argument("--keep", type=Path, help="folder to work in; default: one that is removed")
    parser.add_argument("more", nargs="*", help="options of `landmarks tag`, after --")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        model = options.model or str(folder / "tiny.pt")
        if not options.model:
            save_tiny_model(Path(model))
        more = ["--model", model, *options.more]
        soak(folder, options.photos, options.kills, options.parts, more)
    except SoakError as error:
        raise SystemExit(f"{error}; see {folder}") from error
    if not options.keep:
        shutil.rmtree(folder)


def soak(folder: Path, photos: int, kills: int, parts: float, more: Sequence[str]) -> None:
    """Play it through in a folder.

    Raises:
        SoakError: a promise was broken.
    """
    library, out = folder / "library", folder / "out"
    library.mkdir(parents=True)
    make_library(library, photos)
    command = [sys.executable, "-m", "landmark_core.cli", "tag", str(library), "--out", str(out)]
    command += ["--no-progress", *more]
    path = os.pathsep.join([str(HERE / "soaking"), os.environ.get("PYTHONPATH", "")])
    faulty = {**os.environ, "PYTHONPATH": path, "SOAK_FAULTS": "1", "SOAK_PARTS": str(parts)}
    watch = Watch(out)
    threading.Thread(target=disturb, args=(library, out), daemon=True).start()
    rng = random.Random(7)
    marks = sorted(rng.randrange(photos // 50, photos) for _ in range(kills))
    begun = time.monotonic()
    killed = stopped = 0
    while (code := run(command, watch, faulty, marks[0] if marks else 0)) != 0:
        killed += code == -9
        stopped += code == 1
        marks = [mark for mark in marks if mark > watch.rows]
    seconds = time.monotonic() - begun
    rows = check(out, photos, STATUSES)
    print(
        f"{photos:,} photos, {rows:,} rows, every photo its own; killed {killed} times, stopped by "
        f"a failed part {stopped} times; {seconds:,.0f} s, {photos / seconds:,.0f} photos/s"
    )
    print(report(watch, photos), flush=True)
    while run(command, watch, dict(os.environ), 0) != 0:
        pass
    print(f"mended: {check(out, photos, MENDED):,} rows, each photo's newest is right")


if __name__ == "__main__":
    main()
