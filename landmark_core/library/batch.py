"""Pack read photos into a batch in a worker, and unpack it where the model is.

The dataset and the collate function of the DataLoader in `loader`; neither keeps anything.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from landmark_core.config import ReadLimits
from landmark_core.library.reading import Preprocess, Reading, read_photos
from landmark_core.records import DecodedBatch, DecodedPhoto, PhotoRef

# A batch on its way: as a tensor in shared memory, or as an array through the pipe.
Packed = tuple[tuple[DecodedPhoto, ...], Tensor | NDArray[np.uint8]]


class PhotoDataset(Dataset[Reading]):
    """Reads the photos it is asked for; holds settings only, so it travels to workers cheaply."""

    def __init__(self, preprocess: Preprocess, limits: ReadLimits) -> None:
        self._preprocess = preprocess
        self._limits = limits

    def __getitem__(self, ref: PhotoRef) -> Reading:
        return self.__getitems__([ref])[0]

    def __getitems__(self, refs: Sequence[PhotoRef]) -> list[Reading]:
        """Return one reading per reference; the batch call lets URLs be fetched together."""
        return list(read_photos(refs, self._preprocess, self._limits))


def pack(readings: Sequence[Reading], *, shape: tuple[int, int], shared: bool) -> Packed:
    """Gather the pixels of a batch.

    Args:
        readings: one per photo, good or bad.
        shape: height and width of the pixels, for batches without a good photo.
        shared: put them into shared memory, which another process then only maps.

    Returns:
        The photos, and uint8 (M, 3, H, W), M being the number of good ones; channels last in
        memory, as the decoder writes them and convolutions like them.
    """
    good = [reading.pixels for reading in readings if reading.pixels is not None]
    rows = np.empty((len(good), *shape, 3), np.uint8)
    for row, pixels in zip(rows, good, strict=True):
        row[...] = pixels
    photos = tuple(reading.photo for reading in readings)
    if not shared or not good:
        return photos, rows
    try:
        return photos, _into_shared_memory(torch.from_numpy(rows))
    except RuntimeError:  # shared memory is full; the pipe is slower, and always there
        return photos, rows


def unpack(packed: Packed) -> DecodedBatch:
    """Make the batch that the model sees of what came from a worker."""
    photos, rows = packed
    pixels = torch.from_numpy(rows) if isinstance(rows, np.ndarray) else rows  # (M, H, W, 3)
    return DecodedBatch(photos=photos, pixels=pixels.permute(0, 3, 1, 2))  # (M, 3, H, W)


def _into_shared_memory(rows: Tensor) -> Tensor:
    shared: Tensor = rows.share_memory_()  # type: ignore[no-untyped-call]
    return shared
