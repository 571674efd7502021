"""Judge a model file on labelled photos: what `landmarks evaluate` does once the photos are found.

The photos go through the tagger's own loader and engine, the decisions use the model's own
temperature and thresholds. Broken photos are counted and listed. Folders and classes meet by name:
numbers in front, underscores and capitals do not matter.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from landmark_core.config import Auto, Device, Precision, ReadLimits
from landmark_core.errors import ConfigError
from landmark_core.judging.answers import AnsweredPhoto, Answers, save_answers
from landmark_core.judging.calibration import Calibration
from landmark_core.judging.judgement import Report, judge
from landmark_core.judging.metrics import Figures
from landmark_core.judging.page import MOST_DOUBTS
from landmark_core.judging.pictures import gather_pictures
from landmark_core.judging.report import write_report
from landmark_core.model import LoadedModel, tidy_class_names
from landmark_core.records import PhotoRef
from landmark_core.tagging import Scored, Scorer

ANSWERS = "answers.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateConfig:
    """Everything one evaluation needs."""

    data: str  # folder or URL: a folder per class
    model: str  # file, or the name of a model in the package
    out: str  # folder that receives the report; local
    negatives: str | None = None  # folder or URL of photos that show no landmark
    classes: str | None = None  # file of class names, for models that carry none
    device: Device = "auto"
    precision: Precision = "auto"
    batch_size: int | Auto = "auto"  # photos per forward pass
    workers: int | Auto = "auto"  # decoding processes; 0 decodes in this one
    limits: ReadLimits = field(default_factory=ReadLimits)

    def __post_init__(self) -> None:
        for option, text in (("DATA", self.data), ("--model", self.model), ("--out", self.out)):
            if not text.strip():
                raise ConfigError(f"{option} must not be empty")
        if "://" in self.out:
            raise ConfigError(f"--out of an evaluation must be a local folder, got {self.out}")
        for option, value, least in (
            ("--batch-size", self.batch_size, 1),
            ("--workers", self.workers, 0),
        ):
            if isinstance(value, int) and value < least:
                raise ConfigError(f"{option} must be at least {least}, got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledRef:
    """A photo that was found, and what its folder says."""

    ref: PhotoRef
    label: str | None  # the class's name; null for other things


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What an evaluation found, and where it lies."""

    figures: Figures
    report: Path  # the page
    photos: int  # judged
    failures: tuple[tuple[str, str], ...]  # uri of a photo that could not be judged, and why
    notes: tuple[str, ...]  # one line each


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answered:
    """Answers, and what became of the photos that have none."""

    answers: Answers
    refs: Mapping[str, PhotoRef]  # of the photos, by digest
    failures: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


class ReadingProgress(Protocol):
    """What an evaluation tells while it goes."""

    def reading(self, total: int) -> None:
        """So many photos will be read."""

    def read(self, photos: int) -> None:
        """More photos have been read and scored."""


def evaluate_photos(
    config: EvaluateConfig,
    photos: Sequence[LabelledRef],
    model: LoadedModel,
    *,
    now: datetime,
    progress: ReadingProgress,
    groups: Mapping[str, str] | None = None,
    data_report: str | None = None,
) -> Evaluation:
    """Judge a model and write index.html, report.json and answers.parquet to config.out.

    Args:
        config: the settings.
        photos: what was found in config.data and config.negatives.
        model: loaded from config.model.
        now: goes onto the page, UTC.
        progress: is told of photos.
        groups: name of each photo's group of near-duplicates, by digest; its own where absent.
        data_report: of the photos, as text.

    Raises:
        ConfigError: no class of the data is one of the model's, or no photo can be read.
        RunError: the device fails, or config.out cannot be written.
    """
    names = match_classes({one.label for one in photos if one.label is not None}, model)
    named = [replace(one, label=names.get(one.label, one.label)) for one in photos]
    with Scorer(
        model,
        device=config.device,
        precision=config.precision,
        batch_size=config.batch_size,
        workers=config.workers,
        limits=config.limits,
    ) as scorer:
        progress.reading(len(named))
        scored = tuple(scorer.score([one.ref for one in named], progress.read))
        answered = answer_photos(named, scored, model, groups or {})
        report = _report(config, answered, model, scorer, now)
    report = replace(
        report, notes=(*report.notes, *_unknown(names, model)), data_report=data_report
    )
    out = Path(config.out)
    save_answers(answered.answers, out / ANSWERS)
    return Evaluation(
        figures=report.judgement.figures,
        report=write_report(report, out),
        photos=len(answered.answers.photos),
        failures=report.failures,
        notes=report.notes,
    )


