"""Take a scripted `Predictor` apart: `transforms` -> `model` -> softmax.

The original project's export, and that of many course projects, carries its own preprocessing and
gives probabilities under no_grad. Its `model` alone gives logits and gradients. What `transforms`
does is read from the scripted attributes, or from how it behaves, and believed only once
`Preprocess` and `model` give exactly what the file's own parts give.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.jit import ScriptModule
from torch.nn import functional

from landmark_core.errors import ConfigError
from landmark_core.model.card import Interpolation, Output, PreprocessSettings
from landmark_core.model.preprocess import Preprocess
from landmark_core.model.probe import name_output, run_module
from landmark_core.model.torchscript import SCRIPT_ERRORS, brief_execution, quiet_torchscript

EXACT = 1e-6  # largest relative difference to the file's own result
FALLBACK_SIZE = 256  # pixels, short side where the file does not tell
FLOAT32 = 6  # torch.float32 among TorchScript's dtype numbers
NO_ANTIALIAS = (
    "its own resize does not antialias; photos are resized with Pillow's antialiased filter, "
    "as torchvision does with photos in training"
)
STEPS = ("Resize", "CenterCrop", "ConvertImageDtype", "Normalize")


@dataclass(frozen=True, kw_only=True)
class TakenApart:
    """A predictor's network with the preprocessing that it needs."""

    module: ScriptModule  # normalised (N, 3, H, W) -> (N, C) scores
    settings: PreprocessSettings
    output: Output | None  # None where only running the module can tell
    notes: tuple[str, ...]


class _TransformThenScore(nn.Module):
    """The file's own transforms and network as one module, for pixels in 0..1."""

    def __init__(self, transforms: nn.Module, model: nn.Module) -> None:
        super().__init__()
        self.transforms = transforms
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        """Score (N, 3, H, W) images in 0..1; returns (N, C)."""
        scores: Tensor = self.model(self.transforms(images))
        return scores


def take_apart(module: ScriptModule) -> TakenApart | None:
    """Split a predictor into preprocessing and network; None where it is not one.

    Args:
        module: loaded, in eval mode, on the CPU.
    """
    children = dict(module.named_children())
    if not {"transforms", "model"} <= set(children):
        return None
    transforms, network = children["transforms"], children["model"]
    if not isinstance(transforms, ScriptModule) or not isinstance(network, ScriptModule):
        return None
    try:
        output = _compare_parts(module, transforms, network)
    except (*SCRIPT_ERRORS, ConfigError):  # its parts do not run on photos: not a predictor
        return None
    if output is None:
        return None
    return _fast_way(transforms, network, output) or _exact_way(transforms, network, output)


def _compare_parts(
    module: ScriptModule, transforms: ScriptModule, network: ScriptModule
) -> Output | None:
    """Return what `model` gives, where model(transforms(x)) explains the file's own result."""
    images = _random_images(2, 300, 340) / 255  # (2, 3, H, W)
    own = run_module(module, images)
    with brief_execution():
        scores = network(transforms(images))
    if _equal(scores.softmax(dim=1), own) and not _equal(scores, own):
        return "logits"
    return name_output(own)[0] if _equal(scores, own) else None


def _fast_way(transforms: ScriptModule, network: ScriptModule, output: Output) -> TakenApart | None:
    settings, notes = _read_settings(transforms)
    if settings is None or not _agrees(settings, transforms, network):
        return None
    return TakenApart(module=network, settings=settings, output=output, notes=notes)


def _exact_way(transforms: ScriptModule, network: ScriptModule, output: Output) -> TakenApart:
    size = _read_resize(transforms) or FALLBACK_SIZE
    with quiet_torchscript():
        module = torch.jit.script(_TransformThenScore(transforms, network).eval())
    note = (
        "its transforms could not be read: they are run as they are (slower) on a centre square of "
        f"{size} pixels; heatmaps are laid over that square"
    )
    unit = PreprocessSettings(
        resize_size=size, crop_size=size, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)
    )
    return TakenApart(module=module, settings=unit, output=output, notes=(note,))


