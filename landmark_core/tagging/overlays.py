"""Draw the heatmaps of a shard beside its tagging: threads that read, blend and write.

A photo whose picture was not kept is read once more, at the size a person wants to see, and only if
its bytes are still those that were tagged. A photo that cannot be shown any more has no heatmap and
keeps its row.
"""

import hashlib
import logging
import math
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError
from landmark_core.library import PICTURE_SIDE, decode_photo, fetch_photo, make_picture
from landmark_core.model import LoadedModel
from landmark_core.records import DecodedPhoto, Picture, Prediction
from landmark_core.tables import Store
from landmark_core.tagging.caption import Caption
from landmark_core.tagging.heat import Box
from landmark_core.tagging.heatmap import render_overlay
from landmark_core.tagging.lanes import usable_cores

logger = logging.getLogger(__name__)

WAITING = 64  # overlays under way at once: each holds one photo of up to 640 pixels
WRITING = 8  # of them that wait for the disk or the bucket, beside those that are drawn


class HeatmapWriter:
    """Owns the threads that draw one shard's heatmaps, and knows which were written."""

    def __init__(self, store: Store, model: LoadedModel, run_id: str, limits: ReadLimits) -> None:
        self._store = store
        self._model = model
        self._run_id = run_id
        self._limits = limits
        cores = usable_cores()
        # More would only take turns at drawing, and at what Python lets one thread do at a time.
        self._hands = threading.BoundedSemaphore(cores)
        self._threads = ThreadPoolExecutor(cores + WRITING, thread_name_prefix="heatmap")
        self._room = threading.BoundedSemaphore(WAITING)
        self._drawn: dict[str, Future[str | None]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def draw(
        self,
        photo: DecodedPhoto,
        prediction: Prediction,
        cam: NDArray[np.float32],
        picture: Picture | None = None,
    ) -> None:
        """Queue one overlay; waits while too many are under way.

        Args:
            photo: as it was tagged.
            prediction: what to write on it.
            cam: (h, w) float32 map over the part that the network saw, at least 0.
            picture: the whole photo; null where it has to be read again.
        """
        self._room.acquire()
        future = self._threads.submit(self._draw, photo, prediction, cam, picture)
        future.add_done_callback(lambda _: self._room.release())
        self._drawn[photo.ref.photo_id] = future

    def finish(self) -> dict[str, str]:
        """Wait for all overlays; return their paths relative to OUT, by photo_id.

        Raises:
            RunError: if OUT cannot take them.
        """
        paths = {photo_id: future.result() for photo_id, future in self._drawn.items()}
        return {photo_id: path for photo_id, path in paths.items() if path is not None}

    def _draw(
        self,
        photo: DecodedPhoto,
        prediction: Prediction,
        cam: NDArray[np.float32],
        kept: Picture | None,
    ) -> str | None:
        try:
            with self._hands:
                overlay = self._render(photo, prediction, cam, kept)
        except PhotoError as error:
            logger.warning("no heatmap for %s: %s", photo.ref.uri, error.reason)
            return None
        # Many at once: a disk makes many files durable in the time of one, a bucket likewise.
        return self._store.write_heatmap(self._run_id, photo.ref.photo_id, overlay)

    def _render(
        self,
        photo: DecodedPhoto,
        prediction: Prediction,
        cam: NDArray[np.float32],
        kept: Picture | None,
    ) -> bytes:
        picture = _read_again(photo, self._limits) if kept is None else kept
        caption = Caption(
            photo_id=photo.ref.photo_id,
            model_id=self._model.model_id,
            tag=prediction.tags[0].tag,
            confidence=prediction.tags[0].confidence,
        )
        return render_overlay(picture, cam, crop_box=self._seen(photo), caption=caption)

    def _seen(self, photo: DecodedPhoto) -> Box:
        """Return the part of the photo that the network saw, as fractions of its sides."""
        width, height = _size(photo)
        left, top, right, bottom = self._model.preprocess.crop_box(width, height)
        return left / width, top / height, right / width, bottom / height


def _read_again(photo: DecodedPhoto, limits: ReadLimits) -> Picture:
    """Return the photo at the size of an overlay.

    Raises:
        PhotoError: if it is gone, or is not the same photo any more.
    """
    data = fetch_photo(photo.ref, limits)
    if hashlib.sha256(data).hexdigest() != photo.content_sha256:
        raise PhotoError("fetch_error", "the photo changed while it was being tagged")
    width, height = _size(photo)
    min_side = math.ceil(PICTURE_SIDE * min(width, height) / max(width, height))
    name = photo.ref.location
    decoded = decode_photo(data, name=name, min_side=min_side, limits=limits, margin=1)
    return make_picture(decoded.upright)


def _size(photo: DecodedPhoto) -> tuple[int, int]:
    assert photo.width is not None  # an ok photo has been decoded
    assert photo.height is not None
    return photo.width, photo.height
