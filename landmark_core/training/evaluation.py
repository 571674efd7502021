"""`landmarks evaluate`: find labelled photos, and have a model file judged by them.

Where DATA comes split, its test photos alone judge. Whether the model has learnt from the photos
cannot be seen from its file; only photos that it never saw tell how good it is.
"""

import dataclasses
from datetime import UTC, datetime
from typing import Any

from landmark_core.dataset import DataSettings, FoundPhoto, find_labelled
from landmark_core.errors import ConfigError
from landmark_core.judging import (
    EvaluateConfig,
    Evaluation,
    LabelledRef,
    evaluate_photos,
    headlines,
)
from landmark_core.model import load_model
from landmark_core.number_text import count_text
from landmark_core.records import OTHER
from landmark_core.training.progress import TrainProgress


def evaluate_model(config: EvaluateConfig, progress: TrainProgress) -> Evaluation:
    """Judge a model and write its report.

    Raises:
        ConfigError: the photos or the model cannot be used, or share no class.
        RunError: the device fails, or the report cannot be written.
    """
    found = find_labelled(
        DataSettings(data=config.data, negatives=config.negatives, limits=config.limits)
    )
    judging = [photo for photo in found.photos if _judges(photo, is_split=found.is_split)]
    if all(photo.label == OTHER for photo in judging):
        expected = "test/" if found.is_split else "its class folders"
        raise ConfigError(
            f"expected photos to judge by in {expected} of {config.data}, got none: give a folder "
            "that holds a folder per class"
        )
    model = load_model(config.model, classes=config.classes)
    photos = [
        LabelledRef(
            ref=photo.ref,
            label=None if photo.label == OTHER else found.class_names[photo.label],
        )
        for photo in judging
    ]
    return evaluate_photos(config, photos, model, now=datetime.now(UTC), progress=progress)


def _judges(photo: FoundPhoto, *, is_split: bool) -> bool:
    """Whether a photo judges: all, or the test photos and the others where DATA comes split."""
    return not is_split or photo.given == "test" or photo.source == "negatives"


def evaluation_to_text(evaluation: Evaluation) -> str:
    """Return what a person wants to know of an evaluation, one screen."""
    lines = [f"{evaluation.photos:,} photos judged", *headlines(evaluation.figures)]
    if many := len(evaluation.failures):
        lines.append(f"{count_text(many, 'photo')} could not be judged; the report lists them")
    lines += [f"Note: {note}" for note in evaluation.notes]
    return "\n".join([*lines, f"Report: {evaluation.report}"])


def evaluation_to_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation's figures as plain JSON values."""
    return {
        "photos": evaluation.photos,
        "report": str(evaluation.report),
        "figures": dataclasses.asdict(evaluation.figures),
        "failures": [{"uri": uri, "reason": reason} for uri, reason in evaluation.failures],
        "notes": list(evaluation.notes),
    }
