"""Start and settle the processes that read photos. No torch here, so a command can call it first.

Workers come from a fork server (https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods):
a fresh process that has imported torch once and forks workers that share its memory. Forking the
command itself would copy its threads' locks, its CUDA context and its bucket clients, and none of
them survives that.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from multiprocessing.context import BaseContext

from landmark_core.config import ReadLimits
from landmark_core.library.bounds import bound_memory

_PRELOAD = ["landmark_core.library.loader"]  # brings torch, Pillow and NumPy


def worker_context() -> BaseContext:
    """Return how workers are started: fork server where there is one, else spawn (Windows)."""
    has_server = "forkserver" in multiprocessing.get_all_start_methods()
    return multiprocessing.get_context("forkserver" if has_server else "spawn")


def warm_up_workers() -> None:
    """Let the fork server start importing torch, and return at once.

    Called first thing in a command, the two seconds pass while the photos are listed and the model
    is loaded. Calling it again, or not at all, is harmless.
    """
    context = worker_context()
    if context.get_start_method() != "forkserver":
        return
    from multiprocessing import forkserver, resource_tracker

    context.set_forkserver_preload(_PRELOAD)
    # The server and all its workers inherit a blocked SIGINT: Ctrl-C is the command's alone, also
    # in the moment before `settle_worker` runs. A Ctrl-C in here is delivered after it.
    # Python starts the tracker on the way to the server and unblocks SIGINT then: it comes first.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def settle_worker(_number: int = 0, *, limits: ReadLimits | None = None) -> None:
    """Make this process a quiet one that dies with its parent; runs first in every worker.

    Args:
        limits: what it may take; null where it is trusted, as in training.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if limits is not None:
        bound_memory(limits.decode_memory)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    """Wait for the command's end, however it ends, and leave at once.

    Nobody else would: torch watches the worker's own parent, which is the fork server, and that
    lives as long as one of its workers does.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextlib.contextmanager
def main_module_hidden(*, unless_used_by: object) -> Iterator[None]:
    """Keep new processes from importing the program that starts them.

    multiprocessing imports `__main__` again in each child. For `python -m flows.tag` that is
    Prefect: seconds and 100 MB for each worker, which needs nothing of it.

    Args:
        unless_used_by: an object the workers receive; where its class stands in `__main__`, as in a
            notebook or script, that module is needed after all.
    """
    main = sys.modules["__main__"]
    kept = {name: vars(main)[name] for name in ("__spec__", "__file__") if name in vars(main)}
    if type(unless_used_by).__module__ == "__main__":
        kept = {}
    for name in kept:
        setattr(main, name, None)
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(main, name, value)


def shared_memory_free() -> int | None:
    """Return the free bytes of the shared memory that tensors travel in; null where unlimited."""
    try:
        status = os.statvfs("/dev/shm")  # noqa: S108 (asked for its size alone)
    except (OSError, AttributeError):
        return None
    return status.f_bavail * status.f_frsize
