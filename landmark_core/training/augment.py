"""Turn a photo into a random view of it: named presets of torchvision's v2 transforms.

    original   Resize 256, RandomCrop 224, RandomResizedCrop 224 of 80-100 %, RandomAffine,
               ColorJitter, mirror image, blur: the original project's list in its order
    light      RandomResizedCrop of 30-100 %, mirror image, TrivialAugmentWide
    strong     light, then a rectangle is erased; mixing.py mixes its batches by default

What ends each list in the original, "to tensor, normalise", happens once for a whole batch on the
device (`landmark_core.model.Preprocess.normalise`), so a view stays uint8 until there.

A view follows from (seed, epoch, photo) alone, whichever process draws it and in whatever order.
TrivialAugment: Mueller and Hutter 2021, https://arxiv.org/abs/2103.10158. Random erasing: Zhong et
al. 2017, https://arxiv.org/abs/1708.04896.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2

from landmark_core.errors import ConfigError
from landmark_core.training.blur import Blur
from landmark_core.training.writing import write_over

PRESETS = ("light", "original", "strong")
STRONG_ERASING = 0.25  # chance, where the recipe gives none
ORIGINAL_SIZE, ORIGINAL_RESIZE = 224, 256  # pixels; other sizes keep their ratio
_GREY = [124, 116, 104]  # ImageNet's mean colour: zero once it is normalised

Pixels = NDArray[np.uint8]
Augmentation = Callable[[Pixels], Tensor]


def build_augmentation(
    name: str, size: int, *, writing: float = 0.0, erasing: float = 0.0
) -> Augmentation:
    """Return what draws a random view with torch's global generator; see `draw_view`.

    Args:
        name: of a preset.
        size: of the view's side, in pixels.
        writing: share of the views, 0..1, with text written over them.
        erasing: chance, 0..1, that a rectangle is erased; 0 leaves it to the preset.

    Returns:
        A callable, uint8 (H, W, 3) array to uint8 (3, size, size) tensor. It travels to workers.

    Raises:
        ConfigError: no such preset.
    """
    if name not in PRESETS:
        raise ConfigError(f"augment must be one of {', '.join(PRESETS)}, got {name!r}")
    steps = _original(size) if name == "original" else _light(size)
    if writing:
        steps.append(v2.RandomApply([v2.Lambda(write_over)], p=writing))
    chance = erasing or (STRONG_ERASING if name == "strong" else 0.0)
    return _Augmentation(steps, v2.RandomErasing(chance, value=_GREY) if chance else None)


def draw_view(
    augmentation: Augmentation, pixels: Pixels, *, seed: int, epoch: int, number: int
) -> Tensor:
    """Return the view of one photo in one epoch; torch's global generator is left as it was.

    Args:
        augmentation: from `build_augmentation`.
        pixels: uint8 (H, W, 3), of any size.
        seed: of the training.
        epoch: or the number of a view that is kept.
        number: of the photo in its data set.
    """
    with seeded(seed, epoch, number):
        return augmentation(pixels)


def mixed_seed(*parts: int | str) -> int:
    """Return 63 bits that depend on every part: neighbours share nothing."""
    content = b"".join(
        part.encode() + b"\0" if isinstance(part, str) else struct.pack("<q", part)
        for part in parts
    )
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little") >> 1


@contextmanager
def seeded(*parts: int | str) -> Iterator[None]:
    """Let torch's CPU generator start from these parts in here, and go on as before after."""
    before = torch.get_rng_state()
    torch.default_generator.manual_seed(mixed_seed(*parts))  # the CPU's alone, GPUs are not asked
    try:
        yield
    finally:
        torch.set_rng_state(before)


class _Augmentation:
    """Pillow's picture through the steps, then to a tensor.

    Pillow, because texts are written with it, and because its affine and colour steps take less
    time than uint8 tensors': `original` needs half of theirs on one core, `light` a third more.
    """

    def __init__(self, steps: list[torch.nn.Module], erase: v2.RandomErasing | None) -> None:
        self._steps = v2.Compose(steps)
        self._erase = erase

    def __call__(self, pixels: Pixels) -> Tensor:
        picture = self._steps(Image.fromarray(pixels))
        view = torch.from_numpy(np.array(picture)).permute(2, 0, 1)  # (3, size, size)
        if self._erase is not None:
            view = self._erase(view)
        return view


def _light(size: int) -> list[torch.nn.Module]:
    return [
        v2.RandomResizedCrop(size, scale=(0.3, 1.0), antialias=True),
        v2.RandomHorizontalFlip(),
        v2.TrivialAugmentWide(interpolation=InterpolationMode.BILINEAR),
    ]


def _original(size: int) -> list[torch.nn.Module]:
    return [
        v2.Resize(round(size * ORIGINAL_RESIZE / ORIGINAL_SIZE)),
        v2.RandomCrop(size),
        v2.RandomResizedCrop(size, scale=(0.8, 1.0)),
        v2.RandomAffine(10, translate=(0.1, 0.1), scale=(0.9, 1.1), shear=5),
        v2.ColorJitter(0.2, 0.2, 0.2, hue=0.1),
        v2.RandomHorizontalFlip(0.5),
        Blur(5, sigma=(0.1, 2.0)),
    ]