def _report(
    config: EvaluateConfig, answered: Answered, model: LoadedModel, scorer: Scorer, now: datetime
) -> Report:
    """Judge the answers by the model's own card, and fetch what the page shows."""
    card = model.card
    calibration = Calibration(temperature=card.temperature, thresholds=card.thresholds)
    judgement = judge(answered.answers, calibration)
    pictures = gather_pictures(
        judgement.errors,
        judgement.doubts[:MOST_DOUBTS],
        answered.refs,
        scorer=scorer,
        limits=config.limits,
    )
    return Report(
        title=f"{card.name} on {Path(config.data).name or config.data}",
        made_at=now,
        judgement=judgement,
        facts=_facts(config, model),
        pictures=pictures,
        notes=(*model.notes, *answered.notes),
        failures=answered.failures,
    )


def answer_photos(
    photos: Sequence[LabelledRef],
    scored: Sequence[Scored],
    model: LoadedModel,
    groups: Mapping[str, str],
) -> Answered:
    """Join photos and scores into answers; a photo that is there twice counts once.

    Args:
        photos: as they were found.
        scored: what the model made of each, in the same order.
        model: that scored them.
        groups: name of the group of near-duplicates, by digest.

    Raises:
        ConfigError: if no photo could be scored.
    """
    kept, failures, notes = _sort_out(photos, scored)
    if not kept:
        raise ConfigError(
            f"none of {len(photos)} photos can be judged"
            + (f": {failures[0][1]}" if failures else "; expected a folder per class")
        )
    logits = [score.logits for _, score in kept.values() if score.logits is not None]
    answers = Answers(
        class_names=model.card.class_names,
        photos=tuple(
            AnsweredPhoto(
                digest=digest,
                uri=one.ref.uri,
                label=one.label,
                group=groups.get(digest, digest),
            )
            for digest, (one, _) in kept.items()
        ),
        logits=np.stack(logits),
        energies=model.card.output == "logits",
    )
    return Answered(
        answers=answers,
        refs={digest: one.ref for digest, (one, _) in kept.items()},
        failures=failures,
        notes=notes,
    )


def _sort_out(
    photos: Sequence[LabelledRef], scored: Sequence[Scored]
) -> tuple[dict[str, tuple[LabelledRef, Scored]], tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Return the photos to judge by digest, those that cannot be with the reason, and notes."""
    found: dict[str, tuple[LabelledRef, Scored]] = {}
    conflicts: set[str] = set()
    failures, copies = [], 0
    for one, score in zip(photos, scored, strict=True):
        digest = score.photo.content_sha256
        if score.logits is None or digest is None:
            failures.append((one.ref.uri, score.photo.error or score.photo.status))
        elif digest not in found:
            found[digest] = (one, score)
        else:
            copies += 1
            if found[digest][0].label != one.label:
                conflicts.add(digest)
    notes = []
    if copies:
        notes.append(f"{copies} copies of photos count once")
    if conflicts:
        notes.append(f"{len(conflicts)} photos have two labels and were left out")
    kept = {digest: pair for digest, pair in found.items() if digest not in conflicts}
    return kept, tuple(failures), tuple(notes)


def match_classes(labels: set[str], model: LoadedModel) -> dict[str | None, str]:
    """Return the model's name for each label that it knows.

    Raises:
        ConfigError: if there are labels and the model knows none of them.
    """
    known = {_key(name): name for name in model.card.class_names}
    exact = set(model.card.class_names)
    found: dict[str | None, str] = {
        label: label if label in exact else known[_key(label)]
        for label in labels
        if label in exact or _key(label) in known
    }
    if labels and not found:
        raise ConfigError(
            f"the model knows none of the classes in DATA: it has {_few(model.card.class_names)}; "
            f"DATA has {_few(sorted(labels))}"
        )
    return found | {label: label for label in sorted(labels) if label not in found}


def _unknown(names: Mapping[str | None, str], model: LoadedModel) -> tuple[str, ...]:
    lacking = sorted(set(names.values()) - set(model.card.class_names))
    if not lacking:
        return ()
    return (f"the model has no class for {_few(lacking)}: their photos count as wrong",)


def _key(name: str) -> str:
    """Return what two spellings of one class have in common."""
    return unicodedata.normalize("NFKC", tidy_class_names((name,))[0]).casefold()


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown


def _facts(config: EvaluateConfig, model: LoadedModel) -> tuple[tuple[str, str], ...]:
    return (
        ("model", model.path),
        ("model_id", model.model_id),
        ("preprocess_id", model.preprocess_id),
        ("architecture", model.card.architecture or "not stated"),
        ("data the model was measured on", model.card.data_digest or "not stated"),
        ("DATA", config.data),
        ("--negatives", config.negatives or "none"),
    )
