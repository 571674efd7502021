"""Let opening chosen files fail in this process; Python runs this first where its folder is known.

Every process of a soak run has it on PYTHONPATH, also those that read photos. What a photo's name
says is what happens to whoever opens it; a part of the tables fails to get its name now and then.
"""

import errno
import io
import multiprocessing
import os
import random
import re
import signal
import time

_FAULTS = re.compile(r"-(eio|memory|slow|crash)\.jpg$")
_PARTS_THAT_FAIL = float(os.environ.get("SOAK_PARTS", "0"))
_open, _replace = io.open, os.replace


def _faulty_open(file, *arguments, **options):  # type: ignore[no-untyped-def]
    found = (
        _FAULTS.search(os.fsdecode(file)) if isinstance(file, str | bytes | os.PathLike) else None
    )
    if found and os.environ.get("SOAK_FAULTS"):
        _happen(found[1])
    return _open(file, *arguments, **options)


def _happen(fault: str) -> None:
    if fault == "eio":
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    if fault == "memory":
        raise MemoryError
    if fault == "slow":
        time.sleep(0.02)
    if fault == "crash" and multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGSEGV)


def _faulty_replace(source, target, **options):  # type: ignore[no-untyped-def]
    is_part = os.fsdecode(target).endswith(".parquet") and "/tags/" in os.fsdecode(target)
    if is_part and random.random() < _PARTS_THAT_FAIL:
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    return _replace(source, target, **options)


io.open, os.replace = _faulty_open, _faulty_replace  # type: ignore[assignment]
