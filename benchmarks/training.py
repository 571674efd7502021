"""Time an epoch of training against the usual approach, on the same photos and the same network.

    python benchmarks/training.py [--data FOLDER] [--photos 320] [--rounds 3] [--threads N]
    python benchmarks/training.py --steps     # one step alone, by what makes it faster

The usual approach is that of torchvision's reference training (references/classification in its
repository, https://github.com/pytorch/vision), written anew here: an ImageFolder whose JPEGs are
decoded in every epoch by DataLoader workers, RandomResizedCrop(224) and a mirror image, float32
NCHW, SGD with momentum. Ours is `landmark_core.training.fit` itself, checkpoint and history
included, in the three ways that a recipe can ask for:

    fresh       MobileNetV2 fine-tuned as a whole, new views in every epoch
    folded      the same with stored statistics of batch normalisation
    kept        eight kept views of each photo, behind seven frozen stages

All of them take turns, so that what else the machine does hits all alike; photos are decoded and
views made before the clock starts, and that time stands beside. Without --data, photos are drawn.
"""

import argparse
import contextlib
import copy
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision.datasets import ImageFolder
from torchvision.models import mobilenet_v2
from torchvision.transforms import v2

from landmark_core.model import Preprocess, PreprocessSettings, StagedNetwork, build_network
from landmark_core.training.allocator import freed_memory_kept
from landmark_core.training.examples import EpochMetrics, Examples, QuietWatch
from landmark_core.training.fit import fit
from landmark_core.training.folding import fast_on_cpu
from landmark_core.training.kept import keep_views
from landmark_core.training.precision import keep_norms
from landmark_core.training.recipe import Recipe

WORKERS = 2
BATCH = 32
CPU = torch.device("cpu")
PREPROCESS = Preprocess(PreprocessSettings())
COMMON = {"weights": "given", "batch_size": BATCH, "averaged": 0.0}
WAYS = {
    "fresh": COMMON,
    "folded": COMMON | {"batch_norm": "frozen"},
    "kept": COMMON | {"batch_norm": "frozen", "frozen_stages": 7, "views": 8},
}


class Decoded:
    """Photos decoded once, short side 256, as the project's cache holds them."""

    def __init__(self, files: list[str]) -> None:
        self._photos = [_shrunk(file) for file in files]

    def photo(self, number: int) -> np.ndarray:
        """Return one photo."""
        return self._photos[number]

    def crops(self, numbers: np.ndarray) -> np.ndarray:
        """Return evaluation crops."""
        return np.stack([PREPROCESS.apply(Image.fromarray(self._photos[n])) for n in numbers])


def _shrunk(file: str) -> np.ndarray:
    with Image.open(file) as image:
        picture = image.convert("RGB")
    ratio = 256 / min(picture.size)
    if ratio < 1:
        picture = picture.resize((round(picture.width * ratio), round(picture.height * ratio)))
    return np.asarray(picture)


def draw_photos(folder: Path, photos: int) -> None:
    """Write JPEGs of 640x480 with soft shapes and some noise, in four classes."""
    random = np.random.default_rng(0)
    for number in range(photos):
        coarse = random.integers(0, 255, (6, 8, 3), dtype=np.uint8)
        picture = np.asarray(Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC))
        noisy = np.clip(picture + random.normal(0, 8, picture.shape), 0, 255).astype(np.uint8)
        place = folder / f"class-{number % 4}"
        place.mkdir(exist_ok=True)
        Image.fromarray(noisy).save(place / f"{number}.jpg", quality=85)


