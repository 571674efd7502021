"""The decoded photos of a dataset, by number, out of memory-mapped files.

Mapped files take no memory of their own: the system keeps what fits and reads the rest again. A
cache travels to other processes by its path and the rows alone, and is mapped there anew.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landmark_core.dataset.shelf import Entries, Shelf

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.int64]


class PhotoCache:
    """Owns the mapped pixels of a dataset's photos; picklable."""

    def __init__(self, folder: Path, entries: Entries, rows: Numbers, shape: tuple[int, int]):
        """Map the files of a shelf.

        Args:
            folder: of the shelf.
            entries: all entries of the shelf.
            rows: (N,) row of each photo of the dataset among them.
            shape: height and width of the crops.
        """
        self._folder = folder
        self._stored, self._end = len(entries), entries.end
        self._rows = rows
        self._offsets = np.array(entries.offsets, np.int64)[rows]
        self._heights = np.array(entries.heights, np.int64)[rows]
        self._widths = np.array(entries.widths, np.int64)[rows]
        self._shape = shape
        self._open()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def crop_shape(self) -> tuple[int, int]:
        """Height and width of what `crops` returns."""
        return self._shape

    def photo(self, number: int) -> Pixels:
        """Return one photo, upright: (H, W, 3), its short side at most the cache's.

        Args:
            number: of the photo in its dataset.
        """
        start, height, width = (
            int(values[number]) for values in (self._offsets, self._heights, self._widths)
        )
        pixels = self._photos[start : start + 3 * height * width].reshape(height, width, 3)
        return np.array(pixels)  # a copy: tensors over read-only memory warn

    def crops(self, numbers: Numbers) -> Pixels:
        """Return photos as the tagger shows them to the model: (n, S, S, 3), in this order."""
        return np.array(self._crops[self._rows[np.asarray(numbers, np.int64)]])

    def _open(self) -> None:
        height, width = self._shape
        self._photos = np.memmap(self._folder / "photos.bin", np.uint8, "r", shape=(self._end,))
        self._crops = np.memmap(
            self._folder / "crops.bin", np.uint8, "r", shape=(self._stored, height, width, 3)
        )

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name not in _MAPPED}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)
        self._open()


_MAPPED = frozenset({"_photos", "_crops"})


def open_cache(shelf: Shelf, digests: list[str]) -> PhotoCache:
    """Map the photos of a dataset, which has at least one; the shelf is settled."""
    return PhotoCache(shelf.folder, shelf.entries, shelf.rows_of(digests), shelf.crop_shape)
