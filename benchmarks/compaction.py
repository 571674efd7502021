"""What merging small parts saves those who read them, and for how long it holds OUT.

    python benchmarks/compaction.py

Makes an OUT of 365 nightly runs of 500 photos beside an archive of 400 parts of 2,000, and reads
it before and after: all of it with pandas, a count by tag with DuckDB, and the plan of a night that
lists every photo and 500 new ones. Each figure is the best of three. `--keep FOLDER` keeps the OUT.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
from planning import KEY, listing, make_part

from landmark_core.records import PhotoRef
from landmark_core.tables import CompactionSettings, Store, compact, count_work

NIGHTS, NIGHTLY = 365, 500
ARCHIVE_PARTS, ARCHIVE_ROWS = 400, 2_000
NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
PHOTOS = ARCHIVE_PARTS * ARCHIVE_ROWS + NIGHTS * NIGHTLY


def make_out(store: Store) -> None:
    """Write the archive, then night after night."""
    archive = f"{NOW - timedelta(days=NIGHTS + 1):%Y%m%dT%H%M%SZ}-000000"
    for shard in range(ARCHIVE_PARTS):
        store.write_part(archive, shard, make_part(shard * ARCHIVE_ROWS, ARCHIVE_ROWS))
    store.write_run(archive, {})
    for night in range(NIGHTS):
        run_id = f"{NOW - timedelta(days=NIGHTS - night):%Y%m%dT%H%M%SZ}-{night:06x}"
        first = ARCHIVE_PARTS * ARCHIVE_ROWS + night * NIGHTLY
        for shard, (start, rows) in enumerate(((0, 128), (128, 372))):  # as a run cuts its shards
            store.write_part(run_id, shard, make_part(first + start, rows))
        store.write_run(run_id, {})


def read(out: Path) -> dict[str, float]:
    """Return the seconds that each reader takes."""
    store = Store(str(out))

    def with_pandas() -> None:
        assert len(pd.read_parquet(out / "tags")) == PHOTOS

    def with_duckdb() -> None:
        query = f"SELECT decision, count(*) FROM '{out}/tags/**/*.parquet' GROUP BY decision"
        assert sum(count for _, count in duckdb.sql(query).fetchall()) == PHOTOS

    def with_plan() -> None:
        photos: Iterator[PhotoRef] = listing(PHOTOS + NIGHTLY)
        assert count_work(store, photos, key=KEY).to_do == NIGHTLY

    def with_listing() -> None:
        assert sum(1 for _ in listing(PHOTOS + NIGHTLY)) == PHOTOS + NIGHTLY

    readers: dict[str, Callable[[], None]] = {
        "pandas.read_parquet, all columns": with_pandas,
        "DuckDB, count by decision": with_duckdb,
        "plan of a night": with_plan,
        "of which making up the listing": with_listing,
    }
    return {name: min(map(_seconds, [reader] * 3)) for name, reader in readers.items()}


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def merge(out: str) -> None:
    """Compact in this process; print the seconds and how far memory grew."""
    Path("/proc/self/clear_refs").write_text("5")  # else the peak is that of who started us
    before = peak_mb()
    report = compact(
        Store(out),
        CompactionSettings(grace_s=0.0),
        now=lambda: NOW,
        rng=random.Random(1),
        sleep=lambda _: None,
    )
    print(
        json.dumps(
            {
                "held_s": report.locked_s,
                "before": report.parts_before,
                "after": report.parts_after,
                "grown_mb": peak_mb() - before,
            }
        )
    )


def peak_mb() -> float:
    """Return the largest memory that this process had, in MB (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def main() -> None:
    """Make, read, merge in a fresh process, read again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", help="folder for the OUT that is made; must be new")
    parser.add_argument("--merge", metavar="OUT", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.merge:
        merge(arguments.merge)
        return
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(arguments.keep or temporary)
        make_out(Store(str(out)))
        before = read(out)
        child = [sys.executable, __file__, "--merge", str(out)]
        done = json.loads(subprocess.run(child, check=True, capture_output=True, text=True).stdout)
        after = read(out)
    print(f"{PHOTOS:,} rows: {done['before']:,} parts, then {done['after']:,}\n")
    print("| seconds | before | after |\n|---|--:|--:|")
    for name, seconds in before.items():
        print(f"| {name} | {seconds:.2f} | {after[name]:.2f} |")
    print(f"\nOUT was held for {done['held_s']:.1f} s; memory grew by {done['grown_mb']:.0f} MB.")


if __name__ == "__main__":
    main()