def usual_epoch(dataset: Subset, classes: int) -> Callable[[], None]:
    """Return one epoch of the usual approach; its workers live on between epochs."""
    network = mobilenet_v2(num_classes=classes).train()
    loader = DataLoader(
        *(dataset, BATCH), shuffle=True, num_workers=WORKERS, persistent_workers=True
    )
    optimiser = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)

    def epoch() -> None:
        for images, labels in loader:
            loss = criterion(network(images), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return epoch


class OneEpoch(QuietWatch):
    """Notes how long an epoch took, and stops the training as a person would."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def epoch_ended(self, metrics: EpochMetrics) -> None:
        """Take the loop's own clock: drawing, training, and starting the workers."""
        self.seconds = metrics.seconds
        raise KeyboardInterrupt


def our_epoch(
    way: str, examples: Examples, classes: int, folder: Path, rounds: int
) -> Callable[[], float]:
    """Return one epoch of ours: a training that is resumed for one more epoch each time."""
    recipe = Recipe(**WAYS[way], epochs=rounds + 2)
    torch.manual_seed(0)
    start = build_network("transfer", classes).state_dict()

    def network_of_start() -> StagedNetwork:
        network = build_network("transfer", classes)
        network.load_state_dict(start)
        return network

    options: dict[str, Any] = {"seed": 1, "device": CPU, "folder": folder}
    kept = None
    if recipe.views:
        started = time.perf_counter()
        kept = keep_views(
            *(network_of_start(), examples.source, examples.train, recipe),
            **options | {"preprocess": PREPROCESS, "digest": "", "workers": WORKERS},
        )
        print(f"{recipe.views} views of each made once in {time.perf_counter() - started:.1f} s")

    def epoch() -> float:
        watch = OneEpoch()
        with contextlib.suppress(KeyboardInterrupt):
            network = network_of_start()
            fit(network, examples, recipe, **options, resume=True, watch=watch, kept=kept)
        return watch.seconds

    return epoch


def time_steps(rounds: int) -> None:
    """Print what one step of MobileNetV2 takes, each line with one thing more."""
    batch, labels = torch.randn(16, 3, 224, 224), torch.arange(16) % 13
    base = build_network("transfer", 13)
    last, first = torch.channels_last, torch.contiguous_format
    ways: dict[str, tuple[torch.memory_format, bool, bool, bool, bool]] = {
        "float32": (first, False, False, False, False),
        "+ channels last": (last, False, False, False, False),
        "+ bfloat16": (last, True, False, False, False),
        "+ strided depthwise in float32": (last, True, True, False, False),
        "+ freed memory kept": (last, True, True, False, True),
        "+ normalisation folded": (last, True, True, True, True),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for way in [*ways] * (rounds + 1):
        layout, half, fast, fold, keep = ways[way]
        network = copy.deepcopy(base).to(memory_format=layout).train()
        optimiser = torch.optim.AdamW(network.parameters(), 1e-3, fused=True)
        if fold:
            keep_norms(network)
        with contextlib.ExitStack() as stack:
            if keep:
                stack.enter_context(freed_memory_kept())
            if fast:
                stack.enter_context(fast_on_cpu(network, fold=fold))
            for _ in range(3):  # the first two warm up
                started = time.perf_counter()
                with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
                    logits = network(batch.contiguous(memory_format=layout))
                nn.functional.cross_entropy(logits.float(), labels).backward()
                optimiser.step()
                optimiser.zero_grad()
                seconds = time.perf_counter() - started
        times[way].append(seconds / len(batch) * 1000)
    for way, values in times.items():
        print(f"{way:32} {statistics.median(values):6.1f} ms a photo ({min(values):.1f} at best)")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="a folder of photos per class; else drawn ones")
    parser.add_argument("--photos", type=int, default=320)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, help="of torch, for all ways alike")
    parser.add_argument("--steps", action="store_true", help="time one step alone")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if arguments.steps:
        time_steps(arguments.rounds)
        return
    with tempfile.TemporaryDirectory() as temporary:
        data = arguments.data
        if data is None:
            data = Path(temporary) / "photos"
            data.mkdir()
            draw_photos(data, arguments.photos)
        measure(data, arguments.photos, arguments.rounds, Path(temporary))


def measure(data: Path, photos: int, rounds: int, temporary: Path) -> None:
    """Run all ways in turn, a first round to warm up, and compare their medians."""
    steps = [v2.RandomResizedCrop(224), v2.RandomHorizontalFlip(), v2.PILToTensor()]
    steps += [
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(PREPROCESS.settings.mean, PREPROCESS.settings.std),
    ]
    folder = ImageFolder(str(data), v2.Compose(steps))
    chosen = np.random.default_rng(0).permutation(len(folder))[:photos]
    labels = np.array([folder.targets[n] for n in chosen], np.int64)
    started = time.perf_counter()
    source = Decoded([folder.samples[n][0] for n in chosen])
    print(f"{len(chosen)} photos decoded once in {time.perf_counter() - started:.1f} s")
    examples = Examples(
        source=source,
        preprocess=PREPROCESS,
        labels=labels,
        train=np.arange(len(chosen)),
        workers=WORKERS,
    )
    classes = len(folder.classes)
    ways = {"usual": usual_epoch(Subset(folder, chosen.tolist()), classes)}
    for way in WAYS:
        place = temporary / way
        ways[way] = our_epoch(way, examples, classes, place, rounds)
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds + 1):
        for way, epoch in ways.items():
            started = time.perf_counter()
            seconds = epoch()
            times[way].append(seconds or time.perf_counter() - started)
    usual, least = statistics.median(times["usual"][1:]), min(times["usual"][1:])
    for way, seconds in times.items():
        middle = statistics.median(seconds[1:])
        best = min(seconds[1:])
        print(
            f"{way:8} {middle:6.1f} s an epoch, {middle / len(chosen) * 1000:6.1f} ms a photo: "
            f"{usual / middle:4.1f} x as fast; at best {best:6.1f} s, {least / best:4.1f} x"
        )


if __name__ == "__main__":
    main()
