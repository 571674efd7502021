"""Judge what a store's client raised: will it pass, and what may a person read of it.

Each client has its own exceptions, and their texts repeat whole URLs with the signatures in them.
So faults are judged by the few marks that they share (type, errno, HTTP status, the store's own
code), and only words of our own and such codes leave this module. Pure: exceptions in, words out;
no client is imported.

Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and
https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
"""

import errno
import os
import re
from collections.abc import Iterator, Mapping

from landmark_core.addresses import without_secrets

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
    r"Timeout|Connection|Throttl|SlowDown|Unavailable|Payload|IncompleteRead|TooMany|Streaming"
    r"|HTTPClientError|ServiceRequest|ServiceResponse|Disconnected|ResponseParser|Checksum"
    r"|TransportError|ProxyError|ContentDecoding"
)
_BROKEN_NAME = re.compile(r"Payload|IncompleteRead|Streaming|Disconnected|ResponseParser|Closed")
# Some of these come with status 400.
_PASSING_CODE = re.compile(
    r"SlowDown|Throttl|RequestTimeout|InternalError|ServiceUnavailable|ServerBusy|TooManyRequests"
    r"|OperationTimedOut|OperationAborted|BandwidthLimitExceeded"
)
# Who we are was not believed. Being believed and not allowed (AccessDenied) is another matter.
_REFUSED_CODE = re.compile(
    r"ExpiredToken|ExpiredTokenException|TokenRefreshRequired|InvalidToken|RequestExpired"
    r"|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidClientTokenId|UnrecognizedClientException"
    r"|InvalidSecurity|AuthFailure|AuthenticationFailed|InvalidAuthenticationInfo"
    r"|ExpiredAuthenticationToken|NoAuthenticationInformation|RequestTimeTooSkewed"
)
_REFUSED_NAME = re.compile(
    r"NoCredentials|PartialCredentials|CredentialRetrieval|TokenRetrieval|UnauthorizedSSOToken"
    r"|SSOTokenLoad|RefreshError|DefaultCredentials|ClientAuthentication|CredentialUnavailable"
)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]{2,60}")  # nothing longer, and no signs: never a secret

REFUSED = "credentials refused"  # opens the description of every such fault


class ChangedError(Exception):
    """The object is no longer the version that was asked for."""


class CutError(ConnectionError):
    """An answer ended early and did not say so."""

    def __init__(self, got: int, expected: int) -> None:
        super().__init__(f"expected {expected} bytes, got {got}")


def is_passing(fault: BaseException) -> bool:
    """Say whether trying again may help: a time-out, throttling, a dropped connection."""
    code, status = code_of(fault), status_of(fault)
    if code is not None and _PASSING_CODE.match(code):
        return True
    if isinstance(fault, _LASTING_TYPES):
        return False
    if status is not None:
        return status in _PASSING_STATUS or status >= 500
    if isinstance(fault, TimeoutError | ConnectionError | EOFError):
        return True
    if isinstance(fault, OSError) and fault.errno is not None:
        return fault.errno in _PASSING_ERRNO
    return any(_is_named(one, _PASSING_NAME) for one in _chain(fault))


def is_refused(fault: BaseException) -> bool:
    """Say whether the store did not accept our credentials: expired, unknown or missing ones."""
    code = code_of(fault)
    if code is not None and not code.isdigit():
        return _REFUSED_CODE.fullmatch(code) is not None
    return status_of(fault) == 401 or any(_is_named(one, _REFUSED_NAME) for one in _chain(fault))


def is_changed(fault: BaseException) -> bool:
    """Say whether the object has become another version than the one asked for."""
    if isinstance(fault, ChangedError):
        return True
    return status_of(fault) in (412, 416) or code_of(fault) in ("PreconditionFailed", "412")


def is_missing(fault: BaseException) -> bool:
    """Say whether there is no such object, or no such bucket."""
    return names_fault(fault, "FileNotFoundError") or status_of(fault) in (404, 410)


def is_forbidden(fault: BaseException) -> bool:
    """Say whether the store knows us and does not let us do this."""
    # gcsfs raises a bare OSError, whose text begins so.
    is_bare = any(str(one).startswith("Forbidden: ") for one in _chain(fault))
    return is_bare or names_fault(fault, "PermissionError") or status_of(fault) == 403


def names_fault(fault: BaseException, name: str) -> bool:
    """Say whether a fault, or what it was raised from, is of the kind of this name."""
    return any(name in (kind.__name__ for kind in type(one).__mro__) for one in _chain(fault))


def describe_fault(fault: BaseException) -> str:
    """Say in a few words what happened, without a URL or anything else the fault quotes."""
    code = code_of(fault)
    mark = "" if code is None or code.isdigit() else f" ({code})"
    if isinstance(fault, CutError):
        return str(fault)
    if is_refused(fault):
        return f"{REFUSED}{mark or f' ({_plain_words(fault)})'}"
    if is_changed(fault):
        return "changed since it was listed"
    if is_missing(fault):
        return f"no such {'bucket' if _names_bucket(code) else 'file'}"
    return _plain_words(fault) + mark


def hide_secrets(url: str) -> str:
    """Return a URL without password, query and fragment, for messages.

    `addresses.without_secrets` leaves what tells photos apart, and knows signatures by name.
    """
    return re.split(r"[?#]", without_secrets(url), maxsplit=1)[0]


def code_of(fault: BaseException) -> str | None:
    """Return the store's own word for a fault, such as SlowDown; null where it gave none."""
    for one in _chain(fault):
        response = getattr(one, "response", None)  # botocore
        if isinstance(response, Mapping) and isinstance(response.get("Error"), Mapping):
            code = response["Error"].get("Code")
        else:
            code = getattr(one, "error_code", None)  # azure
            code = getattr(code, "value", code)
        if isinstance(code, str) and (_CODE.fullmatch(code) or code.isdigit()):
            return code
    return None


def status_of(fault: BaseException) -> int | None:
    """Return the HTTP status of a fault; null where it has none."""
    for one in _chain(fault):
        if _BROKEN_NAME.search(type(one).__name__):
            return None  # aiohttp gives an answer that broke off the status 400, whatever it had
        response = getattr(one, "response", None)
        if isinstance(response, Mapping):
            value = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if isinstance(value, int):
                return value
        for name in ("status", "status_code", "code"):
            value = getattr(one, name, None)
            if isinstance(value, str) and value.isdigit():
                value = int(value)
            if isinstance(value, int) and 100 <= value < 600:
                return value
    return None


def _plain_words(fault: BaseException) -> str:
    if is_forbidden(fault):
        return "permission denied"
    if (status := status_of(fault)) is not None:
        return f"HTTP status {status}"
    if isinstance(fault, TimeoutError) or "Timeout" in type(fault).__name__:
        return "timed out"
    if isinstance(fault, OSError) and fault.errno is not None:
        return os.strerror(fault.errno).lower()
    name = type(fault).__name__
    if _BROKEN_NAME.search(name):
        return "the answer broke off"
    return "no connection" if "Connect" in name else name


def _names_bucket(code: str | None) -> bool:
    return code in ("NoSuchBucket", "ContainerNotFound")


def _is_named(fault: BaseException, pattern: re.Pattern[str]) -> bool:
    return any(pattern.search(kind.__name__) for kind in type(fault).__mro__)


def _chain(fault: BaseException) -> Iterator[BaseException]:
    """Yield a fault and what a client raised it from; a client translates what botocore said."""
    seen: BaseException | None = fault
    for _ in range(6):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__
