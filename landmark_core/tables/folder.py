"""A local folder as a place for results: every file appears complete or not at all.

A file is written under a temporary name (`.<name>.<random>.tmp`, which the globs of pandas, DuckDB
and Spark all pass over), flushed to the disk, then renamed; rename is atomic on POSIX
(https://pubs.opengroup.org/onlinepubs/9799919799/functions/rename.html). Any failure removes it.
"""

import contextlib
import errno
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

from landmark_core.errors import RunError

logger = logging.getLogger(__name__)

TEMPORARY_GLOB = f".*.{8 * '[0-9a-f]'}.tmp"
DISK_IS_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_LINKS_HERE = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})


class Folder:
    """Owns one local folder; names are relative to it, with `/` between their parts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.label = str(root)  # how messages call it

    def put(self, name: str, data: bytes) -> None:
        """Write one whole file, or none.

        Raises:
            RunError: if the disk is full, read-only or broken.
        """
        with self.new_file(name) as path:
            path.write_bytes(data)

    def put_new(self, name: str, data: bytes) -> bool:
        """Write one whole file where there is none of that name, as one step.

        Returns:
            Whether it was written; a file that is there stays as it is.

        Raises:
            RunError: if the disk is full, read-only or broken.
        """
        target = self.root / name
        temporary = _temporary(target)
        try:
            _make_folder(target.parent)
            temporary.write_bytes(data)
            _flush(temporary)
            self._link(temporary, target, data)
            _flush(target.parent)
        except FileExistsError:
            return False
        except OSError as error:
            raise self._explain(error, name, len(data)) from error
        finally:
            _remove(temporary)
        return True

    def put_unsettled(self, name: str, data: bytes) -> None:
        """Write one whole file, or none; a power cut may undo it until `settle`.

        Half of what a small file costs is flushing its folder, which many files can share.

        Raises:
            RunError: if the disk is full, read-only or broken.
        """
        with self.new_file(name, settled=False) as path:
            path.write_bytes(data)

    def settle(self, folder: str) -> None:
        """Make the names right in a folder durable; it need not be there."""
        if (self.root / folder).is_dir():
            _flush(self.root / folder)

    @contextlib.contextmanager
    def new_file(self, name: str, *, settled: bool = True) -> Iterator[Path]:
        """Lend a path to write to; what was written becomes `name` when the block ends well.

        Args:
            name: of the file.
            settled: whether it has to outlive a power cut from then on.

        Raises:
            RunError: if the disk is full, read-only or broken.
        """
        target = self.root / name
        temporary = _temporary(target)
        try:
            _make_folder(target.parent)
            yield temporary
            _flush(temporary)
            temporary.replace(target)
            if settled:
                _flush(target.parent)  # a rename is durable once its folder is
        except OSError as error:
            needed = _remove(temporary)
            raise self._explain(error, name, needed) from error
        except BaseException:  # Ctrl-C included: nothing half-written stays
            _remove(temporary)
            raise

    def get(self, name: str) -> bytes:
        """Return a file's content; FileNotFoundError where there is none."""
        return (self.root / name).read_bytes()

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading at any position."""
        return (self.root / name).open("rb")

    def exists(self, name: str) -> bool:
        """Whether a whole file of this name is there."""
        return (self.root / name).is_file()

    def remove(self, name: str) -> None:
        """Remove a file if it is there.

        Raises:
            RunError: if that is not allowed, or the disk fails.
        """
        try:
            (self.root / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._explain(error, name, 0) from error

    def remove_empty(self, folder: str) -> None:
        """Remove a folder if nothing is in it."""
        with contextlib.suppress(OSError):  # it is not empty, or gone already
            (self.root / folder).rmdir()

    def list_names(self, folder: str) -> list[str]:
        """Return the names of all files below a folder, sorted; hidden ones are left out.

        Raises:
            RunError: if a folder cannot be listed: what it holds would be taken for missing.
        """
        return sorted(self._walk(self.root / folder))

    def list_folders(self, folder: str) -> list[str]:
        """Return the names of the folders right in a folder, sorted."""
        place = self.root / folder
        try:
            found = list(place.iterdir()) if place.is_dir() else []
        except OSError as error:
            self._refuse_unlisted(error)
            return []
        return sorted(path.relative_to(self.root).as_posix() for path in found if path.is_dir())

    def list_temporary(self, folder: str) -> list[str]:
        """Return the names of files below a folder that were never finished.

        Raises:
            RunError: if a folder cannot be listed.
        """
        found = self._walk(self.root / folder, hidden=True)
        return sorted(name for name in found if fnmatchcase(Path(name).name, TEMPORARY_GLOB))

    def _link(self, temporary: Path, target: Path, data: bytes) -> None:
        """Give a finished file its name; FileExistsError where that is taken."""
        try:
            target.hardlink_to(temporary)
        except OSError as error:
            if error.errno not in _NO_LINKS_HERE:
                raise
            # Exclusive as well, but for a moment the file is there without its content.
            logger.warning("%s: no hard links here; files are created in place", self.label)
            with target.open("xb") as file:
                file.write(data)
            _flush(target)

    def _walk(self, folder: Path, *, hidden: bool = False) -> Iterator[str]:
        for parent, folders, files in os.walk(folder, onerror=self._refuse_unlisted):
            if not hidden:
                folders[:] = [name for name in folders if not name.startswith(".")]
            relative = Path(parent).relative_to(self.root).as_posix()
            yield from (f"{relative}/{n}" for n in files if hidden or not n.startswith("."))

    def _refuse_unlisted(self, error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # not made yet, or removed meanwhile
            reason = error.strerror or str(error)
            raise RunError(f"{error.filename or self.label} cannot be listed: {reason}") from error

    def _explain(self, error: OSError, name: str, written: int) -> RunError:
        if error.errno not in DISK_IS_FULL:
            return RunError(f"{self.label}: {error.strerror or error}, while writing {name}")
        free = shutil.disk_usage(self.root).free if self.root.is_dir() else 0
        return RunError(
            f"{self.label} is full: {name} did not fit ({_size(written)} written, "
            f"{_size(free)} free; {error.strerror}); make room, then run the same command again"
        )


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")


def _make_folder(folder: Path) -> None:
    """Create a folder with its parents, each made durable in the one above."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    try:
        folder.mkdir(exist_ok=True)  # another thread may make it at the same moment
    except FileExistsError as error:
        message = f"{folder} is a file, expected a folder"
        raise NotADirectoryError(errno.ENOTDIR, message) from error
    _flush(folder.parent)


def _flush(path: Path) -> None:
    """Push a file's content, or a folder's names, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network and FUSE file systems cannot flush a folder; the rename itself holds.
        if not (path.is_dir() and error.errno in {errno.EINVAL, errno.ENOTSUP}):
            raise
    finally:
        os.close(handle)


def _remove(temporary: Path) -> int:
    """Remove an unfinished file; return how many bytes it had, 0 where there was none."""
    try:
        size = temporary.stat().st_size
        temporary.unlink()
    except OSError:  # it was never made, or the disk is gone: the first error says more
        return 0
    return size


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
