"""Read labelled photos once: bytes → digest and decoded pixels on the shelf, or why not.

Threads read side by side (Pillow lets go of Python's lock while it decodes), a few photos ahead of
the one that is being stored. Files that were read before, in this version, are not opened at all.
"""

import hashlib
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from landmark_core.config import ReadLimits
from landmark_core.dataset.look import Looks, take_look
from landmark_core.dataset.shelf import Shelf
from landmark_core.errors import PhotoError
from landmark_core.library import decode_photo, fetch_photo, is_url
from landmark_core.model import Preprocess
from landmark_core.records import PhotoRef

Pixels = NDArray[np.uint8]

_LEAST_THREADS, _MOST_THREADS = 4, 32
_LONGEST = 2  # a photo's long side, in the short sides that are kept


class ReadingProgress(Protocol):
    """What the one who waits is told while photos are read."""

    def reading(self, total: int) -> None:
        """So many photos will be read."""
        ...

    def read(self, count: int) -> None:
        """So many more are done."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What reading one photo told of it."""

    digest: str | None  # SHA-256 in hex of its bytes; null where they could not be fetched
    failure: PhotoError | None = None  # why it cannot be used; null where its pixels are there


@dataclass(frozen=True, slots=True)
class _Pixels:
    photo: Pixels  # (H, W, 3)
    crop: Pixels  # (S, S, 3)
    look: Looks  # (32, 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What is kept of each photo, and what reading it may cost."""

    preprocess: Preprocess  # of the model, makes the crops
    side: int  # pixels that the short side of the kept photos has at most
    limits: ReadLimits


def read_photos(
    refs: Sequence[PhotoRef], shelf: Shelf, needs: Needs, progress: ReadingProgress
) -> list[Seen]:
    """Put the pixels of photos on a shelf.

    Args:
        refs: the photos; one may come several times, and is read as it comes first.
        shelf: open for writing.
        needs: what is kept of each.
        progress: is told of photos, known ones included.

    Returns:
        What was seen of each photo, in their order.

    Raises:
        RunError: the disk is full or fails.
    """
    # The first one counts: the listing's version is that of now, a review's that of the tagging.
    first: dict[str, PhotoRef] = {}
    for ref in refs:
        first.setdefault(ref.photo_id, ref)
    known = {key: shelf.digest_of(ref) for key, ref in first.items()}
    unread = [ref for key, ref in first.items() if known[key] is None]
    progress.reading(len(known))
    progress.read(len(known) - len(unread))
    shelf.check_room(len(unread), needs.side)
    seen = {key: Seen(digest=digest) for key, digest in known.items() if digest is not None}

    def look_at(ref: PhotoRef) -> tuple[Seen, _Pixels | None]:
        return _look_at(ref, shelf, needs)

    for ref, (outcome, pixels) in _side_by_side(look_at, unread, needs.limits):
        seen[ref.photo_id] = outcome
        if outcome.digest is not None and outcome.failure is None:
            shelf.remember(ref, outcome.digest)  # first: adding may settle both
            if pixels is not None:
                shelf.add(outcome.digest, pixels.photo, pixels.crop, pixels.look)
        progress.read(1)
    if unread:
        shelf.settle()
    return [seen[ref.photo_id] for ref in refs]


class _LookAt(Protocol):
    def __call__(self, ref: PhotoRef, /) -> tuple[Seen, _Pixels | None]: ...


def _side_by_side(
    look_at: _LookAt, refs: Iterable[PhotoRef], limits: ReadLimits
) -> Iterator[tuple[PhotoRef, tuple[Seen, _Pixels | None]]]:
    """Yield each photo with what was seen, in order; a bounded number is under way."""
    threads = min(_MOST_THREADS, max(_LEAST_THREADS, os.cpu_count() or 1))
    waiting: deque[tuple[PhotoRef, Future[tuple[Seen, _Pixels | None]]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="photos") as pool:
        try:
            for ref in refs:
                ahead = threads + (limits.fetch_concurrency if is_url(ref.location) else 2)
                waiting.append((ref, pool.submit(look_at, ref)))
                if len(waiting) >= ahead:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:  # Ctrl-C, or the disk is full
                future.cancel()


def _look_at(ref: PhotoRef, shelf: Shelf, needs: Needs) -> tuple[Seen, _Pixels | None]:
    try:
        data = fetch_photo(ref, needs.limits)
    except PhotoError as error:
        return Seen(digest=None, failure=error), None
    digest = hashlib.sha256(data).hexdigest()
    if shelf.has(digest):
        return Seen(digest=digest), None
    try:
        return Seen(digest=digest), _decode(data, ref.location, needs)
    except PhotoError as error:
        return Seen(digest=digest, failure=error), None
    except Exception as error:  # noqa: BLE001 (a bug met by one photo must not cost the others)
        reason = f"preparing it failed: {type(error).__name__}: {error}".splitlines()[0]
        return Seen(digest=digest, failure=PhotoError("corrupt", reason)), None


def _decode(data: bytes, name: str, needs: Needs) -> _Pixels:
    side, limits = needs.side, needs.limits
    # As the tagger decodes it, so that the crop has the tagger's pixels to the last bit.
    decoded = decode_photo(data, name=name, min_side=needs.preprocess.min_side, limits=limits)
    crop = needs.preprocess.apply(decoded.upright)
    image = decoded.image
    if decoded.scaled and min(image.size) < side:  # training wants more than the tagger does
        image = decode_photo(data, name=name, min_side=side, limits=limits).image
    return _Pixels(photo=shrink(image, side), crop=crop, look=take_look(decoded.image))


def shrink(image: Image.Image, side: int) -> Pixels:
    """Return a photo with its short side at most `side` and its long side at most twice that.

    What is too long is cut off at both ends; nothing is enlarged.

    Args:
        image: upright, RGB.
        side: pixels.

    Returns:
        (H, W, 3).
    """
    scale = min(1.0, side / min(image.size))
    most = _LONGEST * side / scale  # pixels of the long side that stay
    width, height = (min(float(length), most) for length in image.size)
    left, top = (image.width - width) / 2, (image.height - height) / 2
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    box = (left, top, left + width, top + height)
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR, box=box))
