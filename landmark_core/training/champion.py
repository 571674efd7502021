"""Compare a new model with the champion on photos that neither has learnt from.

The champion's answers to photos that it had not seen lie in its version. Photos that came later it
is asked about now, with its own file, as the tagger would ask; photos that it learnt from, and
their near-duplicates, are left out.
"""

import dataclasses
import logging
from collections.abc import Mapping, Sequence

import numpy as np

from landmark_core.judging import (
    AnsweredPhoto,
    Answers,
    Calibrated,
    Calibration,
    Comparison,
    compare,
    cross_calibrate,
    folds_of,
    load_answers,
)
from landmark_core.model import LoadedModel, Version, load_model
from landmark_core.records import PhotoRef
from landmark_core.tagging import score_photos
from landmark_core.training.material import Material
from landmark_core.training.photo_list import met_photos
from landmark_core.training.progress import TrainProgress
from landmark_core.training.settings import TrainConfig

logger = logging.getLogger(__name__)

LIVE = -1  # the fold of photos that the champion's own file answered


def compare_with(
    champion: Version,
    answers: Answers,
    calibrated: Calibrated,
    material: Material,
    config: TrainConfig,
    progress: TrainProgress,
) -> Comparison:
    """Compare the answers of a new model with the champion's.

    Args:
        champion: the version in use.
        answers: of the new model, to photos that it has not seen.
        calibrated: how they become decisions.
        material: the photos of the new training.
        config: its settings.
        progress: is told of photos that the champion is asked about.

    Raises:
        ConfigError: the champion's files are missing or damaged.
    """
    stored = load_answers(champion.folder / "answers.parquet")
    model = load_model(str(champion.model_path))
    own = calibration_of(model)
    by_fold: dict[int, Calibration] = {LIVE: own}
    if folds_of(stored):
        by_fold |= cross_calibrate(stored)
    else:
        stored = _in_fold(stored, LIVE)
    refs = _unseen_refs(champion, stored, answers, material)
    live = _ask(model, refs, answers, stored.class_names, config, progress)
    return compare(_join(stored, live), by_fold, answers, calibrated, seed=config.seed)


def calibration_of(model: LoadedModel) -> Calibration:
    """Return the calibration that a model file carries."""
    return Calibration(temperature=model.card.temperature, thresholds=model.card.thresholds)


def _unseen_refs(
    champion: Version, stored: Answers, answers: Answers, material: Material
) -> dict[str, PhotoRef]:
    """Return the judging photos that the champion neither answered nor learnt from, by digest."""
    known = {photo.digest for photo in stored.photos}
    met = met_photos(material, champion.folder / "photos.parquet")
    refs = {photo.digest: photo.ref for photo in material.photos}
    return {
        photo.digest: refs[photo.digest]
        for photo in answers.photos
        if photo.digest not in known and photo.digest not in met
    }


def _ask(
    model: LoadedModel,
    refs: Mapping[str, PhotoRef],
    answers: Answers,
    class_names: Sequence[str],
    config: TrainConfig,
    progress: TrainProgress,
) -> Answers:
    """Return the champion's answers to photos that it meets for the first time."""
    photos = {photo.digest: photo for photo in answers.photos}
    asked: list[AnsweredPhoto] = []
    rows = []
    if refs:
        logger.info("asking the champion about %d photos that it never met", len(refs))
        progress.reading(len(refs))
        scored = score_photos(
            refs.values(),
            model,
            device=config.device,
            precision="fp32",
            workers=config.workers,
            limits=config.limits,
            on_photos=progress.read,
        )
        for digest, score in zip(refs, scored, strict=True):
            if score.logits is not None and score.photo.content_sha256 == digest:
                asked.append(dataclasses.replace(photos[digest], fold=LIVE))
                rows.append(score.logits)
    logits = np.array(rows, np.float32).reshape(len(rows), len(class_names))
    return Answers(class_names=tuple(class_names), photos=tuple(asked), logits=logits)


def _in_fold(answers: Answers, fold: int) -> Answers:
    photos = tuple(dataclasses.replace(photo, fold=fold) for photo in answers.photos)
    return dataclasses.replace(answers, photos=photos)


def _join(first: Answers, second: Answers) -> Answers:
    return dataclasses.replace(
        first,
        photos=(*first.photos, *second.photos),
        logits=np.concatenate([first.logits, second.logits]),
    )
