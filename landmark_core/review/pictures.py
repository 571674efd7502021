"""A photo's id and a size → the bytes of a JPEG, made once and kept for a while.

Only ids come in: where a photo lies is known from its row, and nothing of a request ever names a
file. A photo is always decoded and encoded anew, so that what reaches the browser is a picture and
carries none of the original's metadata. Heatmaps are files that tagging wrote; they are named by
run and photo, in a form that cannot leave OUT, and are passed on only if they are JPEGs.
"""

import hashlib
import io
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal

from PIL import Image

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError
from landmark_core.library import decode_photo, fetch_photo, openable
from landmark_core.records import ReviewItem
from landmark_core.tables import Store, heatmap_path

Size = Literal["thumb", "screen", "full"]

SIDES: dict[Size, int] = {"thumb": 320, "screen": 1600, "full": 4096}  # pixels, the long side
_QUALITY: dict[Size, int] = {"thumb": 80, "screen": 88, "full": 90}
_KEPT_BYTES = 32 * 2**20
_MOST_HEATMAP = 8 * 2**20  # bytes; ours have about 100 KB
_RUN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")
_JPEG_START = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture."""

    jpeg: bytes
    is_changed: bool  # the photo's bytes are no longer those that were tagged


class Pictures:
    """Owns the pictures made lately; several threads may ask."""

    def __init__(self, store: Store, limits: ReadLimits | None = None) -> None:
        self._store = store
        # A person waits: a fetch that hangs is given up sooner than in a nightly run.
        self._limits = limits or ReadLimits(fetch_attempts=2, fetch_timeout_s=15.0)
        self._kept: OrderedDict[tuple[str, ...], Picture] = OrderedDict()
        self._kept_bytes = 0
        self._under_way: dict[tuple[str, ...], Future[Picture]] = {}
        self._lock = threading.Lock()
        self._decoding = threading.BoundedSemaphore(os.cpu_count() or 1)

    def photo(self, item: ReviewItem, size: Size) -> Picture:
        """Return a photo at a size.

        Raises:
            PhotoError: if it cannot be fetched or decoded any more.
        """
        key = (item.ref.photo_id, str(item.content_sha256), size)
        return self._once(key, lambda: self._make(item, size))

    def heatmap(self, item: ReviewItem) -> Picture:
        """Return a photo's overlay as tagging drew it.

        Raises:
            PhotoError: if there is none, or it is no JPEG.
        """
        return self._once((item.run_id, item.ref.photo_id), lambda: self._read_heatmap(item))

    def read_small(self, item: ReviewItem, side: int) -> Image.Image:
        """Return a photo decoded at about a size, without keeping it.

        Raises:
            PhotoError: if it cannot be fetched or decoded any more.
        """
        data = fetch_photo(openable(item.ref), self._limits)
        decoded = decode_photo(
            data, name=item.ref.uri, min_side=side, limits=self._limits, margin=1
        )
        return decoded.image

    def _make(self, item: ReviewItem, size: Size) -> Picture:
        data = fetch_photo(openable(item.ref), self._limits)
        with self._decoding:
            image = _fit(
                decode_photo(
                    data,
                    name=item.ref.uri,
                    min_side=_short_side(item, SIDES[size]),
                    limits=self._limits,
                    margin=1,
                ).image,
                SIDES[size],
            )
            jpeg = _encode(image, _QUALITY[size])
        changed = item.content_sha256 is not None and (
            hashlib.sha256(data).hexdigest() != item.content_sha256
        )
        return Picture(jpeg, changed)

    def _read_heatmap(self, item: ReviewItem) -> Picture:
        if not item.has_heatmap or not _RUN_ID.fullmatch(item.run_id):
            raise PhotoError("fetch_error", "no heatmap was made for this photo")
        name = heatmap_path(item.run_id, item.ref.photo_id)
        try:
            with self._store.open(name) as file:
                data = file.read(_MOST_HEATMAP + 1)
        except OSError as error:
            raise PhotoError("fetch_error", "the heatmap is not there any more") from error
        if len(data) > _MOST_HEATMAP or not data.startswith(_JPEG_START):
            raise PhotoError("corrupt", "the heatmap is no JPEG of ours")
        return Picture(data, is_changed=False)

    def _once(self, key: tuple[str, ...], make: Callable[[], Picture]) -> Picture:
        """Return what is kept, else make it; who asks meanwhile waits for the same one."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            waiting = self._under_way.get(key)
            mine: Future[Picture] = Future()
            if waiting is None:
                self._under_way[key] = mine
        if waiting is not None:
            return waiting.result()
        try:
            picture = make()
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(picture)
            self._keep(key, picture)
            return picture
        finally:
            with self._lock:
                del self._under_way[key]

    def _keep(self, key: tuple[str, ...], picture: Picture) -> None:
        with self._lock:
            self._kept[key] = picture
            self._kept_bytes += len(picture.jpeg)
            while self._kept_bytes > _KEPT_BYTES:
                _, oldest = self._kept.popitem(last=False)
                self._kept_bytes -= len(oldest.jpeg)


def _short_side(item: ReviewItem, long_side: int) -> int:
    """Return the short side of a photo whose long side is reduced to so many pixels."""
    if not item.width or not item.height:
        return long_side
    return max(1, long_side * min(item.width, item.height) // max(item.width, item.height))


def _fit(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    if scale >= 1:
        return image
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    return image.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)


def _encode(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
