"""Tag broken photos by the tens of thousands: every file a row, and no run that hangs or dies.

    make fuzz                                  # 20,000 cases, a few minutes
    make fuzz FUZZ="--cases 200000 --seed 7"
    make fuzz FUZZ="--seeds FOLDER"            # mutate these files too

Each round writes some thousands of files, made of good ones by `fuzzing.mutate`, runs `landmarks
tag` over them as a user would, and compares rows with files. Photos that crashed, hung or starved a
decoder are kept in --found, as those of a round that failed are: they belong into the tests. Equal
seeds give equal files.
"""

import argparse
import collections
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.dataset as ds
from draw_library import draw_scene, encode
from draw_model import save_tiny_model
from fuzzing.mutate import mutate

from landmark_core.library.kinds import PHOTO_EXTENSIONS

FORMATS = ("jpg", "png", "gif", "webp", "tif", "bmp", "avif", "heic")
SIZES = ((64, 48), (33, 47), (200, 150))  # pixels; small files are mutated where it matters
STATUSES = {"ok", "corrupt", "unsupported", "too_large"}
LARGEST_SEED = 300_000  # bytes
KILLED = ("crashed", "processor time", "no answer", "not enough memory")  # in a row's reason


class FuzzError(Exception):
    """A promise was broken; the text says which, in one line."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A good file."""

    data: bytes
    suffix: str


def gather_seeds(folder: Path | None) -> list[Seed]:
    """Return drawn photos of all formats, and the files of a folder."""
    seeds = [
        Seed(encode(draw_scene(number, size), suffix), suffix)
        for suffix in FORMATS
        for number, size in enumerate(SIZES)
    ]
    more = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
    return seeds + [
        Seed(path.read_bytes(), _listed(path.suffix))
        for path in more
        if 0 < path.stat().st_size <= LARGEST_SEED
    ]


def _listed(suffix: str) -> str:
    """Return a suffix by which a file is taken for a photo, whatever it holds."""
    bare = suffix.lower().lstrip(".")
    return bare if bare in PHOTO_EXTENSIONS else "jpg"


def write_cases(folder: Path, cases: Sequence[int], seeds: Sequence[Seed], base: int) -> None:
    """Write a broken file for each case number."""
    contents = [seed.data for seed in seeds]
    for case in cases:
        rng = random.Random(f"{base}/{case}")
        seed = rng.choice(seeds)
        name = folder / f"{case:08d}.{seed.suffix}"
        name.write_bytes(mutate(seed.data, rng, contents))


def tag(folder: Path, out: Path, timeout_s: float, more: Sequence[str]) -> None:
    """Run the command.

    Raises:
        FuzzError: it failed, or did not end in time.
    """
    command = [sys.executable, "-m", "landmark_core.cli", "tag", str(folder), "--out", str(out)]
    command += ["--no-progress", "--review-below", "0", *more]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        raise FuzzError(f"the run did not end in {timeout_s:g} s") from error
    if done.returncode:
        raise FuzzError(f"exit code {done.returncode}: {done.stderr[-2000:]}")


def check_rows(folder: Path, out: Path) -> tuple[collections.Counter[str], list[str]]:
    """Compare rows with files; return photos by status, and the names that killed a decoder.

    Raises:
        FuzzError: a file without its row, a row too many, or a row that says nothing.
    """
    columns = ["uri", "status", "error", "width"]
    rows = ds.dataset(out / "tags", format="parquet").to_table(columns=columns).to_pylist()
    names = sorted(file.name for file in folder.iterdir())
    if sorted(Path(row["uri"]).name for row in rows) != names:
        raise FuzzError(f"{len(rows)} rows of {len(names)} files, or other names")
    for row in rows:
        good = row["status"] == "ok"
        told = row["error"] is None if good else bool(row["error"]) and "\n" not in row["error"]
        if row["status"] not in STATUSES or not told or (row["width"] is None) == good:
            raise FuzzError(f"a row that contradicts itself: {row}")
    killers = [
        Path(row["uri"]).name
        for row in rows
        if any(word in (row["error"] or "") for word in KILLED)
    ]
    return collections.Counter(row["status"] for row in rows), killers


def main() -> None:
    """Run the rounds, say what came out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--round", type=int, default=10_000, help="files of one run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=Path, help="a folder of good or odd files to mutate too")
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"))
    parser.add_argument("--timeout", type=float, default=1800.0, help="seconds of one run")
    parser.add_argument("more", nargs="*", help="options of `landmarks tag`, after --")
    options = parser.parse_args()
    seeds = gather_seeds(options.seeds)
    print(f"{len(seeds)} good files; {options.cases:,} cases", flush=True)
    total: collections.Counter[str] = collections.Counter()
    killers = 0
    begun = time.monotonic()
    for first in range(0, options.cases, options.round):
        cases = range(first, min(first + options.round, options.cases))
        with tempfile.TemporaryDirectory() as scratch:
            folder, out = Path(scratch) / "photos", Path(scratch) / "out"
            folder.mkdir()
            model = Path(scratch) / "tiny.pt"  # reading is tried here, not a network
            save_tiny_model(model)
            write_cases(folder, cases, seeds, options.seed)
            try:
                tag(folder, out, options.timeout, ["--model", str(model), *options.more])
                found, killed = check_rows(folder, out)
            except FuzzError as error:
                shutil.copytree(folder, options.found / f"round-{first}", dirs_exist_ok=True)
                raise SystemExit(f"round {first}: {error}; its files: {options.found}") from error
            for name in killed:
                options.found.mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / name, options.found / name)
        total += found
        killers += len(killed)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        statuses = ", ".join(f"{count:,} {status}" for status, count in sorted(total.items()))
        print(
            f"{total.total():,} cases, {total.total():,} rows: {statuses}; {killers} killed or "
            f"starved a decoder; largest process {peak:,.0f} MiB; {time.monotonic() - begun:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
