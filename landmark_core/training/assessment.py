"""The second stage: answers to unseen photos become a calibrated model file, a report, a version.

    calibrate → card → export → compare with the champion → report → training.json → versions/

The version appears by one rename, complete or not at all; then the workplace is deleted.
"""

import dataclasses
import json
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from landmark_core.judging import (
    Answers,
    Calibrated,
    Calibration,
    Comparison,
    calibrate,
    cross_calibrate,
    folds_of,
    labels_of,
    load_answers,
    measure,
)
from landmark_core.model import (
    ModelCard,
    Registry,
    TrainingRecord,
    Version,
    code_digest,
    file_digests,
    new_version_name,
    write_training_record,
)
from landmark_core.training.champion import compare_with
from landmark_core.training.disk import disk_failed
from landmark_core.training.learning import (
    ANSWERS,
    CALIBRATION,
    PHOTOS,
    WEIGHTS,
    find_learnt,
)
from landmark_core.training.material import MATERIAL_FILE, Material, load_material
from landmark_core.training.model_file import export_model, make_card
from landmark_core.training.progress import TrainProgress
from landmark_core.training.settings import TrainConfig
from landmark_core.training.version_report import write_version_report
from landmark_core.training.workplace import Workplace, hold_model_dir

_PACKAGES = ("torch", "torchvision", "numpy", "pillow", "torchmetrics")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """The answers that judge a model, and how they become decisions."""

    answers: Answers
    calibrated: Calibrated  # for the figures: never fitted on the photos that it decides
    released: Calibration  # for the model file
    unseen: Answers  # that it was made from


def assess(config: TrainConfig, progress: TrainProgress, now: datetime) -> Version:
    """Make a version of what `learn` left, with the photos as they were when it began.

    Args:
        config: the settings that it learnt with.
        progress: is told.
        now: goes into the card and the version's name.

    Raises:
        ConfigError: nothing was learnt with these settings, or the card file is wrong.
        RunError: the disk is full, or the model cannot be exported.
    """
    with hold_model_dir(Path(config.out)):
        workplace = find_learnt(config)
        material = load_material(workplace.folder / MATERIAL_FILE)
        judged = _judge(workplace)
        staging = workplace.folder / "version"
        shutil.rmtree(staging, ignore_errors=True)
        try:
            staging.mkdir()
            version = _fill(staging, config, material, workplace, judged, now, progress)
        except OSError as error:
            raise disk_failed(error, staging) from error
        shutil.rmtree(workplace.folder)
        return version


def _judge(workplace: Workplace) -> Judged:
    unseen = load_answers(workplace.folder / CALIBRATION)
    answers = load_answers(workplace.folder / ANSWERS)
    released = calibrate(unseen.logits, labels_of(unseen), class_names=unseen.class_names)
    # Folds calibrate each other; test photos had no say in the calibration anyway.
    calibrated: Calibrated = cross_calibrate(answers) if folds_of(answers) else released
    return Judged(answers=answers, calibrated=calibrated, released=released, unseen=unseen)


def _fill(
    staging: Path,
    config: TrainConfig,
    material: Material,
    workplace: Workplace,
    judged: Judged,
    now: datetime,
    progress: TrainProgress,
) -> Version:
    """Write every file of the version, and add it to the registry."""
    registry = Registry(Path(config.out))
    figures = measure(judged.answers, judged.calibrated)
    card = make_card(config, material, judged.released, figures, now)
    notes = export_model(config, card, workplace.folder / WEIGHTS, staging)
    for name in (ANSWERS, CALIBRATION, PHOTOS):
        shutil.copy2(workplace.folder / name, staging / name)
    _copy_histories(workplace.folder / "trainings", staging)
    champion = registry.champion()
    comparison = None
    if champion is not None:
        comparison = compare_with(
            champion, judged.answers, judged.calibrated, material, config, progress
        )
    write_version_report(
        staging,
        config,
        material,
        judged.answers,
        judged.calibrated,
        judged.released,
        unseen=judged.unseen,
        comparison=comparison,
        notes=notes,
        now=now,
    )
    record = _record(config, material, card, file_digests(staging), champion, comparison, now)
    write_training_record(record, staging)
    return registry.add_version(staging)


def _record(
    config: TrainConfig,
    material: Material,
    card: ModelCard,
    digests: Mapping[str, str],
    champion: Version | None,
    comparison: Comparison | None,
    now: datetime,
) -> TrainingRecord:
    model = digests["model.pt"]
    return TrainingRecord(
        version=new_version_name(model, now),
        created_at=card.created_at or "",
        arch=config.recipe.arch,
        backbone=config.recipe.backbone if config.recipe.arch == "transfer" else None,
        class_names=material.class_names,
        recipe=_plain(dataclasses.asdict(config.recipe)),
        seed=config.seed,
        data_digest=material.digest,
        code_digest=code_digest(),
        packages={
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in _PACKAGES},
        },
        metrics=card.metrics,
        model_sha256=model,
        files=digests,
        compared_with=champion.name if champion else None,
        comparison=_plain(dataclasses.asdict(comparison)) if comparison else None,
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values as JSON would give them back: lists for tuples."""
    plain: dict[str, Any] = json.loads(json.dumps(values))
    return plain


def _copy_histories(trainings: Path, staging: Path) -> None:
    """Keep the curves of every training; the last one's stands first, as history.csv."""
    folders = sorted(path for path in trainings.iterdir() if (path / "history.csv").exists())
    final = next((path for path in folders if path.name.startswith(("all-", "model-"))), folders[0])
    shutil.copy2(final / "history.csv", staging / "history.csv")
    for folder in folders:
        for file in (*folder.glob("history.csv"), *folder.rglob("events.out.tfevents.*")):
            target = staging / "trainings" / folder.name / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
