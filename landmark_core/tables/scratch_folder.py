"""The folder of a scratch room, and an end to those that killed processes left behind.

Each folder has a marker that its process keeps locked. The kernel lets go of the lock when the
process dies in whatever way (https://man7.org/linux/man-pages/man2/flock.2.html), so a marker that
can be locked belongs to nobody.
"""

import contextlib
import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

logger = logging.getLogger(__name__)

_PREFIX = "landmarks-"
_MARKER = ".in-use"


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder for temporary files that is gone when the block ends; TMPDIR says where.

    Raises:
        OSError: if it cannot be made.
    """
    _remove_leftovers(Path(tempfile.gettempdir()))
    with contextlib.ExitStack() as stack:
        name = tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(name))
        handle = os.open(folder / "marker", os.O_RDWR | os.O_CREAT, 0o600)
        stack.callback(os.close, handle)
        if _lock(handle):  # else this file system has no locks, and nobody may guess
            (folder / "marker").rename(folder / _MARKER)  # locked from the moment it is there
        yield folder


def _remove_leftovers(parent: Path) -> None:
    """Remove the folders of dead processes of this user."""
    for marker in parent.glob(f"{_PREFIX}*/{_MARKER}"):
        folder = marker.parent
        with contextlib.suppress(OSError):  # somebody else is removing it
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            handle = os.open(marker, os.O_RDWR | os.O_NOFOLLOW)
            try:
                if _lock(handle):
                    logger.info("%s: left behind by a process that was killed; removed", folder)
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
