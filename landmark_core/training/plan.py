"""Which models a training makes, of which photos, and who judges them. Pure.

One split by hash: one model; validation photos calibrate it, test photos judge it. Folds: as many
models, each judged by the photos that it has not seen; their answers together calibrate and judge
the last model, which learns from all photos (cross-fitting). With few photos that is the better use
of them; it costs as many trainings more.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmark_core.dataset import Dataset, Division, deal_folds, divide

Numbers = NDArray[np.int64]
NONE: Numbers = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """One model: what it learns from, and whom it answers."""

    name: str  # for people; "" where it is the only one
    key: str  # of its folder
    train: Numbers
    validation: Numbers  # watched while it trains; may be empty
    calibrates: Numbers  # unseen photos whose answers give temperature and thresholds
    judges: Numbers  # unseen photos whose answers give the figures
    fold: int | None  # number of the fold that it answers
    final: bool  # whether it is the one that is kept


def plan_models(dataset: Dataset, folds: int) -> tuple[Model, ...]:
    """Return the models to train; the last is the one that is kept.

    Raises:
        ConfigError: the photos are too few to be divided so.
    """
    if not folds:
        return (_single(divide(dataset)),)
    dealt = deal_folds(dataset, folds)
    held_out = [
        Model(
            name=f"fold {number + 1}",
            key=f"fold-{number}",
            train=fold.train,
            validation=NONE,
            calibrates=fold.held_out,
            judges=fold.held_out,
            fold=number,
            final=False,
        )
        for number, fold in enumerate(dealt)
    ]
    usable = np.sort(np.concatenate([fold.held_out for fold in dealt]))
    final = Model(
        name="all photos",
        key="all",
        train=usable,
        validation=NONE,
        calibrates=NONE,
        judges=np.array(sorted(dataset.given_test), np.int64),
        fold=None,
        final=True,
    )
    return (*held_out, final)


def _single(division: Division) -> Model:
    return Model(
        name="",
        key="model",
        train=division.train,
        validation=division.validation,
        calibrates=division.validation,
        judges=division.test,
        fold=None,
        final=True,
    )
