"""Read photos: fetch, decode and preprocess each one; good or bad, each comes back.

This is what a worker process does with the references it is given. Nothing that one photo does,
short of killing the process, reaches its neighbours.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError
from landmark_core.library.bounds import processor_time_bounded
from landmark_core.library.decode import decode_photo
from landmark_core.library.fetch import Outcome, fetch_many
from landmark_core.library.pictures import keep_picture
from landmark_core.records import DecodedPhoto, PhotoRef, Picture, ReadSeconds


class Preprocess(Protocol):
    """What a model does to an upright photo before it looks at it; picklable."""

    @property
    def min_side(self) -> int:
        """Pixels that the photo's short side is reduced to."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of what `apply` returns."""
        ...

    def apply(self, picture: Image.Image | NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turn an upright RGB photo, an image or (H, W, 3), into uint8 (H, W, 3)."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """One photo and its pixels, which are there where the photo is ok."""

    photo: DecodedPhoto
    pixels: NDArray[np.uint8] | None  # (H, W, 3) RGB
    picture: Picture | None = None  # to draw on; see `pictures`
    seconds: ReadSeconds = field(default_factory=ReadSeconds)


def read_photos(
    refs: Iterable[PhotoRef],
    preprocess: Preprocess,
    limits: ReadLimits,
    *,
    picture_bytes: int = 0,
    bounded: bool = False,
) -> Iterator[Reading]:
    """Yield one reading per photo, in the order given.

    Args:
        refs: the photos.
        preprocess: what the model does to a photo.
        limits: what one photo may cost.
        picture_bytes: room for the pictures of all of them together; a photo whose picture finds
            none left has none. 0 keeps no picture.
        bounded: this process may die of a photo that takes more processor time than limits allow.
    """
    fetched = fetch_many(refs, limits)
    while True:
        asked = time.perf_counter()
        found = next(fetched, None)
        if found is None:
            return
        fetch_s = time.perf_counter() - asked
        begun = time.thread_time()
        with processor_time_bounded(limits.decode_timeout_s) if bounded else nullcontext():
            reading = _read(*found, preprocess, limits, picture_bytes)
        if reading.picture is not None:
            picture_bytes -= reading.picture.nbytes
        decode_s = time.thread_time() - begun
        yield replace(reading, seconds=ReadSeconds(fetch=fetch_s, decode=decode_s))


def failed(ref: PhotoRef, error: PhotoError, digest: str | None = None) -> Reading:
    """Make the reading of a photo that cannot be used.

    Args:
        ref: the photo.
        error: why.
        digest: SHA-256 of its bytes in hex; null where they could not be fetched.
    """
    photo = DecodedPhoto(
        ref=ref,
        status=error.status,
        error=error.reason,
        content_sha256=digest,
        width=None,
        height=None,
    )
    return Reading(photo, None)


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of a photo's bytes in hex."""
    return hashlib.sha256(data).hexdigest()


def _read(
    ref: PhotoRef,
    outcome: Outcome,
    preprocess: Preprocess,
    limits: ReadLimits,
    picture_bytes: int,
) -> Reading:
    if isinstance(outcome, PhotoError):
        return failed(ref, outcome)
    digest = digest_of(outcome)
    try:
        decoded = decode_photo(
            outcome, name=ref.location, min_side=preprocess.min_side, limits=limits
        )
        pixels = preprocess.apply(decoded.upright)
        picture = keep_picture(decoded, picture_bytes) if picture_bytes else None
    except PhotoError as error:
        return failed(ref, error, digest)
    except MemoryError:
        reason = "not enough memory to preprocess it"
        return failed(ref, PhotoError("too_large", reason), digest)
    except Exception as error:  # noqa: BLE001 (a bug met by one photo must not cost the others)
        reason = f"preprocessing failed: {type(error).__name__}: {error}".splitlines()[0]
        return failed(ref, PhotoError("corrupt", reason), digest)
    photo = DecodedPhoto(
        ref=ref,
        status="ok",
        error=None,
        content_sha256=digest,
        width=decoded.width,
        height=decoded.height,
    )
    return Reading(photo, pixels, picture)
