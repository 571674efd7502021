"""How good a model's answers are, how sure it may be, and whether another is better.

Names load on first use: reading a comparison needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from landmark_core.judging.answers import (
        UNKNOWN,
        AnsweredPhoto,
        Answers,
        labels_of,
        load_answers,
        save_answers,
        take,
    )
    from landmark_core.judging.calibration import (
        Aims,
        Calibrated,
        Calibration,
        calibrate,
        cross_calibrate,
    )
    from landmark_core.judging.comparison import Comparison, compare
    from landmark_core.judging.metrics import (
        ClassFigures,
        Figures,
        Spread,
        measure,
        measure_folds,
        per_class,
        spread_of,
    )
    from landmark_core.judging.suspicious import SuspiciousLabel, suspicious_labels
    from landmark_core.judging.verdicts import Verdicts, decide

__all__ = [
    "UNKNOWN",
    "Aims",
    "AnsweredPhoto",
    "Answers",
    "Calibrated",
    "Calibration",
    "ClassFigures",
    "Comparison",
    "Figures",
    "Spread",
    "SuspiciousLabel",
    "Verdicts",
    "calibrate",
    "compare",
    "cross_calibrate",
    "decide",
    "labels_of",
    "load_answers",
    "measure",
    "measure_folds",
    "per_class",
    "save_answers",
    "spread_of",
    "suspicious_labels",
    "take",
]

_HOMES = {
    "UNKNOWN": "answers",
    "Aims": "calibration",
    "AnsweredPhoto": "answers",
    "Answers": "answers",
    "Calibrated": "calibration",
    "Calibration": "calibration",
    "ClassFigures": "metrics",
    "Comparison": "comparison",
    "Figures": "metrics",
    "Spread": "metrics",
    "SuspiciousLabel": "suspicious",
    "Verdicts": "verdicts",
    "calibrate": "calibration",
    "compare": "comparison",
    "cross_calibrate": "calibration",
    "decide": "verdicts",
    "labels_of": "answers",
    "load_answers": "answers",
    "measure": "metrics",
    "measure_folds": "metrics",
    "per_class": "metrics",
    "save_answers": "answers",
    "spread_of": "metrics",
    "suspicious_labels": "suspicious",
    "take": "answers",
}


def __getattr__(name: str) -> object:
    """Import the module that holds a public name, once it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
