"""Ctrl-C as one line and exit code 130, also in the seconds in which torch is imported."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from landmark_core.cli.console import DEBUG_VARIABLE, EXIT_INTERRUPTED, complain

_IMPORTING = "<frozen importlib._bootstrap>"  # the file that frames of an import name


@contextlib.contextmanager
def quiet_imports(message: str) -> Iterator[None]:
    """End the process at once where Ctrl-C comes in the middle of an import.

    Anywhere else it is a KeyboardInterrupt as ever. Raised in half an import, that is swallowed,
    turned into other errors, or meets C++ of torch that aborts: exit code -6. What an import could
    leave behind is what a kill leaves, which the next run makes good.

    Args:
        message: what to say.
    """
    if not _may_answer():
        yield
        return

    def answer(number: int, frame: FrameType | None) -> None:
        if _is_import(frame) and not os.environ.get(DEBUG_VARIABLE):
            complain(message)
            sys.stderr.flush()
            os._exit(EXIT_INTERRUPTED)
        signal.default_int_handler(number, frame)

    before = signal.signal(signal.SIGINT, answer)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _may_answer() -> bool:
    """Whether Ctrl-C is Python's own still; a program around us may have other plans for it."""
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def _is_import(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTING:
            return True
        frame = frame.f_back
    return False
