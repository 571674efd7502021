"""Keep tracebacks off a person's terminal; LANDMARKS_DEBUG=1 brings them back."""

import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from landmark_core.cli import DEBUG_VARIABLE, INTERRUPTED, complain

RUN_LOGGERS = ("prefect", "prefect.flow_runs", "prefect.task_runs")


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Have Prefect log a failure's message without its stack while the block runs."""
    if os.environ.get(DEBUG_VARIABLE):
        yield
        return
    # On a busy machine it counts its last events aloud, after the line that a person should read.
    logging.getLogger("EventsWorker").setLevel(logging.ERROR)
    handlers = {handler for name in RUN_LOGGERS for handler in logging.getLogger(name).handlers}
    for handler in handlers:
        handler.addFilter(_drop_stack)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(_drop_stack)


@contextlib.contextmanager
def quiet_interruption(message: str = INTERRUPTED) -> Iterator[None]:
    """Answer Ctrl-C with one line and exit code 130, whatever falls over behind it.

    A terminal sends Ctrl-C to Prefect's own server as well. It is gone at once, and pages follow
    about connections that are refused and, at Python's very end, about leaks in C++.

    Args:
        message: the line.

    Raises:
        KeyboardInterrupt: after an interruption, in place of whatever it led to.
    """
    interrupted = threading.Event()

    def answer(number: int, frame: FrameType | None) -> None:
        interrupted.set()
        if not os.environ.get(DEBUG_VARIABLE):
            complain(message)
            sys.stderr.flush()
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        signal.default_int_handler(number, frame)

    before = signal.signal(signal.SIGINT, answer)
    try:
        yield
    except Exception as error:
        if interrupted.is_set():
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _drop_stack(record: logging.LogRecord) -> bool:
    record.exc_info = None
    record.exc_text = None
    return True


def without_frames(error: BaseException) -> BaseException:
    """Return the error without its tracebacks, and without those of what led to it.

    The guard makes one line and an exit code of it. Prefect keeps it to Python's end; what its
    frames would hold till then, DuckDB's C++ reports as leaks, a page long.
    """
    seen: BaseException | None = error
    while seen is not None:
        seen.__traceback__ = None
        seen = seen.__cause__ or seen.__context__
    return error
