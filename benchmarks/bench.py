"""This project against its peers, in the same run: a table and a chart of what a photo costs.

    make bench                                   # everything: about 25 minutes
    make bench BENCH="--quick"                   # 2-megapixel photos and ResNet-18: a few minutes
    make bench BENCH="--only 12mp ours plain"    # chosen cases and contestants

Contestants are whole processes (benchmarks/peers), run in rounds: everybody once in each, in a new
order. Cost is marginal: a run of 3N photos minus a run of N, over 2N. N is such that 2N photos take
every contestant about as long. Table, chart and raw figures are written after each round, so that a
run that is stopped leaves what it has.
"""

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.comparison.cases import Case, choose_cases
from benchmarks.comparison.chart import draw_chart
from benchmarks.comparison.machine import describe_machine, machine_line
from benchmarks.comparison.marginal import Pair
from benchmarks.comparison.results import add_up
from benchmarks.comparison.rounds import Arena, run_rounds, warm_up
from benchmarks.comparison.table import to_markdown
from landmark_core.errors import ConfigError

HERE = Path(__file__).parent
ROUNDS, QUICK_ROUNDS = 3, 2
SECONDS, QUICK_SECONDS = 4.0, 3.0  # that 2N photos of a contestant take, about


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one size, fewer and shorter rounds")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="cases, contestants or both"
    )
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="that 2N photos take, about: it sets N")
    parser.add_argument("--results", type=Path, default=HERE / "results", help="folder to write to")
    parser.add_argument("--keep", type=Path, default=HERE / "out", help="folder of drawn photos")
    return parser.parse_args()


def main() -> None:
    """Warm up, run the rounds, write what came out."""
    options = read_options()
    try:
        cases = choose_cases(options.only, quick=options.quick)
    except ConfigError as error:
        raise SystemExit(str(error)) from error
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    seconds = options.seconds or (QUICK_SECONDS if options.quick else SECONDS)
    machine = machine_line(describe_machine(date.today()))  # noqa: DTZ011 - the day here
    print(machine, flush=True)
    arena = Arena(folder=options.keep.absolute(), seconds=seconds, say=_say)
    started = time.perf_counter()
    able, answers = warm_up(arena, cases)
    _say(f"photos drawn, everybody warmed up in {time.perf_counter() - started:.0f} s")
    pairs: list[Pair] = []
    for number, found in enumerate(run_rounds(arena, able, rounds), start=1):
        pairs += found
        rounds_run = f"{number} round{'s' * (number > 1)}"
        settings = f"{rounds_run}, N for about {seconds:g} s of work, hard links of drawn pictures."
        write_results(options.results, able, pairs, machine, settings, answers)
    _say(f"{time.perf_counter() - started:.0f} s in all; see {options.results}/bench.md")


def write_results(
    folder: Path,
    cases: Sequence[tuple[Case, Sequence[str]]],
    pairs: Sequence[Pair],
    machine: str,
    settings: str,
    answers: dict[str, Any],
) -> None:
    """Write table, chart and raw figures; print the table."""
    folder.mkdir(parents=True, exist_ok=True)
    results = add_up(cases, pairs)
    page = to_markdown(results, machine=machine, settings=settings, answers=answers)
    (folder / "bench.md").write_text(page, encoding="utf-8")
    caption = f"Bars are medians, whiskers least and most. {machine} {settings}"
    draw_chart(results, folder / "bench.png", caption=caption)
    raw: dict[str, Any] = {"machine": machine, "settings": settings, "answers": answers}
    raw["pairs"] = [dataclasses.asdict(pair) for pair in pairs]
    (folder / "bench.json").write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
    print(page, flush=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
