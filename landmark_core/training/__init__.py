"""Training: networks learn from labelled photos, and what they give is calibrated and judged.

Names load on first use: settings and recipes cost no torch import.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from landmark_core.dataset import DataReport
    from landmark_core.dataset import report_to_json as data_report_to_json
    from landmark_core.dataset import report_to_text as data_report_to_text
    from landmark_core.judging import EvaluateConfig, Evaluation
    from landmark_core.training.assessment import assess
    from landmark_core.training.decision import Verdict, decide
    from landmark_core.training.evaluation import (
        evaluate_model,
        evaluation_to_json,
        evaluation_to_text,
    )
    from landmark_core.training.learning import Learned, learn
    from landmark_core.training.progress import NoTrainProgress, TrainProgress
    from landmark_core.training.recipe import ARCHS, AUGMENTATIONS, Recipe, read_recipe
    from landmark_core.training.run import TrainSummary, report_data, summary_of, train_model
    from landmark_core.training.settings import FORMATS, PROMOTIONS, TrainConfig
    from landmark_core.training.summary_text import (
        summary_to_json,
        summary_to_markdown,
        summary_to_text,
    )
    from landmark_core.training.version_diagrams import diagrams_of

__all__ = [
    "ARCHS",
    "AUGMENTATIONS",
    "FORMATS",
    "PROMOTIONS",
    "DataReport",
    "EvaluateConfig",
    "Evaluation",
    "Learned",
    "NoTrainProgress",
    "Recipe",
    "TrainConfig",
    "TrainProgress",
    "TrainSummary",
    "Verdict",
    "assess",
    "data_report_to_json",
    "data_report_to_text",
    "decide",
    "diagrams_of",
    "evaluate_model",
    "evaluation_to_json",
    "evaluation_to_text",
    "learn",
    "read_recipe",
    "report_data",
    "summary_of",
    "summary_to_json",
    "summary_to_markdown",
    "summary_to_text",
    "train_model",
]

_HERE = "landmark_core.training"
_DATASET = "landmark_core.dataset"
_JUDGING = "landmark_core.judging"
_HOMES = {
    "ARCHS": (f"{_HERE}.recipe", "ARCHS"),
    "AUGMENTATIONS": (f"{_HERE}.recipe", "AUGMENTATIONS"),
    "DataReport": (_DATASET, "DataReport"),
    "EvaluateConfig": (_JUDGING, "EvaluateConfig"),
    "Evaluation": (_JUDGING, "Evaluation"),
    "FORMATS": (f"{_HERE}.settings", "FORMATS"),
    "Learned": (f"{_HERE}.learning", "Learned"),
    "NoTrainProgress": (f"{_HERE}.progress", "NoTrainProgress"),
    "PROMOTIONS": (f"{_HERE}.settings", "PROMOTIONS"),
    "Recipe": (f"{_HERE}.recipe", "Recipe"),
    "TrainConfig": (f"{_HERE}.settings", "TrainConfig"),
    "TrainProgress": (f"{_HERE}.progress", "TrainProgress"),
    "TrainSummary": (f"{_HERE}.run", "TrainSummary"),
    "Verdict": (f"{_HERE}.decision", "Verdict"),
    "assess": (f"{_HERE}.assessment", "assess"),
    "data_report_to_json": (_DATASET, "report_to_json"),
    "data_report_to_text": (_DATASET, "report_to_text"),
    "decide": (f"{_HERE}.decision", "decide"),
    "diagrams_of": (f"{_HERE}.version_diagrams", "diagrams_of"),
    "evaluate_model": (f"{_HERE}.evaluation", "evaluate_model"),
    "evaluation_to_json": (f"{_HERE}.evaluation", "evaluation_to_json"),
    "evaluation_to_text": (f"{_HERE}.evaluation", "evaluation_to_text"),
    "learn": (f"{_HERE}.learning", "learn"),
    "read_recipe": (f"{_HERE}.recipe", "read_recipe"),
    "report_data": (f"{_HERE}.run", "report_data"),
    "summary_of": (f"{_HERE}.run", "summary_of"),
    "summary_to_json": (f"{_HERE}.summary_text", "summary_to_json"),
    "summary_to_markdown": (f"{_HERE}.summary_text", "summary_to_markdown"),
    "summary_to_text": (f"{_HERE}.summary_text", "summary_to_text"),
    "train_model": (f"{_HERE}.run", "train_model"),
}


def __getattr__(name: str) -> object:
    """Import the module that holds a public name, once it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
