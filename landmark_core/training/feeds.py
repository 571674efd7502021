"""Where the batches of a training come from: views drawn anew in each epoch, or kept ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from landmark_core.model import StagedNetwork
from landmark_core.training.augment import build_augmentation, mixed_seed
from landmark_core.training.examples import Examples, Feed, Numbers, Watch
from landmark_core.training.fresh import FreshViews
from landmark_core.training.kept import KeptViews, keep_views
from landmark_core.training.recipe import Recipe


@contextmanager
def open_feed(
    examples: Examples, recipe: Recipe, seed: int, kept: KeptViews | None
) -> Iterator[Feed]:
    """Give a training its inputs; the processes that draw them end with it.

    Args:
        examples: the photos.
        recipe: of the views.
        seed: of the training.
        kept: views that are there already; null draws new ones.
    """
    if kept is not None:
        yield KeptFeed(kept=kept, seed=seed)
        return
    augmentation = build_augmentation(
        recipe.augment, recipe.train_size, writing=recipe.writing, erasing=recipe.erasing
    )
    workers = examples.workers
    with FreshViews(examples.source, augmentation, seed=seed, workers=workers) as views:
        yield views


def keep_examples(
    network: StagedNetwork,
    examples: Examples,
    recipe: Recipe,
    seed: int,
    device: torch.device,
    folder: Path,
    watch: Watch,
) -> KeptViews:
    """Keep the views of one training's photos in its folder; see `keep_views` for the rest."""
    return keep_views(
        network,
        examples.source,
        np.union1d(examples.train, examples.validation),
        recipe,
        preprocess=examples.preprocess,
        digest=examples.digest,
        seed=seed,
        device=device,
        folder=folder,
        workers=examples.workers,
        watch=watch,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFeed:
    """Gives a training its kept views: the seed and the epoch decide which."""

    kept: KeptViews
    seed: int

    def views(self, batches: list[Numbers], epoch: int) -> Iterator[Tensor]:
        """Yield one of its views for each photo of each batch."""
        random = np.random.default_rng(mixed_seed("view", self.seed, epoch))
        for batch in batches:
            yield self.kept.views(batch, random.integers(0, self.kept.views_each, len(batch)))

    def crops(self, numbers: Numbers) -> Tensor:
        """Return what the evaluation crops gave."""
        return self.kept.crops(numbers)
