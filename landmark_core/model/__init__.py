"""Models: the self-describing TorchScript file, foreign files, and the preprocessing contract.

Names load on first use, so that `Preprocess` and the card cost no torch import.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from landmark_core.model.bundle import LoadedModel, load_model, save_model, show_model
    from landmark_core.model.card import ModelCard, PreprocessSettings, TagParents, Thresholds
    from landmark_core.model.class_names import tidy_class_names
    from landmark_core.model.preprocess import Preprocess, preprocess_id
    from landmark_core.model.source import packaged_models
    from landmark_core.model.torchscript import quiet_torchscript

__all__ = [
    "LoadedModel",
    "ModelCard",
    "Preprocess",
    "PreprocessSettings",
    "TagParents",
    "Thresholds",
    "load_model",
    "packaged_models",
    "preprocess_id",
    "quiet_torchscript",
    "save_model",
    "show_model",
    "tidy_class_names",
]

_HOMES = {
    "LoadedModel": "bundle",
    "ModelCard": "card",
    "Preprocess": "preprocess",
    "PreprocessSettings": "card",
    "TagParents": "card",
    "Thresholds": "card",
    "load_model": "bundle",
    "packaged_models": "source",
    "preprocess_id": "preprocess",
    "quiet_torchscript": "torchscript",
    "save_model": "bundle",
    "show_model": "bundle",
    "tidy_class_names": "class_names",
}


def __getattr__(name: str) -> object:
    """Import the module that holds a public name, once it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
