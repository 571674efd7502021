"""Break records and tables by the ten thousand: each is read, or refused in one line.

    make fuzz-records                                # 20,000 cases, some minutes
    make fuzz-records FUZZ="--cases 100000 --seed 7"
    make fuzz-records FUZZ="--only part-columns"     # one kind; --list names them

What is broken: run files, the records of backfills, compactions and leases, plans, the Parquet
files of tags and reviews, model cards, the archives of model files, the histories of model folders,
and files to be imported. What reads them: the same functions as the commands, in a forked process
with a limit on time and memory. A failure is whatever is not a LandmarkError of one line: another
exception, a dead process, a hang. Its files are kept in --found. Equal seeds give equal cases.
"""

import argparse
import collections
import logging
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "ARROW_IO_THREADS"):
    os.environ.setdefault(_variable, "1")  # a process with threads cannot be forked safely

from fuzzing.isolation import Ended, run_cases  # noqa: E402
from fuzzing.records import KINDS, Kind, run_case  # noqa: E402
from fuzzing.seeds import write_seeds  # noqa: E402

import landmark_core.backfill.executing  # noqa: E402, F401 (torch, outside the limit of a case)

SECONDS = 20.0  # of one case
MEMORY = 1536 * 2**20  # bytes of one process beyond its start


@dataclass(frozen=True, slots=True)
class Result:
    """What a round came to."""

    counts: dict[str, collections.Counter[str]]  # by kind, then outcome
    failures: tuple[tuple[str, Ended], ...]  # with the kind


def fuzz(
    cases: Sequence[int], *, seed: int, kinds: Sequence[Kind], found: Path, until: float | None
) -> Result:
    """Run cases; keep the files of those that failed.

    Args:
        cases: their numbers; each has one of the kinds, in turn.
        seed: with a case's number, decides everything.
        kinds: of records.
        found: where failures go.
        until: on the monotonic clock; no case begins later. Null: all are run.
    """
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    failures: list[tuple[str, Ended]] = []
    with tempfile.TemporaryDirectory(dir=_memory(), prefix="fuzz-records-") as scratch:
        seeds, place = Path(scratch, "seeds"), Path(scratch, "case")
        for ended in run_cases([0], lambda _: _make_seeds(seeds), seconds=120, memory=2**32):
            if ended.outcome != "read":
                raise SystemExit(f"the seeds cannot be made: {ended.detail}")

        def work(case: int) -> None:
            shutil.rmtree(place, ignore_errors=True)
            run_case(seeds, place, kinds[case % len(kinds)], _rng(seed, case))

        for ended in run_cases(cases, work, seconds=SECONDS, memory=MEMORY):
            kind = kinds[ended.case % len(kinds)]
            counts[kind.name][ended.outcome] += 1
            if ended.outcome == "failed":
                failures.append((kind.name, ended))
                folder = found / f"{kind.name}-{seed}-{ended.case}"
                _keep(folder, kind, seeds, ended, _rng(seed, ended.case))
            if until is not None and time.monotonic() > until:
                break
    return Result(dict(counts), tuple(failures))


def _memory() -> Path | None:
    """Return where scratch copies go: memory, where there is such a folder."""
    shared = Path("/dev/shm")  # a folder with a name of its own is made in it
    return shared if shared.is_dir() else None


def _make_seeds(folder: Path) -> None:
    folder.mkdir()
    write_seeds(folder)


def _rng(seed: int, case: int) -> random.Random:
    return random.Random(f"{seed}/{case}")


def _keep(folder: Path, kind: Kind, seeds: Path, ended: Ended, rng: random.Random) -> None:
    """Keep the broken file and what came of it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "why.txt").write_text(ended.detail)

    def make_again(_: int) -> None:
        data = kind.broken((seeds / kind.file).read_bytes(), rng)
        (folder / Path(kind.file).name).write_bytes(data)

    # In a process of its own: it would start threads in this one, which is forked again.
    list(run_cases([ended.case], make_again, seconds=SECONDS, memory=MEMORY))


def _lines(result: Result) -> Iterator[str]:
    for name, counts in result.counts.items():
        told = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(counts.items()))
        yield f"  {name:<16} {told}"


def main() -> None:
    """Run the cases, say what came out; exit code 1 where one failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", default=[], help="a kind; repeatable")
    parser.add_argument("--list", action="store_true", help="name the kinds")
    parser.add_argument("--minutes", type=float, help="no case begins later")
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"))
    options = parser.parse_args()
    kinds = [kind for kind in KINDS if not options.only or kind.name in options.only]
    if options.list or not kinds:
        raise SystemExit("\n".join(kind.name for kind in KINDS))
    logging.disable(logging.CRITICAL)  # what is passed over is said in the log
    begun = time.monotonic()
    result = fuzz(
        range(options.first, options.first + options.cases),
        seed=options.seed,
        kinds=kinds,
        found=options.found,
        until=None if options.minutes is None else begun + 60 * options.minutes,
    )
    total = sum(counts.total() for counts in result.counts.values())
    print("\n".join(_lines(result)))
    for name, ended in result.failures[:20]:
        print(f"{name} {ended.case}: {ended.detail.strip().splitlines()[-1]}")
    seconds = time.monotonic() - begun
    print(f"{total:,} cases, {len(result.failures):,} failed, {seconds:.0f} s", flush=True)
    raise SystemExit(1 if result.failures else 0)


if __name__ == "__main__":
    main()
