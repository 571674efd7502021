"""Children of a process: made, waited for, held to a time and to memory, and kept quiet."""

import contextlib
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

MOST_MEMORY = 4 * 2**30  # bytes of a child's own data


def fork(body: Callable[[], int]) -> int:
    """Return the id of a child that runs this and gives its result as exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            code = body()
        os._exit(code)
    return child


def fork_unless_alone(parent: int) -> int:
    """Fork; end instead where the parent has been killed, and nobody waits for answers any more."""
    if os.getppid() != parent:
        os._exit(1)
    return os.fork()


def wait(child: int) -> int:
    """Return a child's exit code; not 0 as well where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def limit(seconds: float) -> None:
    """End this process after so many seconds, whatever it does then, and bound its memory."""
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def be_quiet() -> None:
    """Let this process read nothing and say nothing."""
    with Path(os.devnull).open("r+b") as nothing:
        for stream in range(3):
            os.dup2(nothing.fileno(), stream)
