"""How long planning takes and how much memory and disk, when most of a library is done already.

    python benchmarks/planning.py                      # the curve, and 100 million by calculation
    python benchmarks/planning.py --photos 1000000 --forms bucket --current

Makes an OUT whose parts hold 90 % of the photos (ok, 1 % of them failures), then plans a run over
a listing of all of them in a process of its own, and prints a line of a Markdown table. Photos have
a size and a time as in a folder, or an etag as in a bucket; OUT is a folder in both forms. The
listing is made up on the fly, which is in the seconds and beside them on its own: walking real
folders or asking a real bucket comes in its place. `--keep FOLDER` reuses the OUTs.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from landmark_core.records import PhotoRef
from landmark_core.tables import TAGS_SCHEMA, Store, WorkKey, current_tags, plan_run

KEY = WorkKey(model_id="0123456789abcdef", preprocess_id="fedcba9876543210")
SHARD = 2048
DONE = 0.9
NOW = datetime(2026, 11, 23, tzinfo=UTC)
SIZES = (100_000, 1_000_000, 10_000_000)
FORMS = ("local", "bucket")
PLACES = {"local": "/home/ann/Pictures", "bucket": "s3://ann/Pictures"}
CALCULATED = 100_000_000

COLUMNS = {
    "form": "form",
    "photos": "photos",
    "to_do": "to do",
    "plan_s": "plan s",
    "cpu_s": "its CPU s",
    "listing_s": "of which made-up listing s",
    "peak_mb": "peak MB",
    "scratch_mb": "scratch MB",
    "plan_mb": "plan MB",
    "load": "load before",
    "current_s": "current tags s",
}


def photo_id(number: int) -> str:
    """Return an id that is spread like a hash, so that nothing comes out sorted by chance."""
    return f"{(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"


def etag(number: int) -> str:
    """Return a version mark as S3 gives one."""
    return f"{(number + 7) * 0xC2B2AE3D27D4EB4F165667B19E3779F9 % 2**128:032x}"


def listing(photos: int, form: str) -> Iterator[PhotoRef]:
    """Yield photos as a walk over a library would."""
    place, has_etag = PLACES[form], form == "bucket"
    for number in range(photos):
        path = f"{place}/{number // 1000:05d}/IMG_{number:08d}.jpg"
        yield PhotoRef(
            photo_id=photo_id(number),
            uri=path,
            location=path,
            size_bytes=2_000_000 + number % 3_000_000,
            modified_us=1_600_000_000_000_000 + number,
            etag=etag(number) if has_etag else None,
        )


def make_part(first: int, count: int, form: str) -> pa.Table:
    """Return rows of photos that are done, every hundredth of them unreadable."""
    numbers = np.arange(first, first + count)
    values = {
        "photo_id": [photo_id(int(n)) for n in numbers],
        "uri": [f"{PLACES[form]}/{n // 1000:05d}/IMG_{n:08d}.jpg" for n in numbers],
        "size_bytes": 2_000_000 + numbers % 3_000_000,
        "modified_at": pa.array(1_600_000_000_000_000 + numbers).cast(pa.timestamp("us", "UTC")),
        "etag": [etag(int(n)) if form == "bucket" else None for n in numbers],
        "content_sha256": [photo_id(int(n)) * 2 for n in numbers],
        "status": ["corrupt" if n % 100 == 0 else "ok" for n in numbers],
        "decision": [None if n % 100 == 0 else "review" for n in numbers],
        "model_id": [KEY.model_id] * count,
        "preprocess_id": [KEY.preprocess_id] * count,
        "run_id": ["r"] * count,
        "tagged_at": [NOW] * count,
    }
    missing = [None] * count
    columns = [pa.array(values.get(field.name, missing), field.type) for field in TAGS_SCHEMA]
    return pa.Table.from_arrays(columns, schema=TAGS_SCHEMA)


def make_out(out: Path, photos: int, form: str) -> None:
    """Write the parts of what is done, unless they are there."""
    if (out / "made").exists():
        return
    store = Store(str(out))
    done = int(photos * DONE)
    for shard, first in enumerate(range(0, done, SHARD)):
        store.write_part("r", shard, make_part(first, min(SHARD, done - first), form))
    (out / "made").touch()


def measure(out: Path, photos: int, form: str, *, current: bool) -> dict[str, object]:
    """Plan in this process; return seconds, peak memory, disk and counts."""
    load = os.getloadavg()[0]
    start = time.perf_counter()
    assert sum(1 for _ in listing(photos, form)) == photos
    listed = time.perf_counter()
    cpu = time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        tempfile.tempdir = scratch
        with Watch(Path(scratch)) as watch:
            plan = plan_run(
                Store(str(out)), listing(photos, form), run_id="next", key=KEY, shard_size=SHARD
            )
        planned = time.perf_counter()
        tempfile.tempdir = None
    assert plan.counts.to_do == photos - int(photos * DONE)
    found: dict[str, object] = {
        "form": form,
        "photos": photos,
        "to_do": plan.counts.to_do,
        "plan_s": planned - listed,
        "cpu_s": time.process_time() - cpu,
        "listing_s": listed - start,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "scratch_mb": watch.most / 1e6,
        "plan_mb": (out / "runs" / "next.plan.parquet").stat().st_size / 1e6,
        "load": load,
    }
    if current:
        start = time.perf_counter()
        assert sum(map(len, current_tags(Store(str(out))))) == int(photos * DONE)
        found["current_s"] = time.perf_counter() - start
    return found


class Watch:
    """Looks every now and then how much disk a folder takes."""

    def __init__(self, folder: Path) -> None:
        self.most = 0  # bytes
        self._folder = folder
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(0.2):
            self.most = max(self.most, disk_use(self._folder))


def disk_use(folder: Path) -> int:
    """Return the bytes of all files below a folder that other threads write to."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_blocks * 512  # noqa: PTH116, PTH118
            except FileNotFoundError:
                continue
    return total


