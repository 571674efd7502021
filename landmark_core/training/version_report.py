"""Write a version's report: figures, worst errors with heatmaps, doubtful labels, data."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from landmark_core.judging import (
    MOST_DOUBTS,
    Answers,
    Calibrated,
    Calibration,
    Comparison,
    Evidence,
    Report,
    advise,
    gather_pictures,
    judge,
    read_history,
    write_report,
)
from landmark_core.model import code_digest, load_model
from landmark_core.tagging import Scorer
from landmark_core.training.material import Material
from landmark_core.training.settings import TrainConfig

_CROSS_FITTED = (
    "Every photo was judged by a model that had not seen it (cross-fitting). The released model "
    "learnt from all of them, so the heatmaps show where it looks, not where the judging one did."
)


def write_version_report(
    folder: Path,
    config: TrainConfig,
    material: Material,
    answers: Answers,
    calibrated: Calibrated,
    released: Calibration,
    *,
    unseen: Answers,
    comparison: Comparison | None,
    notes: tuple[str, ...],
    now: datetime,
) -> None:
    """Write report/index.html, report/report.json and data.json into a version's folder.

    Args:
        folder: holds model.pt and history.csv.
        config: of the training.
        material: that it learnt from.
        answers: that judge it.
        calibrated: how they become decisions.
        released: the model file's own calibration.
        unseen: the answers that it was made from.
        comparison: with the champion, where there is one.
        notes: of the export.
        now: when it was made.
    """
    judgement = judge(answers, calibrated)
    refs = {photo.digest: photo.ref for photo in material.photos}
    model = load_model(str(folder / "model.pt"))
    with Scorer(model, device=config.device, workers=0, limits=config.limits) as scorer:
        pictures = gather_pictures(
            judgement.errors,
            judgement.doubts[:MOST_DOUBTS],
            refs,
            scorer=scorer,
            limits=config.limits,
        )
    report = Report(
        title=f"Model {config.name}",
        made_at=now,
        judgement=judgement,
        released=released,
        facts=_facts(config, material),
        data_report=material.report_text,
        comparison=comparison,
        history=read_history(folder / "history.csv"),
        pictures=pictures,
        notes=(*notes, _CROSS_FITTED) if config.folds else notes,
        advice=advise(judgement.figures, released, _evidence(unseen, config, material)),
    )
    write_report(report, folder / "report")
    data = json.dumps(dict(material.report_json), ensure_ascii=False, indent=1)
    (folder / "data.json").write_text(data, encoding="utf-8")


def _evidence(unseen: Answers, config: TrainConfig, material: Material) -> Evidence:
    """Count the photos that calibrated, and those that would with --folds: all but given tests."""
    others = sum(photo.label is None for photo in unseen.photos)
    data = material.report_json

    def most(count: Mapping[str, int]) -> int:
        tests = count["test"] if data["is_split"] else 0
        return count["usable"] - tests

    return Evidence(
        landmarks=len(unseen.photos) - others,
        others=others,
        most_landmarks=sum(most(one) for one in data["classes"]),
        most_others=most(data["others"]),
        folds=bool(config.folds),
    )


def _facts(config: TrainConfig, material: Material) -> tuple[tuple[str, str], ...]:
    recipe = config.recipe
    network = f"{recipe.arch} {recipe.backbone}" if recipe.arch == "transfer" else recipe.arch
    judged = f"{config.folds} folds" if config.folds else "one split by hash"
    members = recipe.members()
    epochs = ", ".join(str(member.epochs) for member in members)
    return (
        ("network", network),
        ("epochs", epochs if len(members) == 1 else f"{epochs} (mean of {len(members)} trainings)"),
        ("seed", str(config.seed)),
        ("judged by", judged),
        ("photos and labels", material.digest),
        ("code", code_digest()),
    )
