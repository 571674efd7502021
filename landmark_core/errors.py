"""The error tree: what went wrong decides what happens next.

    LandmarkError
    ├── ConfigError      the command or its settings are wrong   → the run stops, exit code 2
    ├── RunError         OUT or the machine failed the run       → the run stops, exit code 1
    ├── ShardError       one shard cannot be done                → the others are, then exit code 1
    ├── TransientError   time can heal it (network, throttling)  → retried, then a fetch_error row
    └── PhotoError       one photo cannot be read                → a row with its status

Every message is one line: what was expected, what came, what to type instead.
"""

from typing import Literal

PhotoFailure = Literal["corrupt", "unsupported", "too_large", "fetch_error"]


class LandmarkError(Exception):
    """Base of every error that this project raises on purpose."""


class ConfigError(LandmarkError):
    """The command, a setting or an input file is wrong; nothing was tagged."""


class RunError(LandmarkError):
    """The run cannot go on: OUT cannot be written, the disk is full, the device failed."""


class ShardError(LandmarkError):
    """One shard of a run cannot be done; the others can."""


class TransientError(LandmarkError):
    """A fault that may pass: a time-out, throttling, a dropped connection."""


class PhotoError(LandmarkError):
    """One photo cannot be used; it becomes a row with this status.

    Args:
        status: the row's status column.
        reason: the row's error column, one line for a person.
    """

    def __init__(self, status: PhotoFailure, reason: str) -> None:
        super().__init__(status, reason)  # both in args, so that the error survives pickling
        self.status: PhotoFailure = status
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.status}: {self.reason}"
