"""Pack read photos into a batch in a worker, and unpack it where the model is.

The dataset and the collate function of the DataLoader in `loader`; neither keeps anything.
"""

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, get_worker_info

from landmark_core.config import ReadLimits
from landmark_core.library.feed import Group
from landmark_core.library.reading import Preprocess, Reading, read_photos
from landmark_core.records import DecodedBatch, DecodedPhoto, PhotoRef, Picture, ReadSeconds

Bytes = Tensor | NDArray[np.uint8]  # in shared memory, or as an array through the pipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A batch on its way from a worker."""

    photos: tuple[DecodedPhoto, ...]
    pixels: Bytes  # (M, H, W, 3)
    seconds: ReadSeconds
    pictures: Bytes | None  # (B,) the bytes of all pictures, one after the other; null: none
    sizes: tuple[tuple[int, int] | None, ...]  # of the M pictures: height, width


class PhotoDataset(Dataset[Reading]):
    """Reads the photos it is asked for; holds settings only, so it travels to workers cheaply."""

    def __init__(self, preprocess: Preprocess, limits: ReadLimits, *, picture_bytes: int) -> None:
        self._preprocess = preprocess
        self._limits = limits
        self._picture_bytes = picture_bytes  # room for the pictures of one batch

    def __getitem__(self, ref: PhotoRef) -> Reading:
        return self.__getitems__(Group((ref,), with_pictures=False))[0]

    def __getitems__(self, group: Group) -> list[Reading]:
        """Return one reading per photo; the batch call lets URLs be fetched together."""
        room = self._picture_bytes if group.with_pictures else 0
        in_worker = get_worker_info() is not None  # which may die; the command may not
        readings = read_photos(
            group.refs, self._preprocess, self._limits, picture_bytes=room, bounded=in_worker
        )
        return list(readings)


def pack(
    readings: Sequence[Reading],
    *,
    shape: tuple[int, int],
    shared: bool,
    pictures_shared: bool,
) -> Packed:
    """Gather the pixels of a batch, and its pictures.

    Args:
        readings: one per photo, good or bad.
        shape: height and width of the pixels, for batches without a good photo.
        shared: put them into shared memory, which another process then only maps.
        pictures_shared: likewise the pictures, where there are any.
    """
    good = [(reading.pixels, reading.picture) for reading in readings if reading.pixels is not None]
    pixels = _room((len(good), *shape, 3), shared)
    for row, (values, _) in zip(pixels, good, strict=True):
        np.asarray(row)[...] = values
    kept = [picture for _, picture in good]
    return Packed(
        photos=tuple(reading.photo for reading in readings),
        pixels=pixels,
        seconds=ReadSeconds(
            fetch=sum(reading.seconds.fetch for reading in readings),
            decode=sum(reading.seconds.decode for reading in readings),
        ),
        pictures=_in_one_piece(kept, pictures_shared),
        sizes=tuple(None if picture is None else picture.luma.shape for picture in kept),
    )


def unpack(packed: Packed) -> DecodedBatch:
    """Make the batch that the model sees of what came from a worker.

    Its pixels are (M, 3, H, W), channels last in memory, as the decoder writes them and
    convolutions like them; its pictures are views of one piece of memory.
    """
    pixels = torch.as_tensor(packed.pixels)  # (M, H, W, 3)
    return DecodedBatch(
        photos=packed.photos,
        pixels=pixels.permute(0, 3, 1, 2),  # (M, 3, H, W)
        seconds=packed.seconds,
        pictures=None if packed.pictures is None else tuple(_cut(packed.pictures, packed.sizes)),
    )


def _in_one_piece(pictures: Sequence[Picture | None], shared: bool) -> Bytes | None:
    kept = [picture for picture in pictures if picture is not None]
    if not kept:
        return None
    piece = _room((sum(picture.nbytes for picture in kept),), shared)
    values, start = np.asarray(piece), 0
    for picture in kept:
        for plane in (picture.luma, picture.blue, picture.red):
            values[start : start + plane.size] = plane.reshape(-1)
            start += plane.size
    return piece


def _cut(piece: Bytes, sizes: Sequence[tuple[int, int] | None]) -> Iterator[Picture | None]:
    values, start = np.asarray(piece), 0

    def take(height: int, width: int) -> NDArray[np.uint8]:
        nonlocal start
        begun, start = start, start + height * width
        return values[begun:start].reshape(height, width)

    for size in sizes:
        if size is None:
            yield None
            continue
        cells = (-(-size[0] // 2), -(-size[1] // 2))
        yield Picture(luma=take(*size), blue=take(*cells), red=take(*cells))


def _room(shape: tuple[int, ...], shared: bool) -> Bytes:
    """Set memory aside: shared where wanted and to be had."""
    count = math.prod(shape)
    if shared and count:
        # Full, there is the pipe: slower, and always there.
        with contextlib.suppress(RuntimeError):
            # As torch's own collate does: written once, where `share_memory_` would copy it.
            storage = torch.UntypedStorage._new_shared(count)  # type: ignore[no-untyped-call]  # noqa: SLF001
            return torch.empty(0, dtype=torch.uint8).set_(storage).view(shape)
    return np.empty(shape, np.uint8)
