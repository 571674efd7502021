"""One local folder of photos: its sidecars read, replaced whole, removed.

A sidecar is written under another name in its folder, flushed, and renamed; one that was not there
is linked, which fails where somebody else was faster. Right before that its time and size are
compared with those of the bytes that were read. What a killed process left unfinished is removed by
the next look at the folder: the kernel lets go of a dead process's lock on it.
"""

import contextlib
import fcntl
import os
import re
import secrets
import stat
import threading
from collections.abc import Iterator

from landmark_core.errors import RunError
from landmark_core.export import version_text
from landmark_core.library import local_ref
from landmark_core.sidecars.elements import MAX_BYTES, UnfitError
from landmark_core.sidecars.found import ChangedError, Found, choose
from landmark_core.tables import DISK_IS_FULL

_UNFINISHED = re.compile(r"\.landmarks-[0-9a-f]{16}\.tmp")


class LocalFolder:
    """Owns one folder; several threads may use it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._names: frozenset[str] | None = None

    def find(self, base: str) -> str | None:
        """Return the name of a sidecar as it is there: `.xmp` in any case; null for none."""
        return choose(base, self._look())

    def version_of(self, photo: str) -> str | None:
        """Return a photo's version as the tables have it; null where it is gone."""
        path = self._join(photo)
        try:
            ref = local_ref(path, os.stat(path))  # noqa: PTH116 (names that are no text)
        except OSError:
            return None
        return version_text(None, ref.size_bytes, ref.modified_us)

    def read(self, name: str) -> Found:
        """Read a sidecar.

        Raises:
            UnfitError: if it is not a file of this folder, or is too large.
            ChangedError: if it is gone.
        """
        path = self._settle_link(name)
        try:
            # O_NONBLOCK: a pipe of that name would wait for its writer.
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            raise ChangedError from None
        except OSError as error:
            raise UnfitError(f"the sidecar cannot be read: {error.strerror}") from error
        try:
            return _read(handle, path)
        finally:
            os.close(handle)

    def put(self, base: str, found: Found | None, data: bytes) -> None:
        """Write a sidecar whole.

        Args:
            base: its name without `.xmp`, where it is new.
            found: what it was; null where there was none.
            data: what it becomes.

        Raises:
            ChangedError: if it is no longer what was found; it stays as it is.
            UnfitError: if it cannot be written there.
            RunError: if the disk is full.
        """
        path = self._join(f"{base}.xmp") if found is None else found.path
        with _explained(path), _unfinished(os.path.dirname(path), found) as (handle, temporary):  # noqa: PTH120
            _write_all(handle, data)
            os.fsync(handle)
            if found is None:
                _link(temporary, path)
            else:
                _check(path, found)
                _rename(temporary, path)

    def remove(self, found: Found) -> None:
        """Remove a sidecar; raises as `put` does."""
        with _explained(found.path):
            _check(found.path, found)
            os.unlink(found.path)  # noqa: PTH108

    def settle(self) -> None:
        """Make all that was written here durable."""
        with contextlib.suppress(OSError):  # some file systems cannot; the renames hold
            handle = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def look_again(self) -> None:
        """Forget what was in the folder."""
        with self._lock:
            self._names = None

    def _look(self) -> frozenset[str]:
        with self._lock:
            if self._names is None:
                try:
                    self._names = frozenset(os.listdir(self._path))  # noqa: PTH208
                except OSError:  # gone or closed: its photos will be missed
                    self._names = frozenset()
                for name in filter(_UNFINISHED.fullmatch, self._names):
                    _remove_unfinished(self._join(name))
            return self._names

    def _settle_link(self, name: str) -> str:
        """Return the path of a sidecar; where it is a link within the folder, of what it means."""
        path = self._join(name)
        if not os.path.islink(path):  # noqa: PTH114
            return path
        real = os.path.realpath(path)
        if os.path.dirname(real) != os.path.realpath(self._path):  # noqa: PTH120
            raise UnfitError("the sidecar is a link that leads out of the photo's folder")
        return real

    def _join(self, name: str) -> str:
        return f"{self._path.rstrip('/')}/{name}"


def _read(handle: int, path: str) -> Found:
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise UnfitError("the sidecar is not a plain file")
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnfitError(f"the sidecar cannot be read: {error.strerror}") from error
    return Found(data=data, version=_version(status), path=path)


@contextlib.contextmanager
def _unfinished(folder: str, found: Found | None) -> Iterator[tuple[int, str]]:
    """Lend a new file under a name of no meaning; it is gone when the block ends."""
    path = f"{folder}/.landmarks-{secrets.token_hex(8)}.tmp"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with contextlib.suppress(OSError):  # a file system without locks: nothing is swept there
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if found is not None:
            _take_after(handle, found.path)
        yield handle, path
    finally:
        os.close(handle)
        with contextlib.suppress(FileNotFoundError):  # it has its name
            os.unlink(path)  # noqa: PTH108


def _take_after(handle: int, path: str) -> None:
    """Give a new file the mode and, where that is allowed, the owner of another."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        raise ChangedError from None
    with contextlib.suppress(PermissionError):
        os.fchown(handle, status.st_uid, status.st_gid)
    with contextlib.suppress(PermissionError):  # some file systems give every file one mode
        os.fchmod(handle, stat.S_IMODE(status.st_mode))


def _link(temporary: str, path: str) -> None:
    """Give a finished file its name, where nobody has it."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise ChangedError from None
    except OSError as error:
        if error.errno in DISK_IS_FULL:
            raise
        if os.path.lexists(path):
            raise ChangedError from None
        _rename(temporary, path)  # a file system without hard links


def _rename(temporary: str, path: str) -> None:
    try:
        os.replace(temporary, path)  # noqa: PTH105
    except FileNotFoundError:  # another export took the file for left over, before it was locked
        raise ChangedError from None


def _check(path: str, found: Found) -> None:
    try:
        version = _version(os.stat(path, follow_symlinks=False))  # noqa: PTH116
    except FileNotFoundError:
        raise ChangedError from None
    if version != found.version:
        raise ChangedError


def _version(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _remove_unfinished(path: str) -> None:
    """Remove what a dead process left behind; a living one holds a lock on it."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)  # noqa: PTH108
        finally:
            os.close(handle)


@contextlib.contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in DISK_IS_FULL:
            name = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            raise RunError(
                f"no room for {name} ({error.strerror}); make room, then run the same command again"
            ) from error
        raise UnfitError(f"the sidecar cannot be written: {error.strerror}") from error
