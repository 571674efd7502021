"""How long planning takes and how much memory, when most of a library is done already.

    python benchmarks/planning.py --photos 1000000

Makes an OUT whose parts hold 90 % of the photos (ok, 1 % of them failures), then plans a run over
a listing of all of them in a process of its own, and prints one line of a Markdown table. The
listing is made up on the fly; walking real folders comes on top. `--keep FOLDER` reuses the OUT.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
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


def photo_id(number: int) -> str:
    """Return an id that is spread like a hash, so that nothing comes out sorted by chance."""
    return f"{(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"


def listing(photos: int) -> Iterator[PhotoRef]:
    """Yield photos as a walk over a library would."""
    for number in range(photos):
        path = f"/home/ann/Pictures/{number // 1000:05d}/IMG_{number:08d}.jpg"
        yield PhotoRef(
            photo_id=photo_id(number),
            uri=path,
            location=path,
            size_bytes=2_000_000 + number % 3_000_000,
            modified_us=1_600_000_000_000_000 + number,
            etag=None,
        )


def make_part(first: int, count: int) -> pa.Table:
    """Return rows of photos that are done, every hundredth of them unreadable."""
    numbers = np.arange(first, first + count)
    paths = [f"/home/ann/Pictures/{n // 1000:05d}/IMG_{n:08d}.jpg" for n in numbers]
    values = {
        "photo_id": [photo_id(int(n)) for n in numbers],
        "uri": paths,
        "size_bytes": 2_000_000 + numbers % 3_000_000,
        "modified_at": pa.array(1_600_000_000_000_000 + numbers).cast(pa.timestamp("us", "UTC")),
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


def make_out(store: Store, photos: int) -> None:
    """Write the parts of what is done."""
    done = int(photos * DONE)
    for shard, first in enumerate(range(0, done, SHARD)):
        store.write_part("r", shard, make_part(first, min(SHARD, done - first)))


def measure(out: str, photos: int) -> None:
    """Plan in this process and print seconds, peak memory and counts."""
    base = peak_mb()
    start = time.perf_counter()
    consumed = sum(1 for _ in listing(photos))
    listed = time.perf_counter()
    cpu = time.process_time()
    plan = plan_run(Store(out), listing(photos), run_id="next", key=KEY, shard_size=SHARD)
    planned = time.perf_counter()
    cpu = time.process_time() - cpu
    plan_peak = peak_mb()
    rows = sum(len(batch) for batch in current_tags(Store(out)))
    done = time.perf_counter()
    assert plan.counts.to_do == consumed - int(photos * DONE)
    print(
        f"| {photos:,} | {plan.counts.to_do:,} | {planned - listed:.1f} | {cpu:.1f} "
        f"| {listed - start:.1f} | {plan_peak:.0f} | {base:.0f} "
        f"| {rows:,} | {done - planned:.1f} | {peak_mb():.0f} |"
    )


def peak_mb() -> float:
    """Return the largest memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main() -> None:
    """Make an OUT, then measure in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=1_000_000)
    parser.add_argument("--keep", help="folder for the OUT that is made, or was made before")
    parser.add_argument("--measure", metavar="OUT", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.photos)
        return
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(arguments.keep or temporary)
        if not (out / "tags").exists():
            make_out(Store(str(out)), arguments.photos)
        print(
            "| photos | to do | plan s | its CPU s | of which made-up listing s | peak MB "
            "| peak MB before | current rows | current s | peak MB after |\n"
            "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
            flush=True,
        )
        child = [sys.executable, __file__, "--measure", str(out)]
        subprocess.run([*child, "--photos", str(arguments.photos)], check=True)


if __name__ == "__main__":
    main()
