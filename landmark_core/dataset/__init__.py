"""Labelled photos: find them, report on them, keep them decoded, divide them without leaks.

Names load on first use, so that settings and reports cost no decoder and no table.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from landmark_core.dataset.dataset import Dataset
    from landmark_core.dataset.find import FoundPhoto, Labelled, find_labelled
    from landmark_core.dataset.look import (
        ALIKE,
        LOOK_SIDE,
        has_detail,
        hash_looks,
        similarity,
        take_look,
    )
    from landmark_core.dataset.opening import open_dataset
    from landmark_core.dataset.photo_cache import PhotoCache
    from landmark_core.dataset.reading import ReadingProgress
    from landmark_core.dataset.report import DataReport
    from landmark_core.dataset.report_text import report_to_json, report_to_text
    from landmark_core.dataset.settings import DataSettings
    from landmark_core.dataset.splits import Division, Fold, deal_folds, divide

__all__ = [
    "ALIKE",
    "LOOK_SIDE",
    "DataReport",
    "DataSettings",
    "Dataset",
    "Division",
    "Fold",
    "FoundPhoto",
    "Labelled",
    "PhotoCache",
    "ReadingProgress",
    "deal_folds",
    "divide",
    "find_labelled",
    "has_detail",
    "hash_looks",
    "open_dataset",
    "report_to_json",
    "report_to_text",
    "similarity",
    "take_look",
]

_HOMES = {
    "ALIKE": "look",
    "LOOK_SIDE": "look",
    "DataReport": "report",
    "DataSettings": "settings",
    "Dataset": "dataset",
    "Division": "splits",
    "Fold": "splits",
    "FoundPhoto": "find",
    "Labelled": "find",
    "PhotoCache": "photo_cache",
    "ReadingProgress": "reading",
    "deal_folds": "splits",
    "divide": "splits",
    "find_labelled": "find",
    "has_detail": "look",
    "hash_looks": "look",
    "open_dataset": "opening",
    "report_to_json": "report_text",
    "report_to_text": "report_text",
    "similarity": "look",
    "take_look": "look",
}


def __getattr__(name: str) -> object:
    """Import the module that holds a public name, once it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
