"""Train the end of the network on cached views.

Photos of other things have the uniform distribution as their target (outlier exposure,
Hendrycks et al. 2019, https://arxiv.org/abs/1812.04606), so the output stays at the
landmarks alone. The weights that come out are the mean over the last epochs (Izmailov et
al. 2018, https://arxiv.org/abs/1803.05407) and over runs (Wortsman et al. 2022,
https://arxiv.org/abs/2203.05482): all start from the same weights, so their mean is a model.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, multiprocessing, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel
from torchvision.models import MobileNetV2
from torchvision.models.mobilenetv2 import InvertedResidual

from starter.photos import OTHER
from starter.views import FROZEN_BLOCKS, Views


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one model is trained."""

    runs: int = 2  # trainings that differ in their seed alone; their weights are averaged
    epochs: int = 8
    batch_size: int = 64  # photos
    body_rate: float = 5e-4  # peak learning rate of the blocks that train
    head_rate: float = 2e-3  # peak learning rate of the last layer
    weight_decay: float = 0.02
    smoothing: float = 0.1  # of the labels: this share is spread over all classes
    other_weight: float = 1.0  # of the loss of a photo of something else
    mixup: float = 0.0  # alpha of the Beta distribution; 0 mixes nothing
    averaged: float = 0.4  # share of the epochs, at the end, whose weights are averaged


class End(nn.Module):
    """The blocks that train, pooling and the last layer: carried views to (N, classes).

    Batch normalisation keeps ImageNet's statistics, so that it folds into the convolution
    before it at every step: the same function, in two thirds of the time.
    """

    def __init__(self, network: MobileNetV2) -> None:
        super().__init__()
        self.blocks = copy.deepcopy(network.features[FROZEN_BLOCKS:])
        self.head = copy.deepcopy(network.classifier[-1])

    def pooled(self, carried: Tensor) -> Tensor:
        """Return the (N, 1280) features before the last layer."""
        return _run(self.blocks, carried).mean((2, 3))

    def forward(self, carried: Tensor) -> Tensor:
        """Return the (N, classes) logits."""
        logits: Tensor = self.head(self.pooled(carried))
        return logits


def _run(module: nn.Module, inputs: Tensor) -> Tensor:
    """Run a part of MobileNetV2, each normalisation folded into its convolution."""
    if isinstance(module, InvertedResidual):
        outputs = _run(module.conv, inputs)
        return inputs + outputs if module.use_res_connect else outputs
    if not isinstance(module, nn.Sequential):
        result: Tensor = module(inputs)
        return result
    parts = list(module)
    while parts:
        part = parts.pop(0)
        if isinstance(part, nn.Conv2d):
            norm = parts.pop(0)
            assert isinstance(norm, nn.BatchNorm2d)
            inputs = _convolve(part, norm, inputs)
        else:
            inputs = _run(part, inputs)
    return inputs


def _convolve(convolution: nn.Conv2d, norm: nn.BatchNorm2d, inputs: Tensor) -> Tensor:
    """Convolve and normalise with the stored statistics, in one step."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()  # (C,)
    weight = convolution.weight * scale.view(-1, 1, 1, 1)
    bias = norm.bias - norm.running_mean * scale
    stride, groups = list(convolution.stride), convolution.groups
    padding = [size // 2 for size in convolution.kernel_size]
    # float32: on a CPU the bfloat16 gradient takes 20 times as long (130 against 7 ms).
    if groups > 1 and stride == [2, 2]:
        with torch.autocast(inputs.device.type, enabled=False):
            return nn.functional.conv2d(inputs.float(), weight, bias, stride, padding, 1, groups)
    return nn.functional.conv2d(inputs, weight, bias, stride, padding, 1, groups)


def targets_of(labels: Tensor, classes: int, smoothing: float) -> Tensor:
    """Return (N, classes) distributions: smoothed labels, uniform for OTHER."""
    landmark = (labels != OTHER).float().unsqueeze(1)  # (N, 1)
    one_hot = nn.functional.one_hot(labels.clamp(min=0), classes).float()
    sure = landmark * (1 - smoothing)
    return sure * one_hot + (1 - sure) / classes


def train_all(
    network: MobileNetV2,
    views: Views,
    labels: Tensor,
    choices: Sequence[Tensor],
    recipe: Recipe,
    *,
    seed: int,
    jobs: int,
) -> list[End]:
    """Return one trained end of the network for each choice of photos, for evaluation.

    Args:
        network: where the weights start.
        views: of all N photos.
        labels: (N,) landmark or OTHER.
        choices: numbers of the photos to train on, one tensor for each model.
        recipe: how.
        seed: of the first run; run r of every model has seed + r.
        jobs: processes, one thread each; 1 trains in this process with torch's own threads.
    """
    tasks = [
        (network, views, labels, chosen, recipe, seed + run)
        for chosen in choices
        for run in range(recipe.runs)
    ]
    if jobs == 1:
        ends = [_train_once(*task) for task in tasks]
    else:
        workers = multiprocessing.get_context("spawn")
        with workers.Pool(jobs, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            ends = pool.starmap(_train_once, tasks, chunksize=1)
    return [
        _average(ends[first : first + recipe.runs]) for first in range(0, len(ends), recipe.runs)
    ]


def _average(ends: Sequence[End]) -> End:
    """Return the network whose weights are the mean of theirs."""
    average = AveragedModel(ends[0])
    for end in ends:
        average.update_parameters(end)
    mean: End = average.module.eval()  # type: ignore[assignment]
    return mean


def _train_once(
    network: MobileNetV2, views: Views, labels: Tensor, chosen: Tensor, recipe: Recipe, seed: int
) -> End:
    """Train one run; the seed decides order, views and mixing."""
    device = views.augmented.device
    generator, random = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    end = End(network).to(memory_format=torch.channels_last).to(device)
    targets = targets_of(labels, network.classifier[-1].out_features, recipe.smoothing).to(device)
    weight = torch.where(labels == OTHER, recipe.other_weight, 1.0).to(device)
    optimizer, schedule = _optimizer(end, recipe, steps=math.ceil(len(chosen) / recipe.batch_size))
    average = AveragedModel(end)
    for epoch in range(recipe.epochs):
        for batch in _batches(chosen, recipe.batch_size, generator):
            view = torch.randint(len(views.augmented), (len(batch),), generator=generator)
            inputs, goal = _mix(
                views.augmented[view, batch].float(), targets[batch], recipe.mixup, random
            )
            with torch.autocast(device.type, dtype=torch.bfloat16):
                logits = end(inputs.contiguous(memory_format=torch.channels_last))
            losses = nn.functional.cross_entropy(logits.float(), goal, reduction="none")
            optimizer.zero_grad()
            torch.autograd.backward((losses * weight[batch]).mean())
            optimizer.step()
            schedule.step()
        if epoch >= (1 - recipe.averaged) * recipe.epochs:
            average.update_parameters(end)
    mean: End = average.module.eval()  # type: ignore[assignment]
    return mean


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
