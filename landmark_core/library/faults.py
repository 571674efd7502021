"""Judge what a store's client raised: will it pass, and what may a person read of it.

Each client has its own exceptions, and their texts repeat whole URLs with the signatures in them.
So faults are judged by the few marks that they share (type, errno, HTTP status), and only words of
our own leave this module. Pure: exceptions in, words out; no client is imported.
"""

import errno
import os
import re

# HTTP: time-out, too early, too many requests; and everything from 500 on.
_PASSING_STATUS = frozenset((408, 425, 429))
_PASSING_ERRNO = frozenset(
    (
        errno.EIO, errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.ETIMEDOUT, errno.ESTALE,
        errno.ECONNRESET, errno.ECONNABORTED, errno.ECONNREFUSED, errno.EPIPE, errno.EREMOTEIO,
        errno.ENETDOWN, errno.ENETUNREACH, errno.ENETRESET, errno.EHOSTDOWN, errno.EHOSTUNREACH,
        errno.EMFILE, errno.ENFILE,
    )
)  # fmt: skip
_LASTING_TYPES = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
# botocore, aiohttp, azure and google name their exceptions alike but share no base class.
_PASSING_NAME = re.compile(
    r"Timeout|Connection|Throttl|SlowDown|Unavailable|Payload|IncompleteRead|TooMany"
)


def is_passing(fault: BaseException) -> bool:
    """Say whether trying again may help: a time-out, throttling, a dropped connection."""
    if isinstance(fault, _LASTING_TYPES):
        return False
    if (status := _status_of(fault)) is not None:
        return status in _PASSING_STATUS or status >= 500
    if isinstance(fault, TimeoutError | ConnectionError | EOFError):
        return True
    if isinstance(fault, OSError) and fault.errno is not None:
        return fault.errno in _PASSING_ERRNO
    return any(_PASSING_NAME.search(kind.__name__) for kind in type(fault).__mro__)


def describe_fault(fault: BaseException) -> str:
    """Say in a few words what happened, without a URL or anything else the fault quotes."""
    if (status := _status_of(fault)) is not None:
        return f"HTTP status {status}"
    if isinstance(fault, FileNotFoundError):
        return "no such file"
    if isinstance(fault, PermissionError):
        return "permission denied"
    if isinstance(fault, TimeoutError) or "Timeout" in type(fault).__name__:
        return "timed out"
    if isinstance(fault, OSError) and fault.errno is not None:
        return os.strerror(fault.errno).lower()
    return type(fault).__name__


def hide_secrets(url: str) -> str:
    """Return a URL without password, query and fragment: signed URLs carry their key there."""
    bare = re.split(r"[?#]", url, maxsplit=1)[0]
    return re.sub(r"^([^/]*//)[^/@]*@", r"\1", bare)


def _status_of(fault: BaseException) -> int | None:
    for name in ("status", "status_code", "code"):
        value = getattr(fault, name, None)
        if isinstance(value, str) and value.isdigit():
            value = int(value)
        if isinstance(value, int) and 100 <= value < 600:
            return value
    return None
