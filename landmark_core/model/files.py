"""Files that appear complete or not at all, their digests, and a lock on a folder.

What is written goes to a temporary name beside the target, is flushed to the disk and renamed over
it (https://pubs.opengroup.org/onlinepubs/9799919799/functions/rename.html). The lock is an flock:
the kernel releases it when its holder dies in whatever way.
"""

import contextlib
import fcntl
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from landmark_core.errors import RunError

LOCK_FILE = ".lock"
LOCK_WAIT_S = 10.0  # seconds; what is done under the lock takes milliseconds
_LOOK_S = 0.02  # seconds between two tries
_CHUNK_BYTES = 2**20
_PIPE_BYTES = 64 * 2**20  # of what has no size, such as a pipe


def read_at_most(path: Path, most: int) -> bytes:
    """Return the content of a file that has at most so many bytes.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is larger; a pipe or device may have 64 MiB.
    """
    with path.open("rb") as file:
        # Asked first, and read whole: read(n) sets n bytes aside, however small the file.
        status = os.fstat(file.fileno())
        is_ordinary = stat.S_ISREG(status.st_mode)
        data = b"" if status.st_size > most else file.read(-1 if is_ordinary else _PIPE_BYTES + 1)
        if status.st_size > most or (not is_ordinary and len(data) > _PIPE_BYTES):
            raise ValueError(f"it is larger than {most / 2**20:.0f} MiB")
        return data


def write_whole(path: Path, data: bytes) -> None:
    """Write one whole file or none, readable for all.

    Raises:
        OSError: if it cannot be written; the target is as it was.
    """
    with tempfile.NamedTemporaryFile(
        dir=path.parent, prefix=f".{path.name}.", suffix=".tmp", delete=False
    ) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)  # temporary files are private, these are not
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink()
            raise
    flush(path.parent)


def append_line(path: Path, line: bytes) -> None:
    """Append one line that is on the disk when this returns.

    A line that was torn by a kill before is cut away first; one that does not fit is taken back.

    Args:
        path: of the file; made where there is none.
        line: without its end.

    Raises:
        OSError: if it cannot be written.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        whole = os.pread(handle, os.fstat(handle).st_size, 0).rpartition(b"\n")
        end = len(whole[0]) + len(whole[1])
        os.ftruncate(handle, end)
        try:
            rest = memoryview(line + b"\n")
            os.lseek(handle, end, os.SEEK_SET)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, end)
            raise
    finally:
        os.close(handle)
    flush(path.parent)


def flush(path: Path) -> None:
    """Push a file's content, or a folder's names, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        if not path.is_dir():  # some network file systems cannot flush a folder; renames hold
            raise
    finally:
        os.close(handle)


def flush_tree(folder: Path) -> None:
    """Push all files below a folder, and their names, to the disk."""
    for parent, _, names in os.walk(folder):
        for name in names:
            flush(Path(parent, name))
        flush(Path(parent))


def file_digest(path: Path) -> str:
    """Return a file's SHA-256 in 64 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


@contextlib.contextmanager
def hold_folder(root: Path, *, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """Hold a folder against other processes that change it; waits for its turn.

    Raises:
        RunError: if another process holds it for longer than wait_s, or it cannot be locked.
    """
    path = root / LOCK_FILE
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise RunError(f"{path} cannot be opened: {error.strerror}") from error
    try:
        _take(handle, root, wait_s)
        yield
    finally:
        os.close(handle)


def _take(handle: int, root: Path, wait_s: float) -> None:
    until = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > until:
                raise RunError(
                    f"another process has been changing {root} for {wait_s:g} seconds: "
                    "wait for it to end, then try again"
                ) from error
            time.sleep(_LOOK_S)
        except OSError as error:
            raise RunError(f"{root} cannot be locked: {error.strerror}") from error
        else:
            return
