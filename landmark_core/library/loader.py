"""Feed a model: photo references in, batches of uint8 pixels out, each photo beside its pixels.

A torch DataLoader (https://docs.pytorch.org/docs/stable/data.html) owns the worker processes. The
references travel to the workers as the "indices" that its batch sampler draws, so nothing holds the
library, and workers keep no list. A bad photo rides along as a failure; a batch of only bad photos
is an ordinary batch with zero rows of pixels. The order of photos is that of the references, and
their pixels do not depend on the number of workers.
"""

import logging
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Self

from torch.utils.data import DataLoader

from landmark_core.config import ReadLimits
from landmark_core.library.batch import Packed, PhotoDataset, pack, unpack
from landmark_core.library.feed import Feed, Group, Then
from landmark_core.library.pictures import PICTURE_SIDE
from landmark_core.library.reading import Preprocess, Reading
from landmark_core.library.refusals import RefusalWatch
from landmark_core.library.rescue import rescue_photos
from landmark_core.library.workers import (
    main_module_hidden,
    settle_worker,
    shared_memory_free,
    warm_up_workers,
    worker_context,
)
from landmark_core.records import DecodedBatch, PhotoRef

logger = logging.getLogger(__name__)

_NO_ANSWER = "DataLoader timed out"  # torch's words
PICTURE_MEMORY = 2**30  # bytes, for the pictures of all batches on their way


