"""Train the end of the network on cached views.

Photos of other things have the uniform distribution as their target (outlier exposure,
Hendrycks et al. 2019, https://arxiv.org/abs/1812.04606), so the output stays at the
landmarks alone. The weights that come out are the mean over the last epochs (Izmailov et
al. 2018, https://arxiv.org/abs/1803.05407), statistics of batch normalisation included.
"""

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR
from torchvision.models import MobileNetV2

from starter.photos import OTHER
from starter.views import FROZEN_BLOCKS, Views


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one model is trained."""

    epochs: int = 20
    batch_size: int = 64  # photos
    body_rate: float = 5e-4  # peak learning rate of the blocks that train
    head_rate: float = 2e-3  # peak learning rate of the last layer
    weight_decay: float = 0.02
    smoothing: float = 0.1  # of the labels: this share is spread over all classes
    other_weight: float = 1.0  # of the loss of a photo of something else
    mixup: float = 0.0  # alpha of the Beta distribution; 0 mixes nothing
    averaged: float = 0.4  # share of the epochs, at the end, whose weights are averaged
    adapt_from: float = 1.0  # share of the epochs after which targets follow the predictions
    adapt_momentum: float = 0.9  # what a target keeps of itself when its photo is seen
    frozen_statistics: bool = False  # batch normalisation keeps ImageNet's


class _StridedDepthwise(nn.Conv2d):
    """A depthwise convolution that computes in float32 under autocast.

    With stride 2 its bfloat16 gradient takes 20 times as long on a CPU (oneDNN, 130 ms
    against 7 ms for 64 photos), which is half the time of training.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        with torch.autocast(inputs.device.type, enabled=False):
            return super().forward(inputs.float())


def _in_float32(convolution: nn.Conv2d) -> nn.Conv2d:
    twin = _StridedDepthwise(
        convolution.in_channels,
        convolution.out_channels,
        3,
        stride=2,
        padding=1,
        groups=convolution.groups,
        bias=False,
    )
    twin.load_state_dict(convolution.state_dict())
    return twin


class End(nn.Module):
    """The blocks that train, pooling and the last layer: (N, 32, 28, 28) to (N, classes)."""

    def __init__(self, network: MobileNetV2) -> None:
        super().__init__()
        self.blocks = copy.deepcopy(network.features[FROZEN_BLOCKS:])
        self.head = copy.deepcopy(network.classifier[-1])
        for parent in list(self.blocks.modules()):
            for name, child in parent.named_children():
                if isinstance(child, nn.Conv2d) and child.groups > 1 and child.stride == (2, 2):
                    setattr(parent, name, _in_float32(child))

    def pooled(self, carried: Tensor) -> Tensor:
        """Return the (N, 1280) features before the last layer."""
        features: Tensor = self.blocks(carried)
        return features.mean((2, 3))

    def forward(self, carried: Tensor) -> Tensor:
        """Return the (N, classes) logits."""
        logits: Tensor = self.head(self.pooled(carried))
        return logits


def targets_of(labels: Tensor, classes: int, smoothing: float) -> Tensor:
    """Return (N, classes) distributions: smoothed labels, uniform for OTHER."""
    landmark = (labels != OTHER).float().unsqueeze(1)  # (N, 1)
    one_hot = nn.functional.one_hot(labels.clamp(min=0), classes).float()
    sure = landmark * (1 - smoothing)
    return sure * one_hot + (1 - sure) / classes


