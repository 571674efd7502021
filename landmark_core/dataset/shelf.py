"""Decoded photos on disk: written once, mapped into memory ever after.

A shelf is a folder of HOME/cache, one for each size of photos and each preprocessing:

    photos.bin     uint8 (H, W, 3) of every photo, one after the other
    crops.bin      uint8 (S, S, 3) of every photo: what the model sees
    looks.bin      uint8 (32, 32) of every photo, to find copies
    index.parquet  one row for each photo: digest, and where its pixels lie
    files.parquet  which file, in which version, has which digest: such files are not read again
    links.parquet  copies found so far, and how many photos were compared

Data files only grow; the index is replaced atomically after them. So a killed run leaves at most
bytes beyond the index, which the next one writes over. One process writes at a time (the caller
holds the lock). All of it may be deleted: it costs reading the photos again.
"""

import errno
import hashlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from landmark_core.dataset.look import LOOK_SIDE, Looks
from landmark_core.errors import RunError
from landmark_core.records import PhotoRef
from landmark_core.tables import Folder, to_parquet

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.int64]

_DATA_FILES = ("photos.bin", "crops.bin", "looks.bin")
_INDEX = ("digest", "offset", "height", "width")
_FILES = ("photo_id", "size_bytes", "modified_us", "etag", "digest")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SETTLE_EVERY = 1000  # photos; what a kill can cost, or a share of what is there
_SETTLE_SHARE = 20  # one in so many: the index is written whole, so ever more rarely

Version = tuple[int | None, int | None, str | None]  # size in bytes, microseconds, etag


@dataclass(slots=True)
class Entries:
    """Where the pixels of each photo lie; row i of crops.bin and looks.bin is photo i."""

    digests: list[str] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)  # bytes into photos.bin
    heights: list[int] = field(default_factory=list)  # pixels
    widths: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.digests)

    @property
    def end(self) -> int:
        """Bytes of photos.bin that are in use."""
        return self.offsets[-1] + 3 * self.heights[-1] * self.widths[-1] if self.offsets else 0


