"""From a plan to jobs: the weights to begin with, the views that trainings share, the processes."""

import os
from collections.abc import Sequence

import numpy as np
import torch

from landmark_core.dataset import Dataset
from landmark_core.model import Preprocess, PreprocessSettings, StagedNetwork, build_network
from landmark_core.tagging import choose_device
from landmark_core.training.examples import Examples
from landmark_core.training.jobs import Job, save_weights
from landmark_core.training.kept import KeptViews, keep_views
from landmark_core.training.plan import Model
from landmark_core.training.progress import Told, TrainProgress
from landmark_core.training.recipe import Recipe
from landmark_core.training.settings import TrainConfig
from landmark_core.training.workplace import Workplace

_MOST_DRAWING = 8  # processes that draw views for a GPU


def preprocess_of(recipe: Recipe) -> Preprocess:
    """Return how photos reach the network that a recipe trains."""
    settings = PreprocessSettings(resize_size=recipe.test_resize, crop_size=recipe.test_crop)
    return Preprocess(settings)


def build_first(config: TrainConfig, classes: int) -> StagedNetwork:
    """Return the network as all trainings of a model begin with it.

    Raises:
        ConfigError: no such backbone, or its weights cannot be had or do not fit.
    """
    recipe = config.recipe
    torch.manual_seed(config.seed)
    return build_network(
        recipe.arch,
        classes,
        backbone=recipe.backbone,
        weights=recipe.weights,
        dropout=recipe.dropout,
    )


def plan_jobs(
    config: TrainConfig,
    dataset: Dataset,
    models: Sequence[Model],
    workplace: Workplace,
    progress: TrainProgress,
) -> list[list[Job]]:
    """Return the trainings of each model, one for each member of the recipe.

    Weights to begin with and kept views are written to the workplace.

    Raises:
        RunError: the disk cannot hold them.
    """
    start = workplace.folder / "start.pt"
    network = build_first(config, len(dataset.class_names))
    save_weights(network.state_dict(), start)
    device = choose_device(config.device)
    kept = [
        _keep(config, member, dataset, network, workplace, progress)
        for member in config.recipe.members()
    ]
    together = side_by_side(config, len(models) * len(kept))
    several = len(kept) > 1
    return [
        [
            Job(
                name=f"{model.name} part {part + 1}".strip() if several else model.name,
                folder=workplace.of(f"{model.key}-{part}"),
                recipe=member,
                seed=config.seed + part,
                classes=len(dataset.class_names),
                start=start,
                examples=_examples(config, dataset, model, together),
                device=str(device),
                kept=kept[part],
            )
            for part, member in enumerate(config.recipe.members())
        ]
        for model in models
    ]


def _keep(
    config: TrainConfig,
    member: Recipe,
    dataset: Dataset,
    network: StagedNetwork,
    workplace: Workplace,
    progress: TrainProgress,
) -> KeptViews | None:
    """Make the views that all trainings of a member share, as do members of equal views."""
    if not member.views:
        return None
    return keep_views(
        network,
        dataset.cache,
        np.arange(len(dataset.photos)),
        member,
        preprocess=preprocess_of(member),
        digest=dataset.digest,
        seed=config.seed,
        device=choose_device(config.device),
        folder=workplace.folder / "views",
        workers=drawing_processes(config, together=1),
        watch=Told(progress, "views"),
    )


def _examples(config: TrainConfig, dataset: Dataset, model: Model, together: int) -> Examples:
    return Examples(
        source=dataset.cache,
        preprocess=preprocess_of(config.recipe),
        labels=dataset.labels,
        train=model.train,
        validation=model.validation,
        digest=dataset.digest,
        workers=drawing_processes(config, together),
    )


def side_by_side(config: TrainConfig, jobs: int) -> int:
    """Return how many trainings run at a time: on a CPU one a core, on a GPU one."""
    if config.jobs != "auto":
        return config.jobs
    return 1 if choose_device(config.device).type == "cuda" else min(os.cpu_count() or 1, jobs)


def drawing_processes(config: TrainConfig, together: int) -> int:
    """Return how many processes draw views for each training; 0 draws them in its own.

    A GPU waits for them, a CPU has its cores at work.

    Args:
        config: says how many, or auto.
        together: trainings at a time, which share the cores.
    """
    if config.workers != "auto":
        return config.workers
    cores = os.cpu_count() or 1
    if choose_device(config.device).type == "cuda":
        return max(min(cores // together, _MOST_DRAWING), 1)
    return max(cores // together - 1, 0)
