"""Read photos again, one at a time in a process of their own, after a worker died.

A decoder that crashes, or takes all memory, takes its process along. Here each photo of the batches
that were on their way has a process to itself, so the one that kills it is found, and becomes a
`corrupt` row, and its neighbours are fine.
"""

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError, RunError
from landmark_core.library.fetch import fetch_photo
from landmark_core.library.reading import Preprocess, Reading, digest_of, failed, read_photos
from landmark_core.library.workers import main_module_hidden, settle_worker, worker_context
from landmark_core.records import PhotoRef

logger = logging.getLogger(__name__)

_TRIES = 2  # a process may also be killed from outside; the photo is then innocent


def rescue_photos(
    refs: Iterable[PhotoRef], preprocess: Preprocess, limits: ReadLimits
) -> Iterator[Reading]:
    """Yield one reading per photo, in the order given.

    Raises:
        RunError: a fresh process dies without any photo, so the photos are not to blame.
    """
    pool = _start(preprocess)
    try:
        for ref in refs:
            for _ in range(_TRIES):
                try:
                    reading = pool.submit(_read_one, ref, preprocess, limits).result()
                    break
                except BrokenProcessPool:
                    pool.shutdown()
                    pool = _start(preprocess)
            else:
                logger.warning("its decoder crashed: %s", ref.uri)
                reading = _crashed(ref, limits)
            yield reading
    finally:
        pool.shutdown(cancel_futures=True)


def _start(preprocess: Preprocess) -> ProcessPoolExecutor:
    pool = ProcessPoolExecutor(1, mp_context=worker_context(), initializer=settle_worker)
    try:
        with main_module_hidden(unless_used_by=preprocess):
            first = pool.submit(_is_alive, preprocess)  # the process starts in this call
        first.result()
    except BrokenProcessPool as error:
        pool.shutdown()
        raise RunError(
            "processes that read photos die at once: too little memory, or --workers 0 is needed"
        ) from error
    return pool


def _is_alive(_preprocess: Preprocess) -> bool:
    """Run in the fresh process: it imports, and receives what every photo needs."""
    return True


def _read_one(ref: PhotoRef, preprocess: Preprocess, limits: ReadLimits) -> Reading:
    return next(read_photos([ref], preprocess, limits))


def _crashed(ref: PhotoRef, limits: ReadLimits) -> Reading:
    """Make the row of a photo that kills its process; fetching it again does no harm."""
    try:
        digest = digest_of(fetch_photo(ref, limits))
    except PhotoError as error:
        return failed(ref, error)
    return failed(ref, PhotoError("corrupt", "the decoder crashed on it"), digest)
