"""Change the pure modules, one thing at a time, and say which changes no test notices.

    make mutants                                          # all modules of mutating/modules.toml
    make mutants MUTANTS="review/queue.py tables/names.py"   # these alone
    make mutants MUTANTS="--most 40 --seed 7"                # at most so many changes of a module

Prints each survivor as file:line, what it was and what it became, then a table. A test that could
have noticed is missing for each, unless the change changes nothing: `docs/mutants.md` has the
answers. No file is touched; see `mutating.sites` for the changes, `mutating.trials` for the runs.
"""

import argparse
import ast
import gc
import importlib
import os
import random
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutating.sites import Site, describe, find_sites
from mutating.trials import Subject, TrialError, find_survivors, settle_hypothesis

# One thread each: a process that has threads cannot be forked safely.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
TABLE = Path(__file__).parent / "mutating" / "modules.toml"


@dataclass(frozen=True, slots=True)
class Score:
    """What became of one module's mutants."""

    path: str
    sites: int  # changes that there are
    tried: int
    survivors: int

    @property
    def killed(self) -> float:
        """The share that some test noticed, in [0, 1]."""
        return (self.tried - self.survivors) / self.tried if self.tried else 1.0


def try_module(entry: dict[str, Any], most: int | None, seed: int, scratch: Path) -> Score:
    """Try the changes of one module and print those that survive.

    Args:
        entry: of the table; its paths are relative to the working directory.
        most: changes to try, drawn at random; null for all.
        seed: of that draw.
        scratch: a folder for the tests' files.
    """
    file = Path(entry["path"])
    tree = ast.parse(file.read_bytes())
    sites = find_sites(tree, frozenset(entry.get("functions", ())))
    tried = draw(sites, most, f"{seed}/{file}")
    subject = Subject(
        file=file.resolve(),
        name=".".join(file.with_suffix("").parts),
        tree=tree,
        tests=tuple(entry["tests"]),
        scratch=scratch,
    )
    began = time.monotonic()
    survivors = find_survivors(subject, tried)
    for site in survivors:
        print(f"{file}:{site.line}: {' -> '.join(describe(site))}")
    score = Score(str(file), len(sites), len(tried), len(survivors))
    took = time.monotonic() - began
    print(f"{file}: {score.killed:.0%} of {len(tried)} in {took:.0f} s", file=sys.stderr)
    return score


def draw(sites: list[Site], most: int | None, seed: str) -> list[Site]:
    """Return so many sites at random, in their order; all where there are no more."""
    if most is None or len(sites) <= most:
        return sites
    numbers = random.Random(seed).sample(range(len(sites)), most)
    return [sites[number] for number in sorted(numbers)]


def table_of(scores: Sequence[Score]) -> str:
    """Return the scores as a Markdown table, with their total."""
    total = Score(
        "all",
        sum(one.sites for one in scores),
        sum(one.tried for one in scores),
        sum(one.survivors for one in scores),
    )
    lines = ["| module | mutants | tried | killed | score |", "|---|---:|---:|---:|---:|"]
    for one in (*scores, total):
        killed = one.tried - one.survivors
        lines.append(f"| {one.path} | {one.sites} | {one.tried} | {killed} | {one.killed:.0%} |")
    return "\n".join(lines)


def main() -> None:
    """Try the modules that were asked for; exit code 1 where tests fail without any change."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("modules", nargs="*", help="ends of paths of the table; none for all")
    parser.add_argument("--most", type=int, help="changes to try of each module, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table", type=Path, default=TABLE)
    options = parser.parse_args()
    table = tomllib.loads(options.table.read_text(encoding="utf-8"))
    asked = tuple(options.modules) or ("",)
    entries = [entry for entry in table["module"] if entry["path"].endswith(asked)]
    if not entries:
        parser.error(f"{options.table} has no module {', '.join(asked)}")
    sys.path.insert(0, str(Path.cwd()))
    os.environ |= ONE_THREAD
    settle_hypothesis()
    for name in table.get("preload", ()):
        importlib.import_module(name)
    gc.freeze()  # collecting would write to the memory that all trials share
    try:
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(scratch) / "tests"
            scores = [try_module(one, options.most, options.seed, place) for one in entries]
    except TrialError as error:
        raise SystemExit(f"mutate: {error}") from error
    print(table_of(scores))
    gc.unfreeze()  # or libraries in C say at the end that this leaks


if __name__ == "__main__":
    main()