def _read_settings(transforms: nn.Module) -> tuple[PreprocessSettings | None, tuple[str, ...]]:
    children: list[Any] = list(transforms.children())
    steps = {child.original_name: child for child in children}
    if list(steps) != [step for step in STEPS if step in steps] or len(steps) < len(children):
        return None, ()
    if "Resize" not in steps:
        return None, ()
    found = _match_resize(steps["Resize"])
    if found is None:
        return None, ()
    interpolation, antialias = found
    notes = () if antialias else (NO_ANTIALIAS,)
    try:
        return _settings_of(steps, interpolation), notes
    except (AttributeError, TypeError, ValueError, ConfigError):  # frozen away or unusual values
        return None, ()


def _settings_of(steps: dict[str, Any], interpolation: Interpolation) -> PreprocessSettings | None:
    resize, convert = steps["Resize"], steps.get("ConvertImageDtype")
    size = list(resize.size)
    stretch = len(size) == 2
    crop = list(steps["CenterCrop"].size) if "CenterCrop" in steps else size
    if len(set(size)) != 1 or len(crop) != 2 or len(set(crop)) != 1 or resize.max_size is not None:
        return None
    if convert is not None and convert.dtype != FLOAT32:
        return None
    scale = steps.get("Normalize")
    return PreprocessSettings(
        resize_size=int(size[0]),
        crop_size=int(crop[0]),
        resize_rule="stretch" if stretch else "short_side",
        interpolation=interpolation,
        mean=(0.0, 0.0, 0.0) if scale is None else tuple(scale.mean),
        std=(1.0, 1.0, 1.0) if scale is None else tuple(scale.std),
    )


def _match_resize(resize: nn.Module) -> tuple[Interpolation, bool] | None:
    """Find by its results which filter a scripted Resize uses, and whether it antialiases.

    The attribute is an enum of torchvision's, which cannot be read without importing torchvision.
    """
    image = _random_images(1, 517, 613) / 255
    with brief_execution():
        resized = resize(image)
    modes: tuple[Interpolation, ...] = ("bilinear", "bicubic")
    for mode in modes:
        for antialias in (True, False):
            expected = functional.interpolate(
                image, resized.shape[-2:], mode=mode, align_corners=False, antialias=antialias
            )
            if _equal(resized, expected):
                return mode, antialias
    return None


def _read_resize(transforms: nn.Module) -> int | None:
    """Return the side that the first Resize gives the short side of a photo."""
    for child in transforms.children():
        if child.original_name == "Resize":
            with brief_execution():
                resized: Tensor = child(torch.zeros(1, 3, 300, 340))
            return min(resized.shape[-2:])
    return None


def _agrees(settings: PreprocessSettings, transforms: nn.Module, network: nn.Module) -> bool:
    """Compare our way with the file's on pixels that need no resizing, where both must be exact."""
    preprocess = Preprocess(settings)
    size = settings.resize_size
    longer = size if settings.resize_rule == "stretch" else size + 37
    for height, width in ((size, longer), (longer, size)):
        pixels = _random_images(1, height, width)
        photo = Image.fromarray(pixels[0].permute(1, 2, 0).to(torch.uint8).numpy())
        ours = torch.from_numpy(np.ascontiguousarray(preprocess.apply(photo).transpose(2, 0, 1)))
        with brief_execution():
            scores = network(preprocess.normalise(ours[None]))
            if not _equal(scores, network(transforms(pixels / 255))):
                return False
    return True


def _random_images(count: int, height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(height * width)
    shape = (count, 3, height, width)
    return torch.randint(0, 256, shape, generator=generator).float()  # whole grey levels


def _equal(one: Tensor, other: Tensor) -> bool:
    if one.shape != other.shape:
        return False
    return bool((one - other).abs().max() <= EXACT * other.abs().max().clamp(min=1))
