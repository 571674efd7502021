"""The first stage of a training: photos in, trained weights and answers to unseen photos out.

Everything is left in the workplace, so that judging can be done again without training, and by
another process:

    weights.pt            of the model that is kept
    calibration.parquet   answers to the photos that give temperature and thresholds
    answers.parquet       answers to the photos that judge
    photos.parquet        every photo, and what it was used for
    material.parquet      the photos and labels that it began with, for the stages after it
    trainings/<key>/      checkpoint, weights, history.csv and TensorBoard files of each training
"""

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from landmark_core.dataset import DataReport, Dataset, DataSettings, open_dataset
from landmark_core.errors import ConfigError
from landmark_core.judging import save_answers
from landmark_core.model import StagedNetwork
from landmark_core.tagging import choose_device
from landmark_core.training.answering import answer_unseen, join_answers
from landmark_core.training.averaging import State, average_weights
from landmark_core.training.card_file import parents_of, read_card_text
from landmark_core.training.fit import refresh
from landmark_core.training.fitness import check_recipe
from landmark_core.training.jobs import Job, build_start, run_jobs, save_weights, weights_of
from landmark_core.training.material import (
    MATERIAL_FILE,
    load_material,
    material_of,
    save_material,
)
from landmark_core.training.photo_list import save_photo_list
from landmark_core.training.plan import Model, plan_models
from landmark_core.training.prepare import build_first, plan_jobs, preprocess_of, side_by_side
from landmark_core.training.progress import TrainProgress
from landmark_core.training.settings import TrainConfig
from landmark_core.training.workplace import (
    Workplace,
    fingerprint,
    hold_model_dir,
    open_workplace,
)

logger = logging.getLogger(__name__)

WEIGHTS, CALIBRATION, ANSWERS, PHOTOS = (
    "weights.pt",
    "calibration.parquet",
    "answers.parquet",
    "photos.parquet",
)
_LEAST_SIDE = 256  # pixels that the short side of a photo keeps for augmentation


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What the stage leaves for the next one: paths and counts."""

    workplace: Workplace
    report: DataReport


def open_data(config: TrainConfig, progress: TrainProgress) -> Dataset:
    """Open the photos of a training; those that were read before are not read again.

    Raises:
        ConfigError: they cannot be learnt from.
        RunError: the disk is full.
    """
    recipe = config.recipe
    sizes = [max(member.train_size, member.test_resize) for member in recipe.members()]
    settings = DataSettings(
        data=config.data,
        negatives=config.negatives,
        reviews=config.reviews,
        limits=config.limits,
    )
    return open_dataset(
        settings,
        home=Path(config.out),
        preprocess=preprocess_of(recipe),
        side=max(_LEAST_SIDE, *sizes),
        progress=progress,
    )


def learn(config: TrainConfig, progress: TrainProgress) -> Learned:
    """Train what the settings ask for, and leave it in the workplace.

    Raises:
        ConfigError: the photos, the recipe or the weights to begin with cannot be used.
        RunError: a loss is no number any more, the disk is full, a process died.
    """
    with hold_model_dir(Path(config.out)):
        _check_start(config)
        dataset = open_data(config, progress)
        if config.card:  # now, for after the training is too late
            parents_of(read_card_text(config.card), dataset.class_names)
        report = dataset.report
        for line in report.general_warnings if config.folds else report.warnings:
            logger.warning(line)
        models = plan_models(dataset, config.folds)
        workplace = open_workplace(config, dataset.digest)
        _lay_out(dataset, workplace)
        if not (workplace.folder / ANSWERS).exists():
            _train_and_answer(config, dataset, models, workplace, progress)
        return Learned(workplace=workplace, report=report)


def find_learnt(config: TrainConfig) -> Workplace:
    """Return where a training with these settings has learnt; photos may have come since.

    Raises:
        ConfigError: none has.
    """
    home = Path(config.out)
    for folder in sorted((home / "work").glob("*")):
        if (folder / ANSWERS).exists():
            begun_with = load_material(folder / MATERIAL_FILE).digest
            if folder.name == fingerprint(config, begun_with):
                return Workplace(home=home, folder=folder)
    raise ConfigError(f"nothing was learnt in {config.out} with these settings: train first")


def _lay_out(dataset: Dataset, workplace: Workplace) -> None:
    """Write down what is learnt from; what began with photos on other sides begins anew."""
    material, path = material_of(dataset), workplace.folder / MATERIAL_FILE
    if path.exists() and load_material(path).division != material.division:
        logger.warning("photos have changed sides: the training in %s begins anew", path.parent)
        shutil.rmtree(workplace.folder)
        workplace.folder.mkdir()
    if not path.exists():
        save_material(material, path)


def _check_start(config: TrainConfig) -> None:
    """Refuse what cannot be had, or cannot work, before any photo is read."""
    recipe = config.recipe
    choose_device(config.device)
    if recipe.variants and (recipe.arch != "transfer" or recipe.weights == "none"):
        raise ConfigError(
            "a recipe with variants averages their weights, which needs trained ones to begin "
            "with: take arch transfer with weights, or leave the variants out"
        )
    network = build_first(config, 2)
    for member in recipe.members():
        check_recipe(network, member)
    if config.card:
        read_card_text(config.card)


def _train_and_answer(
    config: TrainConfig,
    dataset: Dataset,
    models: Sequence[Model],
    workplace: Workplace,
    progress: TrainProgress,
) -> None:
    jobs = plan_jobs(config, dataset, models, workplace, progress)
    flat = [job for group in jobs for job in group]
    run_jobs(flat, side_by_side(config, len(flat)), progress)
    calibration, judged = [], []
    for model, group in zip(models, jobs, strict=True):
        network = build_start(group[0])
        network.load_state_dict(_merge(group, network))
        calibration.append(answer_unseen(network, model.calibrates, model.fold, dataset, config))
        if model.final or model.fold is None:
            judged.append(answer_unseen(network, model.judges, None, dataset, config))
            save_weights(network.state_dict(), workplace.folder / WEIGHTS)
    save_photo_list(dataset, models, workplace.folder / PHOTOS)
    unseen = join_answers(calibration)
    save_answers(unseen, workplace.folder / CALIBRATION)
    test = join_answers(judged)
    save_answers(test if len(test.photos) else unseen, workplace.folder / ANSWERS)


def _merge(group: Sequence[Job], network: StagedNetwork) -> State:
    """Return the mean of the weights of a model's trainings."""
    states = [weights_of(job) for job in group]
    if len(states) == 1:
        return states[0]
    mean = average_weights(states)
    job = group[0]
    if job.recipe.batch_norm == "train":  # statistics belong to the weights they were measured with
        network.load_state_dict(mean)
        device = torch.device(job.device)
        refresh(network, job.examples, job.recipe, seed=job.seed, device=device)
        mean = {name: values.cpu() for name, values in network.state_dict().items()}
    return mean
