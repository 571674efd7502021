"""Read photos: fetch, decode and preprocess each one; good or bad, each comes back.

This is what a worker process does with the references it is given. Nothing that one photo does,
short of killing the process, reaches its neighbours.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError
from landmark_core.library.decode import decode_photo
from landmark_core.library.fetch import Outcome, fetch_many
from landmark_core.records import DecodedPhoto, PhotoRef


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


def read_photos(
    refs: Iterable[PhotoRef], preprocess: Preprocess, limits: ReadLimits
) -> Iterator[Reading]:
    """Yield one reading per photo, in the order given."""
    for ref, outcome in fetch_many(refs, limits):
        yield _read(ref, outcome, preprocess, limits)


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


def _read(ref: PhotoRef, outcome: Outcome, preprocess: Preprocess, limits: ReadLimits) -> Reading:
    if isinstance(outcome, PhotoError):
        return failed(ref, outcome)
    digest = digest_of(outcome)
    try:
        decoded = decode_photo(
            outcome, name=ref.location, min_side=preprocess.min_side, limits=limits
        )
        pixels = preprocess.apply(decoded.upright)
    except PhotoError as error:
        return failed(ref, error, digest)
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
    return Reading(photo, pixels)
