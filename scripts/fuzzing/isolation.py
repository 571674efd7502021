"""Run cases in a forked process with a time and a memory limit, and say how each one ended.

A case that kills or hangs its process ends it; the next one begins in another. Times are a clock's,
memory is that of the process's own data beyond what it had when it was forked.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from landmark_core.errors import LandmarkError
from landmark_core.library.bounds import bound_memory


@dataclass(frozen=True, slots=True)
class Ended:
    """How a case ended."""

    case: int
    outcome: str  # read, refused or failed
    detail: str  # the refusal, or how it failed


def run_cases(
    cases: Sequence[int],
    work: Callable[[int], None],
    *,
    seconds: float,
    memory: int,
    at_once: int = 250,
) -> Iterator[Ended]:
    """Yield how each case ended, in order.

    Args:
        cases: their numbers.
        work: does one; a LandmarkError is a refusal, anything else a failure.
        seconds: of one case, on a clock.
        memory: bytes that a process may take beyond what this one has.
        at_once: cases in one process.
    """
    left = list(cases)
    while left:
        done = 0
        for ended in _run_some(left[:at_once], work, seconds, memory):
            done += 1
            yield ended
        if not done:
            raise RuntimeError("a process ended before its first case")
        left = left[done:]


def _run_some(
    cases: Sequence[int], work: Callable[[int], None], seconds: float, memory: int
) -> Iterator[Ended]:
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if not child:
        os.close(reading)
        _work_as_child(cases, work, writing, seconds, memory)
    os.close(writing)
    begun = None
    with os.fdopen(reading, encoding="utf-8") as lines:
        for line in lines:
            values = json.loads(line)
            begun = values["case"] if values["outcome"] == "begun" else None
            if begun is None:
                yield Ended(values["case"], values["outcome"], values["detail"])
    _, status = os.waitpid(child, 0)
    if begun is not None:
        yield Ended(begun, "failed", _death(status, seconds))


def _work_as_child(
    cases: Sequence[int],
    work: Callable[[int], None],
    writing: int,
    seconds: float,
    memory: int,
) -> None:
    try:
        bound_memory(memory)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process, in C code too
        for case in cases:
            _tell(writing, case, "begun", "")
            signal.setitimer(signal.ITIMER_REAL, seconds)
            outcome, detail = _attempt(work, case)
            signal.setitimer(signal.ITIMER_REAL, 0)
            _tell(writing, case, outcome, detail)
    finally:
        os._exit(0)  # nothing of the parent's is flushed or removed a second time


def _attempt(work: Callable[[int], None], case: int) -> tuple[str, str]:
    try:
        work(case)
    except LandmarkError as error:
        text = str(error)
        return ("failed", f"more than one line: {text!r}") if "\n" in text else ("refused", text)
    except BaseException:  # noqa: BLE001 (that is what is looked for)
        return "failed", traceback.format_exc()
    return "read", ""


def _tell(writing: int, case: int, outcome: str, detail: str) -> None:
    line = json.dumps({"case": case, "outcome": outcome, "detail": detail[-4000:]})
    os.write(writing, line.encode() + b"\n")


def _death(status: int, seconds: float) -> str:
    number = os.waitstatus_to_exitcode(status)
    if number == -signal.SIGALRM:
        return f"no end within {seconds:g} s"
    return (
        f"the process ended with {number} ({signal.strsignal(-number) if number < 0 else 'exit'})"
    )
