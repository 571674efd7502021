"""Write one whole file: a temporary name beside the target, then a rename over it."""

import contextlib
import os
import secrets
from pathlib import Path

from landmark_core.errors import RunError


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears complete or not at all; its folder is made where it is missing.

    Raises:
        RunError: if the disk is full, read-only or broken.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):  # it was never made, or the disk is gone
            temporary.unlink()
        if not isinstance(error, OSError):  # Ctrl-C included: nothing half-written stays
            raise
        reason = error.strerror or error
        raise RunError(
            f"{path} cannot be written: {reason}; make room or choose another folder"
        ) from error
