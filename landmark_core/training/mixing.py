"""Mix the photos of a batch with each other: what the network sees, and what it should say.

mixup (Zhang et al. 2017, https://arxiv.org/abs/1710.09412) blends two photos, or their feature maps
(manifold mixup, Verma et al. 2019, https://arxiv.org/abs/1806.05236); cutmix (Yun et al. 2019,
https://arxiv.org/abs/1905.04899) pastes a rectangle of one into the other. Targets mix by the same
shares.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from landmark_core.training.recipe import Recipe

STRONG_MIXUP, STRONG_CUTMIX = 0.2, 1.0  # where the preset is strong and the recipe gives neither


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixing:
    """The alphas of the Beta distributions that shares are drawn from; 0 switches one off."""

    mixup: float
    cutmix: float

    def __bool__(self) -> bool:
        return bool(self.mixup or self.cutmix)


def mixing_of(recipe: Recipe) -> Mixing:
    """Return what a recipe asks for, or what its preset brings."""
    if recipe.augment == "strong" and not recipe.mixup and not recipe.cutmix:
        return Mixing(mixup=STRONG_MIXUP, cutmix=STRONG_CUTMIX)
    return Mixing(mixup=recipe.mixup, cutmix=recipe.cutmix)


def mix_batch(
    inputs: Tensor, targets: Tensor, mixing: Mixing, random: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Mix each photo with another of the batch; where both ways are on, a coin decides for all.

    Args:
        inputs: (N, C, H, W) floating point.
        targets: (N, K), what the N photos should give; all columns mix alike.
        mixing: how.
        random: decides partners, shares and places.

    Returns:
        Mixed inputs and targets of the same shapes; the arguments are left as they are.
    """
    if not mixing:
        return inputs, targets
    partner = torch.from_numpy(random.permutation(len(inputs))).to(inputs.device)
    pastes = mixing.cutmix and (not mixing.mixup or random.random() < 0.5)
    if pastes:
        return _paste(inputs, targets, partner, mixing.cutmix, random)
    shares = random.beta(mixing.mixup, mixing.mixup, size=(len(inputs), 1)).astype(np.float32)
    share = torch.from_numpy(shares).to(inputs.device)  # (N, 1), of the photo itself
    return (
        torch.lerp(inputs[partner], inputs, share[..., None, None].to(inputs.dtype)),
        torch.lerp(targets[partner], targets, share),
    )


def _paste(
    inputs: Tensor, targets: Tensor, partner: Tensor, alpha: float, random: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Paste one rectangle, the same for the whole batch, from each photo's partner."""
    height, width = inputs.shape[2:]
    edge = (1 - random.beta(alpha, alpha)) ** 0.5  # of the rectangle, as a share of the photo's
    top, bottom = _span(height, edge, random)
    left, right = _span(width, edge, random)
    mixed = inputs.clone()
    mixed[:, :, top:bottom, left:right] = inputs[partner, :, top:bottom, left:right]
    kept = 1 - (bottom - top) * (right - left) / (height * width)  # what the edges cut off is kept
    return mixed, torch.lerp(targets[partner], targets, kept)


def _span(side: int, share: float, random: np.random.Generator) -> tuple[int, int]:
    length, centre = round(side * share), int(random.integers(0, side))
    return max(0, centre - length // 2), min(side, centre - length // 2 + length)
