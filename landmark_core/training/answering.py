"""Ask a trained network about photos that it has not seen."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landmark_core.dataset import Dataset
from landmark_core.errors import RunError
from landmark_core.judging import AnsweredPhoto, Answers
from landmark_core.model import StagedNetwork
from landmark_core.records import OTHER
from landmark_core.tagging import choose_device
from landmark_core.training.examples import answer
from landmark_core.training.prepare import preprocess_of
from landmark_core.training.settings import TrainConfig


def answer_unseen(
    network: StagedNetwork,
    numbers: NDArray[np.int64],
    fold: int | None,
    dataset: Dataset,
    config: TrainConfig,
) -> Answers:
    """Return a model's answers to photos that it has not seen.

    Args:
        network: trained.
        numbers: of the photos; may be empty.
        fold: that they belong to; null where there was one split.
        dataset: the photos.
        config: of the training.

    Raises:
        RunError: an answer is no number.
    """
    names = dataset.class_names
    logits = np.empty((0, len(names)), np.float32)
    if len(numbers):
        logits = answer(
            network,
            dataset.cache,
            numbers,
            preprocess=preprocess_of(config.recipe),
            device=choose_device(config.device),
        )
    if not np.isfinite(logits).all():
        raise RunError(
            "the trained model gives NaN or infinity for photos that it has not seen: "
            "train anew with a lower rate in the recipe"
        )
    photos = [dataset.photos[number] for number in numbers.tolist()]
    return Answers(
        class_names=names,
        photos=tuple(
            AnsweredPhoto(
                digest=photo.digest,
                uri=photo.ref.uri,
                label=None if photo.label == OTHER else names[photo.label],
                group=dataset.photos[dataset.groups[number]].digest,
                fold=fold,
            )
            for number, photo in zip(numbers.tolist(), photos, strict=True)
        ),
        logits=logits,
    )


def join_answers(parts: Sequence[Answers]) -> Answers:
    """Return the answers of several models, which share their classes, as one."""
    return Answers(
        class_names=parts[0].class_names,
        photos=tuple(photo for part in parts for photo in part.photos),
        logits=np.concatenate([part.logits for part in parts]),
    )
