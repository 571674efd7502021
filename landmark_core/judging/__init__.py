"""How good a model's answers are, how sure it may be, and whether another is better.

Names load on first use: reading a comparison needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from landmark_core.judging.advice import Evidence, advise
    from landmark_core.judging.answers import (
        UNKNOWN,
        AnsweredPhoto,
        Answers,
        folds_of,
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
    from landmark_core.judging.comparison import SIGNIFICANCE, Comparison, compare
    from landmark_core.judging.diagrams import INK, draw_reliability, draw_training
    from landmark_core.judging.evaluate import (
        EvaluateConfig,
        Evaluation,
        LabelledRef,
        evaluate_photos,
    )
    from landmark_core.judging.history import Epoch, read_history
    from landmark_core.judging.judgement import Judgement, Report, judge
    from landmark_core.judging.metrics import (
        ClassFigures,
        Figures,
        Spread,
        measure,
        measure_folds,
        per_class,
        spread_of,
    )
    from landmark_core.judging.page import MOST_DOUBTS
    from landmark_core.judging.pictures import Pictures, WorstError, gather_pictures, worst_errors
    from landmark_core.judging.report import report_to_json, write_report
    from landmark_core.judging.suspicious import SuspiciousLabel, suspicious_labels
    from landmark_core.judging.verdicts import Verdicts, decide
    from landmark_core.judging.words import headlines

__all__ = [
    "INK",
    "MOST_DOUBTS",
    "SIGNIFICANCE",
    "UNKNOWN",
    "Aims",
    "AnsweredPhoto",
    "Answers",
    "Calibrated",
    "Calibration",
    "ClassFigures",
    "Comparison",
    "Epoch",
    "EvaluateConfig",
    "Evaluation",
    "Evidence",
    "Figures",
    "Judgement",
    "LabelledRef",
    "Pictures",
    "Report",
    "Spread",
    "SuspiciousLabel",
    "Verdicts",
    "WorstError",
    "advise",
    "calibrate",
    "compare",
    "cross_calibrate",
    "decide",
    "draw_reliability",
    "draw_training",
    "evaluate_photos",
    "folds_of",
    "gather_pictures",
    "headlines",
    "judge",
    "labels_of",
    "load_answers",
    "measure",
    "measure_folds",
    "per_class",
    "read_history",
    "report_to_json",
    "save_answers",
    "spread_of",
    "suspicious_labels",
    "take",
    "worst_errors",
    "write_report",
]

_HOMES = {
    "SIGNIFICANCE": "comparison",
    "UNKNOWN": "answers",
    "Aims": "calibration",
    "AnsweredPhoto": "answers",
    "Answers": "answers",
    "Calibrated": "calibration",
    "Calibration": "calibration",
    "ClassFigures": "metrics",
    "Comparison": "comparison",
    "Epoch": "history",
    "EvaluateConfig": "evaluate",
    "Evaluation": "evaluate",
    "Evidence": "advice",
    "Figures": "metrics",
    "Judgement": "judgement",
    "LabelledRef": "evaluate",
    "Pictures": "pictures",
    "Report": "judgement",
    "Spread": "metrics",
    "SuspiciousLabel": "suspicious",
    "Verdicts": "verdicts",
    "WorstError": "pictures",
    "advise": "advice",
    "calibrate": "calibration",
    "compare": "comparison",
    "cross_calibrate": "calibration",
    "decide": "verdicts",
    "evaluate_photos": "evaluate",
    "gather_pictures": "pictures",
    "headlines": "words",
    "judge": "judgement",
    "INK": "diagrams",
    "MOST_DOUBTS": "page",
    "draw_reliability": "diagrams",
    "draw_training": "diagrams",
    "folds_of": "answers",
    "labels_of": "answers",
    "load_answers": "answers",
    "measure": "metrics",
    "measure_folds": "metrics",
    "per_class": "metrics",
    "read_history": "history",
    "report_to_json": "report",
    "save_answers": "answers",
    "spread_of": "metrics",
    "suspicious_labels": "suspicious",
    "take": "answers",
    "worst_errors": "pictures",
    "write_report": "report",
}


def __getattr__(name: str) -> object:
    """Import the module that holds a public name, once it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
