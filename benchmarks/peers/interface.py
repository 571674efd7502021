"""The command line that all peers share: which photos, which model, and one line of JSON back."""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

BATCH = 32  # photos; what each of the libraries' own examples is near
WORKERS = 2  # processes that decode, one for each core of the machine that this was made for
TOP_K = 5
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, which all models here take


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a peer is asked to do."""

    source: Path  # a folder of photos, with none below it
    model: Path  # TorchScript, normalised (N, 3, crop, crop) -> (N, C) logits
    classes: Path  # C names, one a line
    out: Path  # Parquet: one row per photo, its TOP_K classes and their probabilities
    network: str  # resnet18 or mobilenet_v2: for libraries that build networks by themselves
    resize: int  # pixels, the short side
    crop: int  # pixels, the centre square
    batch: int
    workers: int

    @property
    def class_names(self) -> list[str]:
        """The names, in the order of the scores."""
        return self.classes.read_text(encoding="utf-8").splitlines()

    @property
    def photos(self) -> list[Path]:
        """The photos, in the order of their names."""
        return sorted(self.source.iterdir())


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a peer says of its work."""

    photos: int  # rows that it wrote, or photos that it decoded or scored
    settings: str  # those that matter, one line
    packages: tuple[str, ...]  # whose versions belong beside the figure


def main(work: Callable[[Job], Done]) -> None:
    """Read the command line, do the work, print one line of JSON."""
    job = _read_job()
    start = time.perf_counter()
    done = work(job)
    answer = {
        "photos": done.photos,
        "seconds": round(time.perf_counter() - start, 3),  # without imports
        "settings": done.settings,
        "versions": {name: version(name) for name in done.packages},
    }
    print(json.dumps(answer))


def _read_job() -> Job:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    for name in ("--model", "--classes", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--network", default="resnet18")
    parser.add_argument("--resize", type=int, default=256)
    parser.add_argument("--crop", type=int, default=224)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--workers", type=int, default=WORKERS)
    return Job(**vars(parser.parse_args()))
