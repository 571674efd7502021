"""Answers made up for tests: a seeded model that is right more often where it is surer."""

from collections.abc import Callable

import numpy as np
import pytest

from landmark_core.judging import AnsweredPhoto, Answers

NAMES = ("Arch", "Dome", "Pyramid", "Tower")


def make_answers(
    logits, labels, *, names=NAMES, groups=None, folds=None, prefix="", energies=True
) -> Answers:
    """Answers from rows of logits and label names; null is a photo of something else."""
    photos = tuple(
        AnsweredPhoto(
            digest=f"{prefix}{row:064x}",
            uri=f"/photos/{prefix}{row}.jpg",
            label=label,
            group=groups[row] if groups else f"{prefix}{row:064x}",
            fold=folds[row] if folds is not None else None,
        )
        for row, label in enumerate(labels)
    )
    array = np.asarray(logits, dtype=np.float32)
    return Answers(class_names=tuple(names), photos=photos, logits=array, energies=energies)


def draw_answers(
    *, landmarks=400, others=200, seed=0, skill=4.0, names=NAMES, folds=0, noise=1.5
) -> Answers:
    """Logits of a model of some skill: the true class is raised by about `skill`."""
    generator = np.random.default_rng(seed)
    classes = len(names)
    truth = np.concatenate([np.arange(landmarks) % classes, np.full(others, -1)])
    logits = generator.normal(0, noise, (landmarks + others, classes))
    known = np.arange(landmarks)
    logits[known, truth[:landmarks]] += generator.normal(skill, 1.5, landmarks)
    labels = [names[label] if label >= 0 else None for label in truth]
    numbers = generator.integers(0, folds, len(labels)).tolist() if folds else None
    return make_answers(logits, labels, names=names, folds=numbers)


@pytest.fixture
def answers_from() -> Callable[..., Answers]:
    return make_answers


@pytest.fixture
def drawn_answers() -> Callable[..., Answers]:
    return draw_answers
