"""Coloured photos, a network that learns them in seconds, and a training to be killed."""

import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from landmark_core.model import Preprocess, PreprocessSettings, StagedNetwork
from landmark_core.records import OTHER
from landmark_core.training.examples import EpochMetrics, Examples, QuietWatch
from landmark_core.training.fit import Fitted, fit
from landmark_core.training.recipe import Recipe

SIDE = 32
CLASSES = 3
PHOTOS = 40
PREPROCESS = Preprocess(PreprocessSettings(resize_size=36, crop_size=SIDE))
LABELS = np.array([OTHER if n % 10 == 9 else n % CLASSES for n in range(PHOTOS)], np.int64)
SMALL = {
    "train_size": SIDE,
    "test_resize": 36,
    "test_crop": SIDE,
    "batch_size": 8,
    "epochs": 3,
    "weights": "given",  # the network is handed over, so nothing is loaded; but it is no beginner
}


class DrawnPhotos:
    """Noise with a strong colour for each class; grey for other things."""

    def photo(self, number: int) -> np.ndarray:
        random = np.random.default_rng(number)
        pixels = random.integers(0, 90, (40, 48, 3), dtype=np.uint8)
        if LABELS[number] != OTHER:
            pixels[..., LABELS[number]] += 120
        return pixels

    def crops(self, numbers: np.ndarray) -> np.ndarray:
        pictures = (Image.fromarray(self.photo(int(number))) for number in numbers)
        return np.stack([PREPROCESS.apply(picture) for picture in pictures])


def small_network(seed: int = 0) -> StagedNetwork:
    """Four stages with all that is special: a stride on a depthwise convolution, dropout."""
    torch.manual_seed(seed)

    def block(a: int, b: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
        convolution = nn.Conv2d(a, b, 3, stride=stride, padding=1, groups=groups, bias=False)
        return nn.Sequential(convolution, nn.BatchNorm2d(b), nn.ReLU(inplace=True))

    stages = [block(3, 8, 2), block(8, 8, 2, 8), block(8, 16), block(16, 16)]
    head = nn.Sequential(
        nn.AdaptiveAvgPool2d(1), nn.Flatten(1), nn.Dropout(0.1), nn.Linear(16, CLASSES)
    )
    return StagedNetwork(stages, head)


def examples(**changes: object) -> Examples:
    settings: dict = {
        "source": DrawnPhotos(),
        "preprocess": PREPROCESS,
        "labels": LABELS,
        "train": np.arange(28),
        "validation": np.arange(28, PHOTOS),
        "digest": "drawn",
    }
    return Examples(**settings | changes)


def train(folder: Path, recipe: dict | None = None, **options: object) -> Fitted:
    """Train the small network; what is not given is small, quick and on the CPU."""
    photos = options.pop("photos", None) or examples()
    network = options.pop("network", None) or small_network()
    settings: dict = {"seed": 1, "device": torch.device("cpu"), "folder": folder}
    return fit(network, photos, Recipe(**SMALL | (recipe or {})), **settings | options)


class _Slow(QuietWatch):
    """Says when an epoch begins, and leaves time to be killed in the middle of it."""

    def epoch_started(self, epoch: int, epochs: int, steps: int) -> None:
        print("epoch", epoch, flush=True)

    def step_done(self, loss: float, accuracy: float) -> None:
        time.sleep(0.05)

    def epoch_ended(self, metrics: EpochMetrics) -> None:
        del metrics


if __name__ == "__main__":  # to be killed: folder, and the recipe as a Python literal
    import ast

    torch.set_num_threads(1)
    train(Path(sys.argv[1]), ast.literal_eval(sys.argv[2]), watch=_Slow())
