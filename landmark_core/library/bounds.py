"""Bound what one photo may take of a process that reads photos, in C code too. No torch here.

Python cannot interrupt a decoder that hangs, nor refuse it memory. The kernel can: it ends a
process whose timer of processor time runs out (setitimer(2), ITIMER_PROF), and denies it memory
beyond its limit (setrlimit(2), RLIMIT_DATA). Both are for processes that may die: the photo becomes
a row. Processor time, not a clock's: a machine that sleeps or is busy condemns no photo. Where the
system knows neither (Windows), nothing is bounded.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_STATUS = Path("/proc/self/status")


@contextmanager
def processor_time_bounded(seconds: float) -> Iterator[None]:
    """End this whole process where what runs in here takes more than so many processor seconds.

    No cleanup runs and nothing is raised: the kernel does it, with SIGPROF.
    """
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def ran_out_of_time(exit_code: int | None) -> bool:
    """Say whether a process ended because its processor time did, by its exit code."""
    return hasattr(signal, "SIGPROF") and exit_code == -signal.SIGPROF


def bound_memory(more: int) -> None:
    """Let this process have so many bytes of memory of its own more than it has now, for good.

    Beyond it an allocation fails, which decoders and Python report. Shared memory is not counted.
    """
    held = _held_bytes()
    if resource is None or held is None:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = held + more
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _held_bytes() -> int | None:
    """Return what RLIMIT_DATA counts, proc(5): VmData; null where there is no /proc."""
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return None
