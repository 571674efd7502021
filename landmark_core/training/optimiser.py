"""AdamW with layer-wise rates, and how the rates rise and fall.

AdamW: Loshchilov and Hutter 2017 (https://arxiv.org/abs/1711.05101). Biases and normalisation do
not decay. The new layer of a backbone has the recipe's `rate`, its last stage `body_rate`, and each
stage before that `early_rate` times the rate of the one after it.
"""

import math
from collections.abc import Iterator

import torch
from torch import nn
from torch.optim import AdamW

from landmark_core.model import StagedNetwork
from landmark_core.training.recipe import Recipe


def make_optimiser(network: StagedNetwork, recipe: Recipe) -> AdamW:
    """Return the optimiser over everything that trains.

    Each group holds `peak`, its rate at the top of the schedule, and `waits`: whether it belongs to
    the backbone, which is held still in the first `head_epochs`.

    Args:
        network: with its frozen stages among `stages`; their parameters are left out.
        recipe: how.
    """
    groups = [
        {"params": parameters, "lr": 0.0, "weight_decay": decay, "peak": peak, "waits": waits}
        for module, peak, waits in _layers(network, recipe)
        for parameters, decay in _by_decay(module, recipe.weight_decay)
        if parameters
    ]
    return AdamW(groups, fused=True)


def set_rates(optimiser: AdamW, *, step: int, steps: int, head_steps: int, warm_up: float) -> None:
    """Set the rate of every group for one step.

    Args:
        optimiser: from `make_optimiser`.
        step: 0-based, over the whole training.
        steps: of the whole training.
        head_steps: at the start, in which the backbone is held still.
        warm_up: share of the steps over which rates rise.
    """
    for group in optimiser.param_groups:
        late = head_steps if group["waits"] else 0
        group["lr"] = group["peak"] * rate_factor(step - late, steps - late, warm_up)


def rate_factor(step: int, steps: int, warm_up: float) -> float:
    """Return the share of the peak rate at a step: a straight rise, then half a cosine to zero.

    Loshchilov and Hutter 2016, https://arxiv.org/abs/1608.03983.
    """
    rising = warm_up * steps
    if step < 0:
        return 0.0
    if step < rising:
        return (step + 1) / (rising + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1.0, steps - rising)))


def is_from_scratch(recipe: Recipe) -> bool:
    """Tell whether all layers start at random, so that all of them need the full rate."""
    return recipe.arch != "transfer" or recipe.weights == "none"


def _layers(network: StagedNetwork, recipe: Recipe) -> Iterator[tuple[nn.Module, float, bool]]:
    """Yield modules with their peak rate and whether they wait for the head."""
    *before, last = network.head
    if is_from_scratch(recipe):
        yield nn.ModuleList([network.stages, network.head]), recipe.rate, False
        return
    yield last, recipe.rate, False
    yield nn.ModuleList(before), recipe.body_rate, True
    for depth, stage in enumerate(reversed(network.stages)):
        yield stage, recipe.body_rate * recipe.early_rate**depth, True


def _by_decay(module: nn.Module, decay: float) -> list[tuple[list[torch.nn.Parameter], float]]:
    """Part the parameters that train in matrices and kernels, which decay, and the rest."""
    trained = [values for values in module.parameters() if values.requires_grad]
    return [
        ([values for values in trained if values.ndim > 1], decay),
        ([values for values in trained if values.ndim <= 1], 0.0),
    ]
