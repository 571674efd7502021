"""Keep a few views of each photo, already carried through the frozen start of the network.

The first stages of a trained backbone take most of the time and learn little from a few hundred
photos. Where they stay as they are, a view needs to pass them once; the rest of the network then
trains on what they gave, in bfloat16, from a memory-mapped file: memory stays bounded, and
trainings side by side share one file. Without frozen stages the pixels themselves are kept.

A file has one row for each photo: its evaluation crop, then its views. Rows are written in order
and counted beside, so a killed process goes on where it was.
"""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor, nn

from landmark_core.errors import RunError
from landmark_core.model import Preprocess, StagedNetwork, split_network
from landmark_core.training.augment import build_augmentation
from landmark_core.training.disk import check_room, disk_failed, replace_file
from landmark_core.training.examples import (
    Numbers,
    PhotoSource,
    QuietWatch,
    Watch,
    network_input,
)
from landmark_core.training.fresh import FreshViews
from landmark_core.training.recipe import Recipe

CHUNK = 16  # photos whose views pass the prefix between two counts of what is done
_BATCH = 32  # views in one pass: more of them leave a CPU's caches


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptViews:
    """Kept views on disk; it may be used by several processes at once."""

    crops_file: Path
    views_file: Path
    numbers: Numbers  # of the photos, in the order of the rows
    views_each: int  # V, random views of each photo
    frozen: int  # stages that they have passed
    crop_shape: tuple[int, int, int]
    view_shape: tuple[int, int, int]
    dtype: str  # bfloat16 or uint8
    order: Numbers = field(init=False, repr=False)  # rows by ascending number, sorted once

    def __post_init__(self) -> None:
        object.__setattr__(self, "order", np.argsort(self.numbers))

    def views(self, numbers: Numbers, chosen: Numbers) -> Tensor:
        """Return one view of each photo.

        Args:
            numbers: (n,) of the photos.
            chosen: (n,) 0..V-1, which of its views.

        Returns:
            (n, C, H, W), bfloat16 activations or uint8 pixels, channels last.
        """
        rows = self._rows(numbers) * self.views_each + chosen
        return self._read(self.views_file, self.view_shape, rows)

    def crops(self, numbers: Numbers) -> Tensor:
        """Return what the evaluation crops of some photos gave, (n, C, H, W)."""
        return self._read(self.crops_file, self.crop_shape, self._rows(numbers))

    def _rows(self, numbers: Numbers) -> Numbers:
        places = np.searchsorted(self.numbers, numbers, sorter=self.order)
        rows = self.order[np.minimum(places, len(self.order) - 1)]
        if not np.array_equal(self.numbers[rows], numbers):
            raise ValueError("views were asked for of photos that none were kept of")
        return rows.astype(np.int64)

    def _read(self, path: Path, shape: tuple[int, int, int], rows: Numbers) -> Tensor:
        kind = np.int16 if self.dtype == "bfloat16" else np.uint8
        channels, height, width = shape
        mapped = np.memmap(path, kind, "r").reshape(-1, height, width, channels)
        values = torch.from_numpy(mapped[rows])  # (n, H, W, C), a copy
        return values.view(getattr(torch, self.dtype)).permute(0, 3, 1, 2)


def keep_views(
    network: StagedNetwork,
    source: PhotoSource,
    numbers: Numbers,
    recipe: Recipe,
    *,
    preprocess: Preprocess,
    digest: str,
    seed: int,
    device: torch.device,
    folder: Path,
    workers: int = 0,
    watch: Watch | None = None,
) -> KeptViews:
    """Make the views of some photos, or take up those that lie in the folder already.

    Args:
        network: whose first `recipe.frozen_stages` stages the views pass, with stored statistics.
        source: of the photos.
        numbers: of the photos.
        recipe: augmentation, size and number of the views.
        preprocess: of the network.
        digest: of the data set.
        seed: of the views.
        device: where the stages run.
        folder: receives the files, named by all that decides what is in them.
        workers: processes that draw.
        watch: is told how far it is.

    Raises:
        RunError: the disk cannot hold them.
    """
    watch = watch or QuietWatch()
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    prefix = split_network(network, recipe.frozen_stages)[0].eval()
    augmentation = build_augmentation(
        recipe.augment, recipe.train_size, writing=recipe.writing, erasing=recipe.erasing
    )
    with FreshViews(source, augmentation, seed=seed, workers=workers) as fresh:
        carry = _Carry(prefix, preprocess, device)
        crop = carry(fresh.crops(numbers[:1]))
        view = carry(next(iter(fresh.views([numbers[:1]], 0))))
        mark = _mark(prefix, recipe, preprocess, numbers, f"{digest} {seed} {device.type}")
        kept = KeptViews(
            crops_file=folder / f"crops-{mark}.bin",
            views_file=folder / f"views-{mark}.bin",
            numbers=numbers,
            views_each=recipe.views,
            frozen=recipe.frozen_stages,
            crop_shape=_shape(crop),
            view_shape=_shape(view),
            dtype=str(crop.dtype).removeprefix("torch."),
        )
        _write_all(kept, fresh, carry, watch)
    return kept