class PhotoLoader:
    """Owns the worker processes; they live from the first batch, or `start_workers`, to `close`."""

    def __init__(
        self,
        preprocess: Preprocess,
        *,
        limits: ReadLimits,
        batch_size: int,
        workers: int,
        prefetch: int = 2,
        keep_pictures: bool = False,
    ) -> None:
        """Take the settings; nothing starts yet.

        Args:
            preprocess: what the model does to a photo.
            limits: what one photo may cost.
            batch_size: photos per batch, good or bad; the last batch of a call may have fewer.
            workers: processes; 0 reads in this one, where a crashing decoder ends the run.
            prefetch: batches that each worker may be ahead; with workers and batch_size this
                bounds the memory, as workers x prefetch x batch_size x H x W x 3 bytes.
            keep_pictures: photos come with a picture to draw on, most of them: all pictures on
                their way take PICTURE_MEMORY at most, and what finds no room has none. May be
                changed at any time, for the batches that are still to be asked for.
        """
        self._preprocess = preprocess
        self._limits = limits
        self._batch_size = batch_size
        self._workers = workers
        self._prefetch = prefetch
        # One more than is prefetched: the consumer holds a batch while the next ones arrive.
        self._under_way = workers * prefetch + 1
        self._picture_bytes = PICTURE_MEMORY // self._under_way
        self._feed = Feed(batch_size, with_pictures=keep_pictures)
        self._refusals = RefusalWatch()
        self._wait_s = min(5.0, limits.stall_timeout_s)
        self._loader: DataLoader[Any] | None = None
        self._iterator: Any = None  # torch's, which has no public type
        self._runs_on = False  # the iterator has begun with the photos that are wanted next

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def keep_pictures(self) -> bool:
        """Whether the batches that are asked for from now on come with pictures."""
        return self._feed.with_pictures

    @keep_pictures.setter
    def keep_pictures(self, kept: bool) -> None:
        """Ask for pictures from now on, or no longer."""
        self._feed.with_pictures = kept

    def start_workers(self) -> None:
        """Start the processes now, so that they are ready when the model is."""
        if self._workers and self._iterator is None:
            self._feed.open(())
            self._start_stream()

    def batches(
        self, refs: Iterable[PhotoRef], *, then: Then | None = None
    ) -> Iterator[DecodedBatch]:
        """Yield the photos in batches, in the order given; call it once per shard.

        A new call ends the one before it. Photos whose worker died are read again, alone.

        Args:
            refs: the photos.
            then: asked, once all of these are handed out, which photos come after them; null where
                none do. The workers begin with them, and the next call, given that same object,
                goes on from there.

        Raises:
            RunError: worker processes cannot live on this machine, or the store of the photos
                refuses our credentials.
        """
        for batch in self._batches(refs, then):
            self._refusals.look(batch.photos, datetime.now(UTC))
            yield batch

    def _batches(self, refs: Iterable[PhotoRef], then: Then | None) -> Iterator[DecodedBatch]:
        if not self._workers:
            self._feed.open(refs)
            yield from map(self._read_here, self._feed)
            return
        # A round that was left in the middle, or whose worker died, took the one ahead along.
        if not (self._runs_on and self._feed.go_on(refs, then)):
            self._feed.open(refs, then)
            self._runs_on = False
        while not self._feed.is_done:
            try:
                yield from self._stream()
            except Exception as error:
                if not says_worker_died(error):
                    raise
            else:
                return
            logger.warning(
                "a process that reads photos died, hung or ran out of memory; its photos are read "
                "again, alone"
            )
            self.close()
            for group in self._feed.take_back():
                yield self._rescue(group)

    def close(self) -> None:
        """End the worker processes; a later call of `batches` starts new ones."""
        iterator, self._iterator, self._loader = self._iterator, None, None
        self._runs_on = False
        if iterator is not None:
            # Dropping it does the same, but later wherever a traceback still refers to it.
            iterator._shutdown_workers()  # noqa: SLF001
            for worker in iterator._workers:  # noqa: SLF001
                if worker.is_alive():  # stopped, or waiting for a disk: torch has asked it in vain
                    worker.kill()

    def _stream(self) -> Iterator[DecodedBatch]:
        """Yield what is left of the round; the workers may have begun the next one by then."""
        if not self._runs_on:
            self._start_stream()
        self._runs_on = False  # unless this round ends well before the stream does
        while not self._feed.is_done:
            packed = self._next_packed()
            if packed is None:
                return
            self._feed.arrived()
            yield unpack(packed)
        self._runs_on = True

    def _next_packed(self) -> Packed | None:
        """Return the next batch; null at the end of the stream.

        torch looks for dead workers once in each wait, so waits are short, and many.
        """
        left = math.ceil(self._limits.stall_timeout_s / self._wait_s)
        while True:
            try:
                packed: Packed | None = next(self._iterator, None)
            except RuntimeError as error:
                left -= 1
                if left <= 0 or not str(error).startswith(_NO_ANSWER):
                    raise
            else:
                return packed

    def _start_stream(self) -> None:
        """Let the workers begin with what the feed holds; they start where there are none."""
        warm_up_workers()
        with warnings.catch_warnings(), main_module_hidden(unless_used_by=self._preprocess):
            # torch advises against more workers than cores; with buckets they wait, not work.
            warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)
            if self._loader is None:
                self._loader = self._make_loader()
            self._iterator = iter(self._loader)

    def _make_loader(self) -> DataLoader[Any]:
        return DataLoader(
            self._dataset(),
            batch_sampler=self._feed,  # type: ignore[arg-type]  # a group is what it asks for at once
            num_workers=self._workers,
            collate_fn=self._packing(shared=True),
            prefetch_factor=self._prefetch,
            persistent_workers=True,
            worker_init_fn=partial(settle_worker, limits=self._limits),
            timeout=self._wait_s,
            multiprocessing_context=worker_context(),
        )

    def _dataset(self) -> PhotoDataset:
        return PhotoDataset(self._preprocess, self._limits, picture_bytes=self._picture_bytes)

    def _packing(self, *, shared: bool) -> Callable[[Sequence[Reading]], Packed]:
        """Return how batches are packed; what does not fit into shared memory takes the pipe."""
        height, width = self._preprocess.shape
        pixels = self._batch_size * height * width * 3  # bytes
        pictures = min(self._picture_bytes, self._batch_size * PICTURE_SIDE**2 * 3 // 2)
        return partial(
            pack,
            shape=self._preprocess.shape,
            shared=shared and self._fits_shared_memory(pixels),
            pictures_shared=shared and self._fits_shared_memory(pixels + pictures),
        )

    def _fits_shared_memory(self, batch_bytes: int) -> bool:
        """Say whether the batches under way fill at most half of /dev/shm (64 MB in Docker)."""
        free = shared_memory_free()
        return free is None or self._under_way * batch_bytes <= free // 2

    def _read_here(self, group: Group) -> DecodedBatch:
        return unpack(self._packing(shared=False)(self._dataset().__getitems__(group)))

    def _rescue(self, group: Group) -> DecodedBatch:
        """Read photos alone; without pictures, for the few there are."""
        readings = list(rescue_photos(group.refs, self._preprocess, self._limits))
        return unpack(self._packing(shared=False)(readings))


def says_worker_died(error: Exception) -> bool:
    """Tell a dead, hung or starved worker from other faults of the DataLoader.

    torch looks for the dead every five seconds and says so; before that, a batch that was on its
    way cannot be collected, because the socket that its worker hands pixels over has gone.
    """
    if isinstance(error, RuntimeError):
        return str(error).startswith(("DataLoader worker (pid", _NO_ANSWER))
    return isinstance(error, (ConnectionError, EOFError, FileNotFoundError, MemoryError))