def train(
    network: MobileNetV2, views: Views, labels: Tensor, chosen: Tensor, recipe: Recipe, seed: int
) -> End:
    """Return the trained end of the network, in evaluation mode.

    Args:
        network: where the weights start.
        views: of all N photos.
        labels: (N,) landmark or OTHER.
        chosen: (M,) numbers of the photos to train on.
        recipe: how.
        seed: of order, views and mixing.
    """
    device = views.augmented.device
    generator, random = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    end = End(network).to(memory_format=torch.channels_last).to(device)
    targets = targets_of(labels, network.classifier[-1].out_features, recipe.smoothing).to(device)
    weight = torch.where(labels == OTHER, recipe.other_weight, 1.0).to(device)
    optimizer, schedule = _optimizer(end, recipe, steps=math.ceil(len(chosen) / recipe.batch_size))
    average = torch.optim.swa_utils.AveragedModel(end, use_buffers=True)
    for epoch in range(recipe.epochs):
        end.train()
        if recipe.frozen_statistics:
            _freeze_statistics(end)
        for batch in _batches(chosen, recipe.batch_size, generator):
            view = torch.randint(len(views.augmented), (len(batch),), generator=generator)
            inputs, goal = views.augmented[view, batch].float(), targets[batch]
            inputs, goal = _mix(inputs, goal, recipe.mixup, random)
            with torch.autocast(device.type, dtype=torch.bfloat16):
                logits = end(inputs.contiguous(memory_format=torch.channels_last))
            losses = nn.functional.cross_entropy(logits.float(), goal, reduction="none")
            optimizer.zero_grad()
            torch.autograd.backward((losses * weight[batch]).mean())
            optimizer.step()
            schedule.step()
            if recipe.mixup == 0 and epoch >= recipe.adapt_from * recipe.epochs:
                known = batch[labels[batch] != OTHER]
                seen = logits.detach().float().softmax(1)[labels[batch] != OTHER]
                momentum = recipe.adapt_momentum
                targets[known] = momentum * targets[known] + (1 - momentum) * seen
        if epoch >= (1 - recipe.averaged) * recipe.epochs:
            average.update_parameters(end)
    averaged: End = average.module.eval()  # type: ignore[assignment]
    return averaged


def _optimizer(end: End, recipe: Recipe, *, steps: int) -> tuple[AdamW, OneCycleLR]:
    """Return AdamW and a one-cycle schedule; no decay on biases and normalisation."""
    groups = [
        {
            "params": [p for p in module.parameters() if (p.ndim > 1) == decays],
            "lr": rate,
            "weight_decay": recipe.weight_decay if decays else 0.0,
        }
        for module, rate in ((end.blocks, recipe.body_rate), (end.head, recipe.head_rate))
        for decays in (True, False)
    ]
    optimizer = AdamW(groups)
    schedule = OneCycleLR(
        optimizer,
        max_lr=[recipe.body_rate, recipe.body_rate, recipe.head_rate, recipe.head_rate],
        total_steps=steps * recipe.epochs,
        pct_start=0.2,
        cycle_momentum=False,
    )
    return optimizer, schedule


def _freeze_statistics(end: End) -> None:
    for module in end.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def _batches(chosen: Tensor, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield every chosen photo once, in random order; batches differ by one photo at most."""
    order = chosen[torch.randperm(len(chosen), generator=generator)]
    yield from order.tensor_split(math.ceil(len(order) / size))


def _mix(
    inputs: Tensor, goal: Tensor, alpha: float, random: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Mix each photo with another, inputs and targets alike.

    Manifold mixup, Verma et al. 2019 (https://arxiv.org/abs/1806.05236).
    """
    if alpha == 0:
        return inputs, goal
    other = torch.from_numpy(random.permutation(len(inputs)))
    shares = random.beta(alpha, alpha, size=(len(inputs), 1)).astype(np.float32)
    share = torch.from_numpy(shares).to(inputs.device)  # (n, 1)
    return (
        torch.lerp(inputs[other], inputs, share[..., None, None]),
        torch.lerp(goal[other], goal, share),
    )


@torch.inference_mode()
def infer(end: End, carried: Tensor, batch_size: int = 128) -> Tensor:
    """Return the (N, classes) float32 logits of (N, 32, 28, 28) carried crops."""
    return torch.cat([end(part.float()) for part in torch.split(carried, batch_size)]).cpu()
