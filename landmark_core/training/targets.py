"""What a network should say of a photo, and how wrong it was.

A photo that shows none of the landmarks has the uniform distribution as its target (outlier
exposure, Hendrycks et al. 2019, https://arxiv.org/abs/1812.04606): the network learns to be unsure
of such photos, and its outputs stay the landmarks alone.
"""

import torch
from torch import Tensor, nn

from landmark_core.records import OTHER


def targets_of(labels: Tensor, classes: int, smoothing: float, other_weight: float) -> Tensor:
    """Return what the photos should give, and how much each counts.

    Args:
        labels: (N,) int64, a class or OTHER.
        classes: C.
        smoothing: share of each label, 0..1, that is spread over all classes.
        other_weight: of the photos of OTHER; the others count 1.

    Returns:
        (N, C + 1) float32: a distribution, then its weight. One tensor, so that they mix alike.
    """
    landmark = (labels != OTHER).float().unsqueeze(1)  # (N, 1)
    one_hot = nn.functional.one_hot(labels.clamp(min=0), classes).float()
    sure = landmark * (1 - smoothing)
    weight = torch.where(landmark > 0, 1.0, other_weight)
    return torch.cat([sure * one_hot + (1 - sure) / classes, weight], dim=1)


def loss_of(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean over the batch of the weighted cross-entropy, a scalar.

    Args:
        logits: (N, C) in any floating type.
        targets: (N, C + 1) as `targets_of` gives them.
    """
    losses = nn.functional.cross_entropy(logits.float(), targets[:, :-1], reduction="none")  # (N,)
    return (losses * targets[:, -1]).mean()


def count_correct(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return how many landmark photos have their class first, and how many there are.

    Both are scalars on the device, float32, so that a GPU need not be waited for.
    """
    correct = (logits.argmax(dim=1) == labels).float()  # OTHER is no index, so it is never right
    return correct.sum(), (labels != OTHER).float().sum()
