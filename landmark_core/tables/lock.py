"""One run at a time in a folder: an exclusive flock on OUT/runs/.lock.

The kernel releases it when its holder dies in whatever way, so there is no stale lock to clean up
(https://man7.org/linux/man-pages/man2/flock.2.html). Buckets have a `lease` instead.
"""

import contextlib
import errno
import fcntl
import json
import logging
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from landmark_core.errors import RunError
from landmark_core.json_text import parse_json, whole_number

logger = logging.getLogger(__name__)

_NAME = Path("runs", ".lock")
_BUSY = frozenset({errno.EWOULDBLOCK, errno.EACCES})
_NO_LOCKS_HERE = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL})

# Seconds: somebody who only looks (`find_holder`) has it for a moment, which is waited for anyway.
_SHORTEST_WAIT_S = 0.2
_LOOK_S, _LONGEST_LOOK_S = 0.05, 1.0
_MOST = 4096  # bytes; ours has about 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that holds a folder."""

    pid: int
    host: str
    since: datetime  # UTC


@contextlib.contextmanager
def hold_lock(root: Path, wait_s: float = 0.0) -> Iterator[None]:
    """Hold a folder for one run.

    Args:
        root: the folder.
        wait_s: seconds to wait for another run that holds it.

    Raises:
        RunError: if another run holds it, naming that run's process.
    """
    path = root / _NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not inherited by programs that are started: a worker that outlives its run holds nothing.
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise RunError(f"{path} cannot be opened: {error.strerror}") from error
    try:
        _take(handle, path, wait_s)
        me = json.dumps({"pid": os.getpid(), "host": socket.gethostname()})
        os.ftruncate(handle, 0)
        os.pwrite(handle, me.encode(), 0)
        yield
    finally:
        os.close(handle)


def find_holder(root: Path) -> Holder | None:
    """Return who holds a folder now; null where nobody does, or it has no locks."""
    path = root / _NAME
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return _read_holder(path) if error.errno in _BUSY else None
    finally:
        os.close(handle)
    return None


def _take(handle: int, path: Path, wait_s: float) -> None:
    until = time.monotonic() + max(wait_s, _SHORTEST_WAIT_S)
    pause = _LOOK_S
    while not _try_to_take(handle, path):
        left = until - time.monotonic()
        if left <= 0:
            raise RunError(_busy_message(path))
        time.sleep(min(pause, left))
        pause = min(2 * pause, _LONGEST_LOOK_S)


def _try_to_take(handle: int, path: Path) -> bool:
    """Return whether the lock is ours, or there are none here."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        if error.errno not in _NO_LOCKS_HERE:
            raise RunError(f"{path} cannot be locked: {error.strerror}") from error
        logger.warning("%s: no locks on this file system; start one run at a time", path)
    return True


def _busy_message(path: Path) -> str:
    holder = _read_holder(path)
    who = f"process {holder.pid} on {holder.host}, since {holder.since:%Y-%m-%d %H:%M} UTC"
    return (
        f"another run is writing to {path.parents[1]} ({who}); "
        "wait for it to end (--wait SECONDS), or stop it"
    )


def _read_holder(path: Path) -> Holder:
    since = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    try:
        with path.open("rb") as file:
            content = parse_json(file.read(_MOST + 1), most=_MOST)
        pid, host = whole_number(content["pid"]), str(content["host"])
        return Holder(pid=pid, host=host, since=since)
    except (ValueError, KeyError, TypeError):  # it took the lock this very moment
        return Holder(pid=0, host="an unknown machine", since=since)
