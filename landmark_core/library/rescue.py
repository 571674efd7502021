"""Read photos again, one at a time in a process of their own, after a worker died.

A decoder that crashes, hangs, or takes all memory, takes its process along. Here each photo of the
batches that were on their way has a process to itself, so the one that kills it is found, and
becomes a `corrupt` row, and its neighbours are fine.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError, RunError
from landmark_core.library.fetch import fetch_photo
from landmark_core.library.reading import Preprocess, Reading, digest_of, failed, read_photos
from landmark_core.library.workers import main_module_hidden, settle_worker, worker_context
from landmark_core.records import PhotoRef

logger = logging.getLogger(__name__)

_TRIES = 2  # a process may also be killed from outside; the photo is then innocent


class DiedError(Exception):
    """The process that reads did not answer; the text says how, for a photo's row."""


def rescue_photos(
    refs: Iterable[PhotoRef], preprocess: Preprocess, limits: ReadLimits
) -> Iterator[Reading]:
    """Yield one reading per photo, in the order given.

    Raises:
        RunError: a fresh process dies without any photo, so the photos are not to blame.
    """
    with _Reader(preprocess, limits) as reader:
        for ref in refs:
            yield _read_at_last(reader, ref, limits)


def _read_at_last(reader: "_Reader", ref: PhotoRef, limits: ReadLimits) -> Reading:
    how = ""
    for _ in range(_TRIES):
        try:
            return reader.read(ref)
        except DiedError as error:
            how = str(error)
            if reader.took_too_long:
                break  # it would once more
    logger.warning("%s: %s", how, ref.uri)
    return _given_up(ref, limits, how)


class _Reader:
    """Owns one process that reads photos, and starts another where it died."""

    def __init__(self, preprocess: Preprocess, limits: ReadLimits) -> None:
        self._preprocess = preprocess
        self._limits = limits
        self.took_too_long = False  # the last one that died did, by what it was allowed
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def read(self, ref: PhotoRef) -> Reading:
        """Return the reading of a photo.

        Raises:
            DiedError: the process died of it, or gave no answer in time.
            RunError: no new process can live.
        """
        begun = time.monotonic()
        self.took_too_long = False
        try:
            self._pipe.send(ref)
            answered = self._pipe.poll(self._limits.stall_timeout_s)
            if answered:
                reading: Reading = self._pipe.recv()
                return reading
        except (EOFError, OSError):
            answered = True  # by its end
        seconds = time.monotonic() - begun
        self._end()
        self._start()
        allowed = self._limits.decode_timeout_s
        if not answered:
            self.took_too_long = True
            raise DiedError(f"no answer from its decoder in {seconds:.0f} s")
        # A second less, for the timer's grain is coarser than the clock's.
        self.took_too_long = seconds > allowed - min(1.0, allowed / 10)
        if self.took_too_long:
            raise DiedError(f"decoding took more than {allowed:g} s of processor time")
        raise DiedError("the decoder crashed on it")

    def _start(self) -> None:
        context = worker_context()
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(  # type: ignore[attr-defined]  # each kind of context has it
            target=_serve, args=(theirs, self._limits), daemon=True
        )
        with main_module_hidden(unless_used_by=self._preprocess):
            self._process.start()
        theirs.close()
        try:
            self._pipe.send(self._preprocess)
            if self._pipe.poll(self._limits.stall_timeout_s):
                self._pipe.recv()
                return
        except (EOFError, OSError):
            pass
        self._end()
        raise RunError(
            "processes that read photos die at once: too little memory, or --workers 0 is needed"
        )

    def _end(self) -> None:
        self._pipe.close()
        self._process.kill()
        self._process.join()


def _serve(pipe: Connection, limits: ReadLimits) -> None:
    """Run in the process: it imports, says that it lives, and reads what it is sent."""
    settle_worker(limits=limits)
    preprocess = pipe.recv()
    pipe.send("alive")
    while True:
        try:
            ref = pipe.recv()
        except EOFError:
            return
        pipe.send(next(read_photos([ref], preprocess, limits, bounded=True)))


def _given_up(ref: PhotoRef, limits: ReadLimits, how: str) -> Reading:
    """Make the row of a photo that kills its process; fetching it again does no harm."""
    try:
        digest = digest_of(fetch_photo(ref, limits))
    except PhotoError as error:
        return failed(ref, error)
    return failed(ref, PhotoError("corrupt", how), digest)
