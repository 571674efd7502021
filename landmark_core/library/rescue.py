"""Read photos again, one at a time in a process of their own, after a worker died.

A decoder that crashes, hangs, or takes all memory, takes its process along. Here each photo of the
batches that were on their way has a process to itself, so the one that kills it is found, and
becomes a `corrupt` row, and its neighbours are fine.
"""

import contextlib
import logging
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError, RunError
from landmark_core.library.bounds import ran_out_of_time
from landmark_core.library.fetch import fetch_photo
from landmark_core.library.reading import Preprocess, Reading, digest_of, failed, read_photos
from landmark_core.library.workers import main_module_hidden, settle_worker, worker_context
from landmark_core.records import PhotoRef

logger = logging.getLogger(__name__)

_TRIES = 2  # a process may also be killed from outside; the photo is then innocent


class DiedError(Exception):
    """The process that reads did not answer; the text says how, for a photo's row."""


class TookTooLongError(DiedError):
    """It was ended for the time that it took, which it would take once more."""


def rescue_photos(
    refs: Iterable[PhotoRef], preprocess: Preprocess, limits: ReadLimits
) -> Iterator[Reading]:
    """Yield one reading per photo, in the order given.

    Raises:
        RunError: a fresh process dies without any photo, so the photos are not to blame.
    """
    with contextlib.closing(_Reader(preprocess, limits)) as reader:
        for ref in refs:
            yield _read_at_last(reader, ref, limits)


def _read_at_last(reader: "_Reader", ref: PhotoRef, limits: ReadLimits) -> Reading:
    how = ""
    for _ in range(_TRIES):
        try:
            return reader.read(ref)
        except DiedError as error:
            how = str(error)
            if isinstance(error, TookTooLongError):
                break
    logger.warning("%s: %s", how, ref.uri)
    return _given_up(ref, limits, how)


class _Reader:
    """Owns one process that reads photos, and starts another where it died."""

    def __init__(self, preprocess: Preprocess, limits: ReadLimits) -> None:
        self._preprocess = preprocess
        self._limits = limits
        self._start()

    def read(self, ref: PhotoRef) -> Reading:
        """Return the reading of a photo.

        Raises:
            DiedError: the process died of it, or gave no answer in time.
            RunError: no new process can live.
        """
        try:
            self._pipe.send(ref)
            if self._pipe.poll(self._limits.stall_timeout_s):
                reading: Reading = self._pipe.recv()
                return reading
            died: DiedError = TookTooLongError(
                f"no answer from its decoder in {self._limits.stall_timeout_s:.0f} s"
            )
        except (EOFError, OSError):
            died = self._how_it_died()
        self.close()
        self._start()
        raise died

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.kill()
        self._process.join()

    def _how_it_died(self) -> DiedError:
        self._process.join(self._limits.stall_timeout_s)  # its pipe closes a moment earlier
        if ran_out_of_time(self._process.exitcode):
            allowed = self._limits.decode_timeout_s
            return TookTooLongError(f"decoding took more than {allowed:g} s of processor time")
        return DiedError("the decoder crashed on it")

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
        self.close()
        raise RunError(
            "processes that read photos die at once: too little memory, or --workers 0 is needed"
        )


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
