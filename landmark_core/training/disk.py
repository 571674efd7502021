"""Write a training's files so that a kill or a full disk never leaves half of one."""

import errno
import os
import shutil
from pathlib import Path

from landmark_core.errors import RunError

_FULL = {errno.ENOSPC, errno.EDQUOT}


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in place whole, on the disk before it returns; OSError passes through."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)  # what it took is needed by whoever cleans up
        raise


def check_room(folder: Path, needed: int, what: str) -> None:
    """Refuse to begin what the disk cannot hold.

    Args:
        folder: on the disk; exists.
        needed: bytes.
        what: needs them, for the message.

    Raises:
        RunError: there is less.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise RunError(
            f"{folder} has {free / 2**20:,.0f} MiB free, {what} need {needed / 2**20:,.0f} MiB: "
            "make room, or give another --out"
        )


def disk_failed(error: OSError, folder: Path) -> RunError:
    """Return what to raise where a file could not be written."""
    if error.errno in _FULL:
        return RunError(
            f"the disk of {folder} is full; what was finished is kept: make room, then --resume"
        )
    return RunError(
        f"{folder} cannot be written: {error.strerror or error}; mend it, then --resume"
    )
