"""What a training eats: photos by number, their labels, and which of them train or validate.

A source of photos is anything with `photo` and `crops`, as `landmark_core.dataset.PhotoCache` is.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from landmark_core.model import Preprocess
from landmark_core.records import OTHER

Numbers = NDArray[np.int64]
Pixels = NDArray[np.uint8]


class PhotoSource(Protocol):
    """Decoded photos by number; one that is pickled into workers opens its files again there."""

    def photo(self, number: int, /) -> Pixels:
        """Return one upright photo, (H, W, 3) uint8 RGB of any size."""

    def crops(self, numbers: Numbers, /) -> Pixels:
        """Return the tagger's own crops of some photos, (n, S, S, 3) uint8 RGB."""


class Watch(Protocol):
    """Who is told how far a training is; the command line draws it."""

    def views_started(self, photos: int) -> None:
        """Views of so many photos are made before the first epoch."""

    def views_made(self, photos: int) -> None:
        """So many more are there."""

    def epoch_started(self, epoch: int, epochs: int, steps: int) -> None:
        """Epoch `epoch` of `epochs`, counted from 1, begins; it has so many steps."""

    def step_done(self, loss: float, accuracy: float) -> None:
        """One step: its loss, and the share of its landmark photos that were right."""

    def epoch_ended(self, metrics: "EpochMetrics") -> None:
        """The epoch's figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochMetrics:
    """The figures of one epoch: a row of history.csv."""

    epoch: int  # from 1
    train_loss: float  # mean over the epoch's batches, augmented and mixed
    train_accuracy: float  # of its landmark photos, 0..1, while the weights changed
    validation_loss: float | None  # nats; null without validation photos
    validation_accuracy: float | None  # of the landmark photos, 0..1
    rate: float  # the largest learning rate at its end
    seconds: float  # of training and validation


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """The photos of one training."""

    source: PhotoSource
    preprocess: Preprocess  # the model's own: how crops were made, how pixels are normalised
    labels: Numbers  # of all photos of the source; a class, or OTHER
    train: Numbers  # of the photos that train
    validation: Numbers = field(default_factory=lambda: np.empty(0, np.int64))  # may be empty
    digest: str = ""  # of the data set, so that no checkpoint of other photos is taken up
    workers: int = 0  # processes that draw views; 0 draws them in this one

    def identity(self) -> str:
        """Return 16 hex digits over what decides the weights."""
        content = hashlib.sha256(self.digest.encode())
        for numbers in (self.train, self.labels[self.train], self.validation):
            content.update(np.ascontiguousarray(numbers, np.int64).tobytes() + b"|")
        return content.hexdigest()[:16]


class Feed(Protocol):
    """Gives a training its inputs: fresh pixels, or what a frozen prefix made of kept views."""

    def views(self, batches: list[Numbers], epoch: int) -> Iterable[Tensor]:
        """Yield the inputs of each batch of photos, in order, one random view of each photo."""

    def crops(self, numbers: Numbers) -> Tensor:
        """Return the inputs that the evaluation crops of some photos give."""


class QuietWatch:
    """A watch that looks away."""

    def views_started(self, photos: int) -> None:
        """Do nothing."""

    def views_made(self, photos: int) -> None:
        """Do nothing."""

    def epoch_started(self, epoch: int, epochs: int, steps: int) -> None:
        """Do nothing."""

    def step_done(self, loss: float, accuracy: float) -> None:
        """Do nothing."""

    def epoch_ended(self, metrics: EpochMetrics) -> None:
        """Do nothing."""


def in_batches(numbers: Numbers, size: int) -> list[Numbers]:
    """Part numbers in order; parts have at most `size` and differ by one photo at most."""
    if not len(numbers):
        return []
    return list(np.array_split(numbers, -(-len(numbers) // size)))


def network_input(batch: Tensor, preprocess: Preprocess, device: torch.device) -> Tensor:
    """Place a batch on its device as float32, channels last; pixels are normalised there.

    Args:
        batch: (N, C, H, W): uint8 pixels, or kept activations in any floating type.
        preprocess: whose mean and deviation normalise pixels.
        device: where the network is.
    """
    placed = batch.to(device, non_blocking=True)
    values = preprocess.normalise(placed) if placed.dtype == torch.uint8 else placed.float()
    return values.contiguous(memory_format=torch.channels_last)


def answer(
    network: nn.Module,
    source: PhotoSource,
    numbers: Numbers,
    *,
    preprocess: Preprocess,
    device: torch.device,
    batch_size: int = 32,
) -> NDArray[np.float32]:
    """Return (N, C) float32 logits of the photos' evaluation crops, as the tagger sees them.

    Args:
        network: normalised pixels to logits; it is put in evaluation mode.
        source: of the crops.
        numbers: of the N photos.
        preprocess: the one that made the crops.
        device: where to compute, in float32; the network is moved there.
        batch_size: photos at a time.
    """
    network.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    parts = list(_answers(network, source, in_batches(numbers, batch_size), preprocess, device))
    if not parts:
        raise ValueError("no photos to answer")
    return np.concatenate(parts)


@torch.inference_mode()
def _answers(
    network: nn.Module,
    source: PhotoSource,
    batches: list[Numbers],
    preprocess: Preprocess,
    device: torch.device,
) -> Iterator[NDArray[np.float32]]:
    for batch in batches:
        pixels = torch.from_numpy(source.crops(batch)).permute(0, 3, 1, 2)  # (n, 3, S, S)
        logits = network(network_input(pixels, preprocess, device))
        yield logits.float().cpu().numpy()


def landmarks_among(labels: Numbers) -> Numbers:
    """Return the numbers of the photos that show a landmark."""
    return np.flatnonzero(labels != OTHER).astype(np.int64)
