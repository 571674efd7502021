"""Fetch one photo from a bucket, in as many tries as it may cost.

A transfer that broke off goes on from there, where the store can do ranges and names versions.

The bytes are of the version that was listed, or there are none: a photo that was replaced since is
a fetch_error, and the next run takes it up in its new version. Taking the new bytes here would make
two rows of one version where another run has listed that version already.
"""

from collections.abc import Callable

from landmark_core.config import ReadLimits
from landmark_core.errors import ConfigError, PhotoError
from landmark_core.library.failures import too_large
from landmark_core.library.faults import ChangedError, CutError, is_passing
from landmark_core.library.objects import read_object
from landmark_core.library.persistence import Perseverance, StoreError, persist
from landmark_core.library.places import Place
from landmark_core.library.transfer import Transfer
from landmark_core.records import PhotoRef


def download_photo(
    ref: PhotoRef,
    limits: ReadLimits,
    sleep: Callable[[float], None],
    draw: Callable[[], float],
) -> bytes:
    """Return the bytes of one photo; see `fetch_photo`.

    Raises:
        PhotoError: "too_large" past max_bytes, else "fetch_error". No message quotes a signed URL.
    """
    if ref.size_bytes is not None and ref.size_bytes > limits.max_bytes:
        raise too_large(limits)
    transfer = Transfer(size=ref.size_bytes, etag=ref.etag, limit=limits.max_bytes + 1)

    def read(place: Place) -> None:
        if not (transfer.data and transfer.is_complete):  # else only an answer's end was lost
            read_object(place, place.path, transfer, limits.fetch_timeout_s)
        _check_length(transfer)

    try:
        persist(ref.location, read, Perseverance(limits.fetch_attempts, sleep, draw))
    except ConfigError as error:
        raise PhotoError("fetch_error", str(error)) from error
    except StoreError as error:
        tries = f" (try {error.attempt} of {limits.fetch_attempts})"
        reason = f"could not be fetched: {error}{tries if is_passing(error.fault) else ''}"
        raise PhotoError("fetch_error", reason) from error
    if len(transfer.data) > limits.max_bytes:
        raise too_large(limits)
    return bytes(transfer.data)


def _check_length(transfer: Transfer) -> None:
    """See that a transfer has what was listed: cut answers do not always say so themselves.

    Raises:
        CutError: bytes are missing.
        ChangedError: there are more, and nothing says that they are of the listed version. Of
            those that are, there may be more: a store can unpack what it sends.
    """
    got, listed = len(transfer.data), transfer.size
    if listed is None or got >= transfer.limit:
        return
    if got < listed:
        raise CutError(got, listed)
    if got > listed and not transfer.is_verified:
        raise ChangedError
