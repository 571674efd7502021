"""Draw new views of the photos in every epoch, in worker processes while the network learns.

Workers are a torch DataLoader's and live as long as the training. What they are asked for is
(epoch, photo), so a view never depends on who draws it or when.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from landmark_core.errors import RunError
from landmark_core.library import (
    main_module_hidden,
    settle_worker,
    shared_memory_free,
    warm_up_workers,
    worker_context,
)
from landmark_core.training.augment import Augmentation, Pixels, draw_view
from landmark_core.training.examples import Numbers, PhotoSource

Key = tuple[int, int]  # epoch and photo
PREFETCH = 2  # batches that each worker may be ahead


class FreshViews:
    """Owns the workers; gives uint8 pixels (n, 3, S, S)."""

    def __init__(
        self, source: PhotoSource, augmentation: Augmentation, *, seed: int, workers: int
    ) -> None:
        """Take the settings; workers start with the first batch.

        Args:
            source: of the photos.
            augmentation: that draws a view.
            seed: of the training.
            workers: processes; 0 draws in this one.
        """
        self._source = source
        self._drawing = _Drawing(source, augmentation, seed)
        self._workers = workers
        self._asked: list[list[Key]] = []
        self._loader: DataLoader[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        iterator = getattr(self._loader, "_iterator", None)
        self._loader = None
        if iterator is not None:
            # Dropping it does the same, but later wherever a traceback still refers to it.
            iterator._shutdown_workers()  # noqa: SLF001

    def views(self, batches: list[Numbers], epoch: int) -> Iterator[Tensor]:
        """Yield one random view of each photo of each batch."""
        return self.draw([[(epoch, int(number)) for number in batch] for batch in batches])

    def draw(self, asked: list[list[Key]]) -> Iterator[Tensor]:
        """Yield what is asked for, batch by batch; a new call ends the one before it.

        Raises:
            RunError: a worker died.
        """
        if not asked:
            return
        if not self._workers:
            for keys in asked:
                yield _to_tensor(self._drawing.__getitems__(keys))
            return
        self._asked[:] = asked  # the loader's sampler, which it reads anew for each epoch
        try:
            for packed in self._start(max(map(len, asked))):
                yield _to_tensor(packed)
        except RuntimeError as error:
            if not str(error).startswith("DataLoader worker"):
                raise
            raise RunError(
                f"a process that draws views died ({str(error).partition(':')[0]}): "
                "use --resume, with fewer --workers where memory was short"
            ) from error

    def crops(self, numbers: Numbers) -> Tensor:
        """Return the evaluation crops."""
        return torch.from_numpy(self._source.crops(numbers)).permute(0, 3, 1, 2)

    def _start(self, largest: int) -> Iterable[Any]:
        warm_up_workers()
        with warnings.catch_warnings(), main_module_hidden(unless_used_by=self._source):
            warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)
            if self._loader is None:
                self._loader = DataLoader(
                    self._drawing,
                    batch_sampler=self._asked,
                    num_workers=self._workers,
                    collate_fn=self._collate(largest),
                    prefetch_factor=PREFETCH,
                    persistent_workers=True,
                    generator=torch.Generator(),  # else it draws from the one of the dropout
                    worker_init_fn=settle_worker,
                    multiprocessing_context=worker_context(),
                )
            return iter(self._loader)

    def _collate(self, largest: int) -> Any:
        """Return how a batch travels: through shared memory where that holds all of them."""
        view = self._drawing[(0, int(self._asked[0][0][1]))]
        needed = largest * view.nbytes * (self._workers * PREFETCH + 1)
        free = shared_memory_free()
        return _to_tensor if free is None or needed <= free // 2 else _same


class _Drawing(Dataset[Pixels]):
    """Draws what it is asked for; it travels to each worker once."""

    def __init__(self, source: PhotoSource, augmentation: Augmentation, seed: int) -> None:
        self._source = source
        self._augmentation = augmentation
        self._seed = seed

    def __getitem__(self, key: Key) -> Pixels:
        epoch, number = key
        pixels = self._source.photo(number)
        view = draw_view(self._augmentation, pixels, seed=self._seed, epoch=epoch, number=number)
        drawn: Pixels = view.permute(1, 2, 0).contiguous().numpy()  # (S, S, 3)
        return drawn

    def __getitems__(self, keys: Sequence[Key]) -> Pixels:
        """Return the views of a whole batch, (n, S, S, 3)."""
        return np.stack([self[key] for key in keys])


def _to_tensor(batch: Pixels | Tensor) -> Tensor:
    """Return (n, 3, S, S) over the same memory; a tensor that has travelled is one already."""
    if isinstance(batch, Tensor):
        return batch
    return torch.from_numpy(batch).permute(0, 3, 1, 2)


def _same(batch: Pixels) -> Pixels:
    return batch
