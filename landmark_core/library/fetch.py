"""Fetch a photo's bytes from disk or from a bucket.

One photo costs at most `ReadLimits.max_bytes` of memory and, in a bucket, `fetch_attempts` tries
(`download`); what cannot be had is a `PhotoError`. Nothing is decoded here.
"""

import itertools
import random
import stat
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError
from landmark_core.library.failures import too_large
from landmark_core.library.faults import describe_fault
from landmark_core.library.identity import is_url
from landmark_core.records import PhotoRef

Outcome = bytes | PhotoError


def fetch_photo(
    ref: PhotoRef,
    limits: ReadLimits,
    *,
    sleep: Callable[[float], None] = time.sleep,
    draw: Callable[[], float] = random.random,
) -> bytes:
    """Return the bytes of one photo.

    Args:
        ref: the photo; a listed size guards against cut transfers.
        limits: size, tries and time of one photo.
        sleep: waits so many seconds between two tries.
        draw: gives numbers in [0, 1) for the jitter, so that many workers do not retry in step.

    Raises:
        PhotoError: "too_large" past max_bytes, "fetch_error" where it is missing, forbidden, or
            the tries are used up.
    """
    if not is_url(ref.location):
        return _read_file(ref, limits)
    # fsspec takes a while to import, and local photos do not need it.
    from landmark_core.library.download import download_photo

    return download_photo(ref, limits, sleep, draw)


def fetch_many(refs: Iterable[PhotoRef], limits: ReadLimits) -> Iterator[tuple[PhotoRef, Outcome]]:
    """Yield each photo with its bytes or its failure, in the order given.

    URLs are fetched `fetch_concurrency` at once, ahead of the reader; together they hold at most
    about max_bytes more than one photo alone. Local files are read when their turn comes: a disk
    gains nothing from threads.
    """
    waiting: deque[tuple[PhotoRef, Future[Outcome] | None]] = deque()
    ahead = itertools.chain(refs, itertools.repeat(None))
    with ThreadPoolExecutor(limits.fetch_concurrency) as pool:
        upcoming = next(ahead)
        while waiting or upcoming is not None:
            while upcoming is not None and _has_room(waiting, upcoming, limits):
                waiting.append((upcoming, _submit(pool, upcoming, limits)))
                upcoming = next(ahead)
            ref, future = waiting.popleft()
            yield ref, _attempt(ref, limits) if future is None else future.result()


def _submit(
    pool: ThreadPoolExecutor, ref: PhotoRef, limits: ReadLimits
) -> "Future[Outcome] | None":
    return pool.submit(_attempt, ref, limits) if is_url(ref.location) else None


def _has_room(
    waiting: "deque[tuple[PhotoRef, Future[Outcome] | None]]", ref: PhotoRef, limits: ReadLimits
) -> bool:
    if not waiting:
        return True
    held = sum(other.size_bytes or 0 for other, future in waiting if future is not None)
    within_bytes = held + (ref.size_bytes or 0) <= limits.max_bytes
    return len(waiting) < limits.fetch_concurrency and within_bytes


def _attempt(ref: PhotoRef, limits: ReadLimits) -> Outcome:
    try:
        return fetch_photo(ref, limits)
    except PhotoError as error:
        return error
    except Exception as error:  # noqa: BLE001 (MemoryError and the like cost one photo, not all)
        return PhotoError("fetch_error", f"could not be fetched: {type(error).__name__}")


def _read_file(ref: PhotoRef, limits: ReadLimits) -> bytes:
    path = Path(ref.location)
    try:
        # Asked before it is opened: opening a pipe or a device can hang or do things.
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise PhotoError("fetch_error", "not an ordinary file")
        if ref.size_bytes is None:  # a row would be of no version, and the photo be done again
            raise PhotoError("fetch_error", "its size and time could not be had while listing")
        if status.st_size > limits.max_bytes:
            raise too_large(limits)
        with path.open("rb") as file:
            # Bounded by what stat said: read(n) sets n bytes aside before it reads.
            return file.read(status.st_size)
    except (OSError, ValueError) as fault:
        reason = f"could not be fetched: {describe_fault(fault)}"
        raise PhotoError("fetch_error", reason) from fault
