"""How photos/s grow with cores, and what planning, writing and closing cost as rows grow.

    python benchmarks/scaling.py cores [--cores 1 2] [--rounds 3]
    python benchmarks/scaling.py rows [--rows 1000 10000 100000 1000000]

"cores": this project on 1600 x 1200 JPEGs with ResNet-18, the whole run held to so many cores, by
marginal cost (comparison/marginal.py), sizes interleaved. "rows": the tables alone, without photos
or a model, in the steps of a run: plan all, lay out and write each shard of 2048 rows with its
report, add up and write the run file; then plan again, when all is done. Each size in a process of
its own.
"""

import argparse
import dataclasses
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.comparison.cases import BY_NAME, CASES
from benchmarks.comparison.rounds import Arena
from benchmarks.planning import listing
from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow, Prediction, TagScore
from landmark_core.report import ShardReport, StageSeconds, add_counts, add_tags, report_shard
from landmark_core.tables import (
    Store,
    WorkKey,
    plan_run,
    read_shard,
    rows_to_table,
    with_report,
)

ROWS = (1_000, 10_000, 100_000, 1_000_000)
SHARD = 2048
KEY = WorkKey(model_id="0123456789abcdef", preprocess_id="fedcba9876543210")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
RUN = "20261123T000000Z-000000"
PREDICTION = Prediction(
    decision="review",
    tags=tuple(TagScore(tag=f"Landmark {n}", confidence=0.5 / 2**n) for n in range(5)),
    margin=0.25,
    entropy=1.2,
    energy=-3.4,
)


def scale_cores(cores: Sequence[int], rounds: int, seconds: float, keep: Path) -> None:
    """Print photos/s by number of cores, medians over rounds."""
    usable = sorted(os.sched_getaffinity(0))
    case = next(case for case in CASES if case.name == "2mp")
    arena = Arena(folder=keep.absolute(), seconds=seconds, say=lambda line: print(line, flush=True))
    costs: dict[int, list[float]] = {count: [] for count in cores if count <= len(usable)}
    for number, count in itertools.product(range(1, rounds + 1), costs):
        os.sched_setaffinity(0, usable[:count])  # the run and all its processes inherit it
        costs[count].append(arena.measure(case, BY_NAME["ours"], number).marginal_ms)
    os.sched_setaffinity(0, usable)
    base = statistics.median(costs[min(costs)])
    print("| cores | ms a photo | least to most | photos/s | times the first |")
    print("|---:|---:|---:|---:|---:|")
    for count, values in costs.items():
        median = statistics.median(values)
        spread = f"{min(values):.1f} to {max(values):.1f}"
        print(f"| {count} | {median:.1f} | {spread} | {1000 / median:.0f} | {base / median:.2f} |")


def make_rows(refs: Sequence[PhotoRef]) -> Iterator[PhotoRow]:
    """Yield a row for each photo, as a run would make it."""
    for ref in refs:
        photo = DecodedPhoto(
            ref=ref,
            status="ok",
            error=None,
            content_sha256=ref.photo_id * 2,
            width=1600,
            height=1200,
        )
        yield PhotoRow(
            photo=photo,
            prediction=PREDICTION,
            heatmap=None,
            model_id=KEY.model_id,
            preprocess_id=KEY.preprocess_id,
            run_id=RUN,
            tagged_at=NOW,
        )


def measure_rows(rows: int) -> dict[str, float]:
    """Do all that a run does to tables; return the seconds of each step, and the peak memory."""
    with tempfile.TemporaryDirectory() as out:
        store = Store(out)
        start = time.perf_counter()
        plan = plan_run(store, listing(rows, "local"), run_id=RUN, key=KEY, shard_size=SHARD)
        planned = time.perf_counter()
        made = 0.0  # seconds of making up rows, which are no cost of the tables
        reports: list[ShardReport] = []
        for shard in plan.shards:
            refs = read_shard(store, shard)
            before = time.perf_counter()
            part = list(make_rows(refs))
            made += time.perf_counter() - before
            reports.append(report_shard(shard.number, part, StageSeconds(), 1.0))
            store.write_part(RUN, shard.number, with_report(rows_to_table(part), reports[-1]))
        written = time.perf_counter()
        counts = add_counts(report.counts for report in reports)
        store.write_run(RUN, {"counts": dataclasses.asdict(counts), "tags": add_tags(reports)})
        closed = time.perf_counter()
        again = plan_run(store, listing(rows, "local"), run_id=f"{RUN}1", key=KEY, shard_size=SHARD)
        replanned = time.perf_counter()
    assert (counts.photos, again.counts.to_do) == (rows, 0)
    return {
        "plan": planned - start,
        "write": written - planned - made,
        "close": closed - written,
        "plan_again": replanned - closed,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def scale_rows(sizes: Sequence[int]) -> None:
    """Print a line for each number of rows."""
    print("| rows | plan s | write s | close s | all, ms a row | plan when done s | peak MiB |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for rows in sizes:
        command = [sys.executable, __file__, "rows", "--measure", str(rows)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout)
        each = 1000 * (found["plan"] + found["write"] + found["close"]) / rows
        print(
            f"| {rows:,} | {found['plan']:.2f} | {found['write']:.2f} | {found['close']:.3f} "
            f"| {each:.3f} | {found['plan_again']:.2f} | {found['peak_mib']:.0f} |",
            flush=True,
        )


def main() -> None:
    """Measure cores, rows or both."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=("cores", "rows"), help="both where not given")
    parser.add_argument("--cores", type=int, nargs="+", default=(1, 2))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="that 2N photos take, about")
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--keep", type=Path, default=Path(__file__).parent / "out")
    parser.add_argument("--measure", type=int, metavar="ROWS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure_rows(options.measure)))
        return
    if options.what != "rows":
        scale_cores(options.cores, options.rounds, options.seconds, options.keep)
    if options.what != "cores":
        scale_rows(options.rows)


if __name__ == "__main__":
    main()