def print_line(values: dict[str, object]) -> None:
    """Print one measurement as a line of the table."""

    def cell(value: object) -> str:
        if isinstance(value, float):
            return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
        return f"{value:,}" if isinstance(value, int) else str(value or "")

    print("| " + " | ".join(cell(values.get(name)) for name in COLUMNS) + " |", flush=True)


def calculate(form: str, found: list[dict[str, object]]) -> dict[str, object]:
    """Go on in a straight line through the two largest measurements.

    Listing, spooling, reading parts and the plan cost the same for each photo; the joins cost it
    too, since DuckDB cuts what does not fit into pieces that do, on disk. Memory is bounded by
    settings (640 MB of DuckDB's, one row group of the spool, the parts that are read ahead), so
    that it is not calculated; it has to be the same at the two largest sizes.
    """
    below, above = sorted(found, key=lambda values: int(str(values["photos"])))[-2:]
    result: dict[str, object] = {"form": f"{form}, calculated", "photos": CALCULATED}
    sizes = [float(str(values["photos"])) for values in (below, above)]
    for name in ("plan_s", "cpu_s", "listing_s", "scratch_mb", "plan_mb"):
        low, high = float(str(below[name])), float(str(above[name]))
        slope = (high - low) / (sizes[1] - sizes[0])
        result[name] = high + slope * (CALCULATED - sizes[1])
    return result


def main() -> None:
    """Make the OUTs, then measure each in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, nargs="+", default=SIZES)
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=FORMS)
    parser.add_argument("--current", action="store_true", help="time the current tags too")
    parser.add_argument("--keep", help="folder for the OUTs that are made, or were made before")
    parser.add_argument("--measure", metavar="OUT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        (photos,), (form,) = options.photos, options.forms
        found = measure(Path(options.measure), photos, form, current=options.current)
        print(json.dumps(found))
        return
    print("| " + " | ".join(COLUMNS.values()) + " |\n|---" + "|--:" * (len(COLUMNS) - 1) + "|")
    with tempfile.TemporaryDirectory() as temporary:
        for form in options.forms:
            lines = []
            for photos in options.photos:
                out = Path(options.keep or temporary, f"{form}-{photos}")
                make_out(out, photos, form)
                command = [sys.executable, __file__, "--measure", str(out)]
                command += ["--photos", str(photos), "--forms", form]
                command += ["--current"] if options.current else []
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                lines.append(json.loads(done.stdout))
                print_line(lines[-1])
            if len(lines) > 1:
                print_line(calculate(form, lines))


if __name__ == "__main__":
    main()
