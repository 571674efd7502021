"""Run contestants as whole processes, in rounds: everybody once, in another order each time."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.comparison.cases import BATCH, BY_NAME, Case, Contestant
from benchmarks.comparison.marginal import FACTOR, Pair
from benchmarks.comparison.models import make_model
from benchmarks.comparison.photos import draw_pictures, link_library

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 900  # of one run; far above any


class FailedRunError(Exception):
    """A contestant did not do what it was asked; the text is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """Where photos and models lie, and how long the runs should be."""

    folder: Path  # kept: what was drawn once is there the next time
    seconds: float  # that 2N photos take, about
    say: Callable[[str], None]  # progress, one line

    def run(self, case: Case, contestant: Contestant, count: int) -> tuple[float, dict[str, Any]]:
        """Run a contestant over so many photos; return the seconds of the process and its answer.

        Raises:
            FailedRunError: it failed, or says that it did another number of photos.
        """
        library = self._library(case, count)
        model, classes = make_model(self.folder / "models", case.model)
        with tempfile.TemporaryDirectory() as out:
            command = [sys.executable, "-m", f"benchmarks.peers.{contestant.module}", str(library)]
            command += ["--model", str(model), "--classes", str(classes)]
            command += ["--out", f"{out}/rows.parquet", "--network", case.model.network]
            command += ["--resize", str(case.model.resize), "--crop", str(case.model.crop)]
            start = time.perf_counter()
            answer = _answer_of(command, contestant)
            seconds = time.perf_counter() - start
        if answer["photos"] != count:
            raise FailedRunError(f"{contestant.name} did {answer['photos']} of {count} photos")
        return seconds, answer

    def prepare(self, case: Case, contestant: Contestant) -> dict[str, Any]:
        """Make the libraries of both runs, and run a batch to warm up; return its answer."""
        short = case.count_photos(contestant, self.seconds)
        for count in (short, FACTOR * short):
            self._library(case, count)
        return self.run(case, contestant, BATCH)[1]

    def measure(self, case: Case, contestant: Contestant, number: int) -> Pair:
        """Do the short and the long run of one round."""
        count = case.count_photos(contestant, self.seconds)
        short_s, _ = self.run(case, contestant, count)
        long_s, _ = self.run(case, contestant, FACTOR * count)
        pair = Pair(
            case=case.name,
            contestant=contestant.name,
            round=number,
            photos=count,
            short_s=short_s,
            long_s=long_s,
        )
        self.say(
            f"round {number}  {case.name:16} {contestant.name:13} {short_s:6.1f} s for {count:5}, "
            f"{long_s:6.1f} s for {FACTOR * count:5}: {pair.marginal_ms:6.1f} ms a photo"
        )
        return pair

    def _library(self, case: Case, count: int) -> Path:
        pictures = draw_pictures(self.folder / "pictures" / case.photos.name, case.photos)
        return link_library(self.folder / "photos" / case.photos.name, pictures, count)


def run_rounds(
    arena: Arena, cases: Sequence[tuple[Case, Sequence[str]]], rounds: int
) -> Iterator[list[Pair]]:
    """Yield the pairs of one round after the other; who fails in one is left out from then on."""
    order = random.Random(0)
    out: set[tuple[str, str]] = set()
    for number in range(1, rounds + 1):
        pairs = []
        for case, members in cases:
            for name in order.sample(members, len(members)):
                if (case.name, name) in out:
                    continue
                try:
                    pairs.append(arena.measure(case, BY_NAME[name], number))
                except FailedRunError as error:
                    out.add((case.name, name))
                    arena.say(f"{name} is left out of {case.name}: {error}")
        yield pairs


def warm_up(
    arena: Arena, cases: Sequence[tuple[Case, Sequence[str]]]
) -> tuple[list[tuple[Case, tuple[str, ...]]], dict[str, dict[str, Any]]]:
    """Run everybody once; return the cases with those who can, and what each says of itself."""
    answers: dict[str, dict[str, Any]] = {}
    able: list[tuple[Case, tuple[str, ...]]] = []
    missing = {name for _, members in cases for name in members if not _is_installed(BY_NAME[name])}
    for name in sorted(missing):
        arena.say(f"{name} is skipped: the package {BY_NAME[name].needs} is not installed")
    for case, members in cases:
        good = []
        for name in members:
            if name in missing:
                continue
            arena.say(f"warming up  {case.name:16} {name}")
            try:
                answers[name] = arena.prepare(case, BY_NAME[name])
            except FailedRunError as error:
                arena.say(f"{name} is left out of {case.name}: {error}")
            else:
                good.append(name)
        able.append((case, tuple(good)))
    return able, answers


def _is_installed(contestant: Contestant) -> bool:
    return contestant.needs is None or find_spec(contestant.needs) is not None


def _answer_of(command: list[str], contestant: Contestant) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired as error:
        raise FailedRunError(f"{contestant.name} took more than {TIMEOUT_S} s") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise FailedRunError(f"{contestant.name} ended with {done.returncode}: {last[:300]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer
