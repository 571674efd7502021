"""Turn photos into augmented views, already carried through the frozen start of the network.

The first blocks of MobileNetV2 take most of the time and learn little from 800 photos, so
they stay as ImageNet left them and each view passes through them once. What is kept is their
output (32, 28, 28) in bfloat16, 50 kB a view; the rest of the network trains on that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, multiprocessing, nn
from torchvision.models import MobileNetV2, mobilenet_v2
from torchvision.transforms import v2

from landmark_core.model import Preprocess, PreprocessSettings
from starter.photos import Photo, open_photo

FROZEN_BLOCKS = 7  # of the 19 in `features`; the seventh gives (32, 28, 28)
PREPROCESS = Preprocess(PreprocessSettings())  # the tagger's own: short side 256, centre 224

Pixels = NDArray[np.uint8]  # (224, 224, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """Every photo as the frozen blocks see it."""

    plain: Tensor  # (N, 32, 28, 28) the evaluation crop, bfloat16
    augmented: Tensor  # (V, N, 32, 28, 28) V random views of each photo, bfloat16


def load_backbone(weights: Path, classes: int) -> MobileNetV2:
    """Return MobileNetV2 with these ImageNet weights and a new, zero head of `classes` outputs."""
    network = mobilenet_v2(weights=None)
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    network.classifier = nn.Sequential(nn.Identity(), nn.Linear(network.last_channel, classes))
    nn.init.zeros_(network.classifier[1].weight)  # the first predictions are uniform
    nn.init.zeros_(network.classifier[1].bias)
    return network


def augmentation(writing: float) -> v2.Compose:
    """Return the random views: a crop of 30-100 % of the area, a mirror image, TrivialAugment.

    TrivialAugment: Mueller and Hutter 2021, https://arxiv.org/abs/2103.10158.

    Args:
        writing: share of the views, 0..1, that are written over.
    """
    steps = [
        v2.RandomResizedCrop(224, scale=(0.3, 1.0), antialias=True),
        v2.RandomHorizontalFlip(),
        v2.TrivialAugmentWide(interpolation=v2.InterpolationMode.BILINEAR),
    ]
    if writing:
        steps.append(v2.RandomApply([v2.Lambda(write_over)], p=writing))
    return v2.Compose(steps)


def write_over(picture: Image.Image) -> Image.Image:
    """Write up to three short texts somewhere over a picture, as watermarks and dates stand there.

    Without it a single large round letter in the middle of a landscape makes a Colosseum of it.
    """
    written = picture.copy()
    draw = ImageDraw.Draw(written)
    for _ in range(_integer(1, 3)):
        text = "".join(chr(_integer(ord("0"), ord("z"))) for _ in range(_integer(1, 5)))
        font = ImageFont.load_default(size=_integer(10, 60))
        centre = (_integer(0, picture.width), _integer(0, picture.height))
        grey = 255 if _integer(0, 2) else _integer(0, 255)  # most writing on photos is white
        draw.text(centre, text, fill=(grey, grey, grey), font=font, anchor="mm")
    return written


def _integer(least: int, most: int) -> int:
    """Draw from torch's generator, which the view's seed has set."""
    return int(torch.randint(least, most + 1, ()))


def make_views(
    photos: Sequence[Photo],
    network: MobileNetV2,
    *,
    views: int,
    writing: float,
    seed: int,
    device: str,
    jobs: int,
) -> Views:
    """Decode each photo once, draw its views and pass them through the frozen blocks.

    Args:
        photos: N photos.
        network: MobileNetV2; its first FROZEN_BLOCKS blocks are used, in evaluation mode.
        views: random views of each photo.
        writing: share of the views, 0..1, that are written over.
        seed: of the random views; photo n has seed * 1,000,003 + n, whatever the jobs.
        device: where the frozen blocks run; the result stays on it.
        jobs: processes, one thread each; 1 works in this process.
    """
    frozen = network.features[:FROZEN_BLOCKS].eval().to(device, memory_format=torch.channels_last)
    tasks = [
        (photo.path, frozen, views, writing, seed * 1_000_003 + number, device)
        for number, photo in enumerate(photos)
    ]
    if jobs == 1:
        every = torch.stack([_views_of(*task) for task in tasks])
    else:
        context = multiprocessing.get_context("spawn")
        with context.Pool(jobs, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            # numpy travels by value: a shared tensor would keep one open file for each photo
            parts = pool.starmap(_bytes_of_views, tasks, chunksize=16)
        every = torch.stack([torch.from_numpy(part).view(torch.bfloat16) for part in parts])
    return Views(plain=every[:, 0], augmented=every[:, 1:].transpose(0, 1))  # every: (N, 1 + V, …)


def _bytes_of_views(
    path: Path, frozen: nn.Module, views: int, writing: float, seed: int, device: str
) -> NDArray[np.int16]:
    carried: NDArray[np.int16] = (
        _views_of(path, frozen, views, writing, seed, device).view(torch.int16).numpy()
    )
    return carried


def _views_of(
    path: Path, frozen: nn.Module, views: int, writing: float, seed: int, device: str
) -> Tensor:
    """Return one photo's evaluation crop and random views, carried, (1 + V, C, H, W)."""
    torch.manual_seed(seed)
    image, random = open_photo(path), augmentation(writing)
    crops = [PREPROCESS.apply(image), *(np.asarray(random(image)) for _ in range(views))]
    return _carry(crops, frozen, device).contiguous()


@torch.inference_mode()
def _carry(crops: Sequence[Pixels], frozen: nn.Module, device: str) -> Tensor:
    pixels = torch.from_numpy(np.stack(crops)).to(device).permute(0, 3, 1, 2)  # (n, 3, 224, 224)
    with torch.autocast(pixels.device.type, dtype=torch.bfloat16):
        carried: Tensor = frozen(PREPROCESS.normalise(pixels)).bfloat16()  # (n, 32, 28, 28)
    return carried