class Shelf:
    """Owns the open files of one shelf while photos are added to it."""

    def __init__(self, folder: Path, crop_shape: tuple[int, int]) -> None:
        """Open a shelf for writing; the caller holds the lock.

        Raises:
            RunError: the disk is full or fails.
        """
        self.folder = folder
        self.crop_shape = crop_shape
        self._place = Folder(folder)
        self._open_files: dict[str, BinaryIO] = {}
        self.entries = self._read_entries()
        self._rows = {digest: row for row, digest in enumerate(self.entries.digests)}
        self._files = self._read_files()
        self._unsettled = 0

    def __enter__(self) -> "Shelf":
        """Open the data files behind what the index knows."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name, size in self._sizes(self.entries).items():
                path = self.folder / name
                file = path.open("r+b" if path.exists() else "w+b")
                self._open_files[name] = file
                file.truncate(size)  # beyond it lies what a killed run could not finish
                file.seek(size)
        except OSError as error:
            self._close()
            raise self._explain(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        """Close the data files; what was not settled is written over next time."""
        self._close()

    def digest_of(self, ref: PhotoRef) -> str | None:
        """Return the digest of a file that was read before and has not changed; else null."""
        known = self._files.get(ref.photo_id)
        if known is None or known[0] != _version(ref) or not _is_telling(known[0]):
            return None
        return known[1] if known[1] in self._rows else None

    def has(self, digest: str) -> bool:
        """Whether the pixels of this content are there."""
        return digest in self._rows

    def rows_of(self, digests: list[str]) -> Numbers:
        """Return the rows of contents that are there."""
        return np.array([self._rows[digest] for digest in digests], np.int64)

    def remember(self, ref: PhotoRef, digest: str) -> None:
        """Note which content a file has, so that it need not be read again."""
        self._files[ref.photo_id] = (_version(ref), digest)

    def add(self, digest: str, photo: Pixels, crop: Pixels, look: Looks) -> None:
        """Append the pixels of one content, unless they are there.

        Args:
            digest: SHA-256 in hex of the file's bytes.
            photo: (H, W, 3).
            crop: (S, S, 3).
            look: (32, 32).

        Raises:
            RunError: the disk is full or fails.
        """
        if digest in self._rows:
            return
        offset = self.entries.end
        try:
            for name, pixels in zip(_DATA_FILES, (photo, crop, look), strict=True):
                self._open_files[name].write(np.ascontiguousarray(pixels).data)
        except OSError as error:
            raise self._explain(error) from error
        self._rows[digest] = len(self.entries)
        self.entries.digests.append(digest)
        self.entries.offsets.append(offset)
        self.entries.heights.append(photo.shape[0])
        self.entries.widths.append(photo.shape[1])
        self._unsettled += 1
        if self._unsettled >= max(_SETTLE_EVERY, len(self.entries) // _SETTLE_SHARE):
            self.settle()

    def settle(self) -> None:
        """Make everything added so far durable: data files first, then the index.

        Raises:
            RunError: the disk is full or fails.
        """
        try:
            for file in self._open_files.values():
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._explain(error) from error
        columns = (
            self.entries.digests,
            self.entries.offsets,
            self.entries.heights,
            self.entries.widths,
        )
        self._put("index.parquet", pa.table(dict(zip(_INDEX, columns, strict=True))))
        files = [(key, *version, digest) for key, (version, digest) in self._files.items()]
        values = list(zip(*files, strict=True)) if files else [()] * len(_FILES)
        kinds = (pa.string(), pa.int64(), pa.int64(), pa.string(), pa.string())
        arrays = [pa.array(column, kind) for column, kind in zip(values, kinds, strict=True)]
        self._put("files.parquet", pa.Table.from_arrays(arrays, names=list(_FILES)))
        self._unsettled = 0

    def looks(self) -> Looks:
        """Return the looks of all photos, mapped: (N, 32, 32). Settle first."""
        shape = (len(self.entries), LOOK_SIDE, LOOK_SIDE)
        if not len(self.entries):
            return np.zeros(shape, np.uint8)
        return np.memmap(self.folder / "looks.bin", np.uint8, "r", shape=shape)

    def read_links(self) -> tuple[Numbers, int]:
        """Return the (L, 2) links found so far, and among how many photos they were sought."""
        table = self._get("links.parquet", ("first", "second"))
        if table is None:
            return np.zeros((0, 2), np.int64), 0
        about = table.schema.metadata or {}
        compared = int(about.get(b"compared", b"0"))
        links = np.stack([table["first"].to_numpy(), table["second"].to_numpy()], 1)
        if about.get(b"rows") != self._name_rows(compared):
            return np.zeros((0, 2), np.int64), 0  # of a shelf that was emptied or filled anew
        return links.astype(np.int64), compared

    def write_links(self, links: Numbers) -> None:
        """Note the links among all photos of the shelf."""
        table = pa.table({"first": links[:, 0], "second": links[:, 1]})
        count = len(self.entries)
        about = {"compared": str(count).encode(), "rows": self._name_rows(count)}
        self._put("links.parquet", table.replace_schema_metadata(about))

    def _name_rows(self, count: int) -> bytes:
        """Name the contents of the first rows; links by row mean nothing in another shelf."""
        digests = self.entries.digests[:count]
        return hashlib.sha256(f"{count} {' '.join(digests)}".encode()).hexdigest()[:16].encode()

    def check_room(self, photos: int, side: int) -> None:
        """Refuse, before hours are spent, what will not fit on the disk.

        Args:
            photos: how many may have to be added.
            side: pixels of a photo's short side; its long side is about 1.4 times as long.

        Raises:
            RunError: the disk has less room than they take.
        """
        height, width = self.crop_shape
        each = 3 * (int(1.4 * side * side) + height * width) + LOOK_SIDE * LOOK_SIDE
        free = shutil.disk_usage(_existing(self.folder)).free
        if photos * each > free:
            raise RunError(
                f"{self.folder} has too little room: {photos:,} decoded photos take about "
                f"{photos * each / 1e6:,.1f} MB, {free / 1e6:,.1f} MB are free; make room, or put "
                "--out on a larger disk"
            )

    def _sizes(self, entries: Entries) -> dict[str, int]:
        height, width = self.crop_shape
        count = len(entries)
        sizes = (entries.end, count * height * width * 3, count * LOOK_SIDE * LOOK_SIDE)
        return dict(zip(_DATA_FILES, sizes, strict=True))

    def _read_entries(self) -> Entries:
        table = self._get("index.parquet", _INDEX)
        if table is None:
            return Entries()
        entries = Entries(*(table[name].to_pylist() for name in _INDEX))
        for name, size in self._sizes(entries).items():
            path = self.folder / name
            if not path.is_file() or path.stat().st_size < size:
                return Entries()  # somebody deleted a part of the cache
        return entries

    def _read_files(self) -> dict[str, tuple[Version, str]]:
        table = self._get("files.parquet", _FILES)
        if table is None:
            return {}
        columns = [table[name].to_pylist() for name in _FILES]
        return {
            key: ((size, moment, etag), digest)
            for key, size, moment, etag, digest in zip(*columns, strict=True)
        }

    def _get(self, name: str, columns: tuple[str, ...]) -> pa.Table | None:
        """Read one of our own tables; null where it is absent or damaged."""
        path = self.folder / name
        try:
            return pq.read_table(path).select(list(columns)) if path.is_file() else None
        except (pa.ArrowException, KeyError, OSError):
            return None  # a cache that cannot be read is made again

    def _put(self, name: str, table: pa.Table) -> None:
        self._place.put(name, to_parquet(table))

    def _close(self) -> None:
        for file in self._open_files.values():
            try:
                file.close()
            except OSError:  # the disk is full; the index does not know these bytes
                continue
        self._open_files = {}

    def _explain(self, error: OSError) -> RunError:
        reason = error.strerror or str(error)
        if error.errno in _FULL:
            return RunError(
                f"{self.folder} is full ({reason}) after {len(self.entries):,} decoded photos; "
                "make room, or put --out on a larger disk, then run the same command again"
            )
        return RunError(f"{self.folder} cannot be written: {reason}")


def _version(ref: PhotoRef) -> Version:
    return (ref.size_bytes, ref.modified_us, ref.etag)


def _is_telling(version: Version) -> bool:
    """Whether a changed file would have another version."""
    size, moment, etag = version
    return etag is not None or (size is not None and moment is not None)


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)
