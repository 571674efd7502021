"""A folder per class of small drawn photos that a small network tells apart in seconds."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from landmark_core.model import Version, load_model
from landmark_core.training import TrainConfig, read_recipe

SHAPES = ("Arch", "Dome", "Tower")
OTHERS = "others"
RECIPE = """
arch = "transfer"
backbone = "squeezenet1_1"
weights = "none"
train_size = 32
test_resize = 40
test_crop = 32
batch_size = 16
epochs = 3
rate = 1e-3
body_rate = 1e-3
averaged = 0.0
"""


def draw_folder(
    folder: Path, *, each: int = 14, others: int = 14, first: int = 0
) -> tuple[Path, Path]:
    """Draw DATA with three classes and a folder of other photos; return both.

    Args:
        folder: receives data/, others/ and recipe.toml.
        each: photos of a class.
        others: photos that show none of them.
        first: number of the first photo; another call with a later one adds to the folder.
    """
    for label, name in enumerate(SHAPES):
        for number in range(first, first + each):
            write_photo(folder / "data" / f"{label:02}.{name}" / f"{number}.jpg", label, number)
    for number in range(first, first + others):
        write_photo(folder / OTHERS / f"{number}.jpg", None, number)
    (folder / "recipe.toml").write_text(RECIPE)
    return folder / "data", folder / OTHERS


def write_photo(path: Path, label: int | None, number: int, *, quality: int = 90) -> None:
    """Write one photo; the same in another quality is a near-duplicate."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(photo_bytes(label, number, quality=quality))


def photo_bytes(label: int | None, number: int, *, quality: int = 90) -> bytes:
    """Return the JPEG: a strong colour, and a coarse pattern that no other number has."""
    random = np.random.default_rng([7, 9 if label is None else label, number])
    coarse = random.integers(0, 120, (6, 7, 3), dtype=np.uint8)
    if label is not None:
        coarse[..., label] += 130
    image = Image.fromarray(coarse).resize((96, 80), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def settings(folder: Path, out: Path, **changes: Any) -> TrainConfig:
    """Return the settings of a training of a drawn folder, in this process alone."""
    options: dict[str, Any] = {
        "data": str(folder / "data"),
        "negatives": str(folder / OTHERS),
        "out": str(out),
        "recipe": read_recipe(folder / "recipe.toml"),
        "jobs": 1,
        "workers": 0,
        "device": "cpu",
    }
    return TrainConfig(**options | changes)


def weights_of(version: Version) -> dict[str, Any]:
    """Return the tensors of a version's model file by name."""
    return dict(load_model(str(version.model_path)).module.state_dict())