def kept_bytes(kept: KeptViews) -> int:
    """Return the size of both files together."""
    each = _row_bytes(kept, kept.crop_shape) + kept.views_each * _row_bytes(kept, kept.view_shape)
    return len(kept.numbers) * each


class _Carry:
    """Pixels through the frozen stages, in bfloat16; the pixels themselves where there are none."""

    def __init__(self, prefix: nn.Sequential, preprocess: Preprocess, device: torch.device) -> None:
        self._prefix = prefix
        self._preprocess = preprocess
        self._device = device

    @torch.inference_mode()
    def __call__(self, pixels: Tensor) -> Tensor:
        if not len(self._prefix):
            return pixels
        parts = []
        for part in torch.split(pixels, _BATCH):
            with torch.autocast(self._device.type, dtype=torch.bfloat16):
                carried = self._prefix(network_input(part, self._preprocess, self._device))
            if carried.ndim != 4:
                raise RunError(
                    f"views of such a network cannot be kept: expected (N, C, H, W) after its "
                    f"frozen stages, got {tuple(carried.shape)}; set views = 0"
                )
            parts.append(carried.bfloat16().cpu())
        return torch.cat(parts)


def _shape(batch: Tensor) -> tuple[int, int, int]:
    _, channels, height, width = batch.shape
    return channels, height, width


def _mark(
    prefix: nn.Module, recipe: Recipe, preprocess: Preprocess, numbers: Numbers, rest: str
) -> str:
    """Name what decides the content of the files: 16 hex digits."""
    names = ("augment", "train_size", "views", "writing", "erasing", "frozen_stages")
    settings = [[name, getattr(recipe, name)] for name in names]
    content = hashlib.sha256(f"{json.dumps(settings)} {preprocess} {rest}".encode())
    content.update(np.ascontiguousarray(numbers).tobytes())
    for values in prefix.state_dict().values():
        content.update(
            values.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
        )
    return content.hexdigest()[:16]


def _write_all(kept: KeptViews, fresh: FreshViews, carry: _Carry, watch: Watch) -> None:
    """Write the rows that are missing; what was written but not counted is written again."""
    folder, done_file = kept.views_file.parent, kept.views_file.with_suffix(".done")
    folder.mkdir(parents=True, exist_ok=True)
    done = int(done_file.read_text()) if done_file.exists() else 0
    watch.views_started(len(kept.numbers))
    watch.views_made(done)
    chunks = [kept.numbers[at : at + CHUNK] for at in range(done, len(kept.numbers), CHUNK)]
    if not chunks:
        return
    if not done:
        check_room(folder, kept_bytes(kept), "the kept views")
    asked = [[(view, int(n)) for n in chunk for view in range(kept.views_each)] for chunk in chunks]
    try:
        with _open_rows(kept.crops_file) as crops, _open_rows(kept.views_file) as views:
            for chunk, drawn in zip(chunks, fresh.draw(asked), strict=True):
                _put(crops, done * _row_bytes(kept, kept.crop_shape), carry(fresh.crops(chunk)))
                _put(
                    views, done * kept.views_each * _row_bytes(kept, kept.view_shape), carry(drawn)
                )
                done += len(chunk)
                replace_file(done_file, str(done).encode())
                watch.views_made(len(chunk))
    except OSError as error:
        raise disk_failed(error, folder) from error


def _open_rows(path: Path) -> BinaryIO:
    """Open for writing anywhere, without losing what is there."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b")


def _row_bytes(kept: KeptViews, shape: tuple[int, int, int]) -> int:
    return int(np.prod(shape)) * (2 if kept.dtype == "bfloat16" else 1)


def _put(file: BinaryIO, at: int, rows: Tensor) -> None:
    """Write (n, C, H, W) channels last; on the disk before it returns."""
    values = rows.permute(0, 2, 3, 1).contiguous()
    file.seek(at)
    file.write(values.view(torch.uint8).numpy().tobytes())
    file.flush()
    os.fsync(file.fileno())
