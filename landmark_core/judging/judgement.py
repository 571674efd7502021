"""Everything that is known of a model's answers, in one record that reports are made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from landmark_core.judging.answers import Answers
from landmark_core.judging.calibration import Calibrated, Calibration
from landmark_core.judging.comparison import Comparison
from landmark_core.judging.curves import Bin, reliability
from landmark_core.judging.history import Epoch
from landmark_core.judging.metrics import (
    ClassFigures,
    Figures,
    Spread,
    measure_folds,
    measure_verdicts,
    per_class_of,
    spread_of,
)
from landmark_core.judging.pictures import Pictures, WorstError, worst_errors
from landmark_core.judging.suspicious import SuspiciousLabel, suspicious_labels
from landmark_core.judging.verdicts import Verdicts, decide


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement:
    """All that is known of a model's answers."""

    verdicts: Verdicts
    calibrations: tuple[Calibration, ...]  # that made the decisions: one, or one for each fold
    figures: Figures
    folds: tuple[Figures, ...]  # () where there was one split
    spread: Mapping[str, Spread]  # of the folds' figures, by name
    classes: tuple[ClassFigures, ...]
    bins: tuple[Bin, ...]  # of the landmark photos' reliability
    errors: tuple[WorstError, ...]  # the worst first
    doubts: tuple[SuspiciousLabel, ...]  # the most doubtful first


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """A judgement and what a person wants to know around it."""

    title: str
    made_at: datetime
    judgement: Judgement
    released: Calibration | None = None  # of the model file, where folds had their own
    facts: tuple[tuple[str, str], ...] = ()  # settings and digests, in order
    data_report: str | None = None  # as text
    comparison: Comparison | None = None  # with the champion
    history: tuple[Epoch, ...] = ()
    pictures: Pictures = field(default_factory=Pictures)
    notes: tuple[str, ...] = ()  # one line each
    advice: tuple[str, ...] = ()  # what it never decides by itself, and what helps; one line each
    failures: tuple[tuple[str, str], ...] = ()  # uri of a photo that could not be judged, and why


def judge(answers: Answers, calibration: Calibrated) -> Judgement:
    """Compute everything that a report says of some answers."""
    verdicts = decide(answers, calibration)
    landmark = ~verdicts.other
    folds = measure_folds(answers, calibration)
    return Judgement(
        verdicts=verdicts,
        calibrations=(
            (calibration,) if isinstance(calibration, Calibration) else tuple(calibration.values())
        ),
        figures=measure_verdicts(verdicts),
        folds=folds,
        spread=spread_of(folds),
        classes=per_class_of(verdicts),
        bins=reliability(verdicts.confidence[landmark], verdicts.right[landmark]),
        errors=worst_errors(verdicts),
        doubts=suspicious_labels(answers, calibration),
    )
