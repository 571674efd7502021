"""Small labelled folders, drawn from seeds, and the settings that open them."""

import io
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from landmark_core.dataset import Dataset, DataSettings, open_dataset
from landmark_core.model import Preprocess, PreprocessSettings

PREPROCESS = Preprocess(PreprocessSettings(resize_size=36, crop_size=32))


class Progress:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.total, self.done = 0, 0

    def reading(self, total: int) -> None:
        self.total += total

    def read(self, count: int) -> None:
        self.done += count


def draw(seed: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Draw a photo with detail at all scales; other seeds give photos that are not alike."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", size)
    for cells in (3, 6, 12):
        patch = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        image = Image.blend(image, patch.resize(size, Image.Resampling.BICUBIC), 0.5)
    return image


def jpeg(image: Image.Image, quality: int = 85) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


@pytest.fixture
def photo_bytes() -> Callable[..., bytes]:
    """Make the bytes of a drawn JPEG from a seed."""
    return lambda seed, quality=85: jpeg(draw(seed), quality)


@pytest.fixture
def fill() -> Callable[..., Path]:
    """Write so many drawn photos into each folder; the seeds run on, so all of them differ."""

    def write(root: Path, photos: dict[str, int], first_seed: int = 0) -> Path:
        seed = first_seed
        for folder, many in photos.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            for _ in range(many):
                (root / folder / f"{seed:04d}.jpg").write_bytes(jpeg(draw(seed)))
                seed += 1
        return root

    return write


@pytest.fixture
def open_data(tmp_path: Path) -> Callable[..., Dataset]:
    """Open a dataset with a small preprocessing; home is the same within a test."""

    def open_it(data: Path | str, *, side: int = 40, home: Path | None = None, **more: object):
        progress = more.pop("progress", None) or Progress()
        return open_dataset(
            DataSettings(data=str(data), **more),
            home=home or tmp_path / "home",
            preprocess=PREPROCESS,
            side=side,
            progress=progress,
        )

    return open_it


@pytest.fixture
def progress() -> Progress:
    return Progress()


@pytest.fixture
def preprocess() -> Preprocess:
    return PREPROCESS


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """Mount a file system of 1 MB; skips where that is not allowed."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]
        try:
            subprocess.run(mount, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("a small tmpfs cannot be mounted here: it needs root")
        yield Path(folder)
        subprocess.run(["umount", "-l", folder], check=True)
