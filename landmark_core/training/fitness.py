"""Refuse a training that cannot work before it starts, and name what decides its weights."""

import copy
import dataclasses
import hashlib

import numpy as np
import torch

from landmark_core.errors import ConfigError
from landmark_core.model import StagedNetwork, split_network
from landmark_core.records import OTHER
from landmark_core.training.examples import Examples
from landmark_core.training.optimiser import is_from_scratch
from landmark_core.training.precision import choose_precision
from landmark_core.training.recipe import Recipe
from landmark_core.training.state import classes_of


def check_fitness(network: StagedNetwork, examples: Examples, recipe: Recipe) -> None:
    """Refuse what would fail later, or give a model that has learnt nothing.

    Raises:
        ConfigError: photos, labels, network and recipe do not belong together.
    """
    labels = examples.labels[np.concatenate([examples.train, examples.validation])]
    if len(examples.train) < 2 or not (labels[: len(examples.train)] != OTHER).any():
        raise ConfigError(
            f"a training needs at least 2 photos, some of landmarks; got {len(examples.train)}"
        )
    if labels.min() < OTHER or labels.max() >= classes_of(network):
        raise ConfigError(
            f"labels must be in {OTHER}..{classes_of(network) - 1}, "
            f"got {labels.min()}..{labels.max()}"
        )
    check_recipe(network, recipe)


def check_recipe(network: StagedNetwork, recipe: Recipe) -> None:
    """Refuse a recipe that does not fit its network; no photo is needed to tell.

    Raises:
        ConfigError: what the recipe keeps still starts at random or is not there, or the network
            does not take photos of this size.
    """
    split_network(network, recipe.frozen_stages)  # refuses more stages than there are
    still = recipe.frozen_stages or recipe.head_epochs or recipe.batch_norm == "frozen"
    if still and is_from_scratch(recipe):
        raise ConfigError(
            "frozen_stages, head_epochs and batch_norm = frozen keep trained weights as they are, "
            "and this network starts at random: leave them out, or give --weights"
        )
    if recipe.views and is_from_scratch(recipe) and recipe.frozen_stages:
        raise ConfigError("views of a network that starts at random cannot pass frozen stages")
    for side in sorted({recipe.train_size, recipe.test_crop}):
        _check_size(network, side, recipe)


def _check_size(network: StagedNetwork, side: int, recipe: Recipe) -> None:
    """Carry two photos without values through the network."""
    empty = copy.deepcopy(network).to("meta").eval()
    try:
        with torch.no_grad():
            empty(torch.empty(2, 3, side, side, device="meta"))
    except (RuntimeError, AssertionError, ValueError) as error:
        name = recipe.backbone if recipe.arch == "transfer" else recipe.arch
        reason = str(error).strip().partition("\n")[0]
        raise ConfigError(
            f"{name} does not take photos of {side} pixels ({reason}); "
            "set train_size and test_crop to 224"
        ) from error


def identity_of(
    network: StagedNetwork,
    examples: Examples,
    recipe: Recipe,
    *,
    seed: int,
    device: torch.device,
) -> dict[str, str]:
    """Return everything that decides the weights of a training, by name."""
    settings = {
        field.name: str(getattr(recipe, field.name)) for field in dataclasses.fields(recipe)
    }
    return {
        **settings,
        "seed": str(seed),
        "device": f"{device.type} in {choose_precision(device).dtype}",
        "preprocessing": str(examples.preprocess.settings),
        "choice of photos": examples.identity(),
        "start": _digest(network),
    }


def _digest(network: StagedNetwork) -> str:
    content = hashlib.sha256()
    for name, values in network.state_dict().items():
        content.update(name.encode())
        content.update(
            values.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
        )
    return content.hexdigest()[:16]
