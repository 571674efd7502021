"""Models: the self-describing TorchScript file, foreign files, and the preprocessing contract.

Names load on first use, so that `Preprocess` and the card cost no torch import.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from landmark_core.model.bundle import LoadedModel, load_model, save_model
    from landmark_core.model.card import ModelCard, PreprocessSettings, TagParents, Thresholds
    from landmark_core.model.preprocess import Preprocess
    from landmark_core.model.torchscript import quiet_torchscript

__all__ = [
    "LoadedModel",
    "ModelCard",
    "Preprocess",
    "PreprocessSettings",
    "TagParents",
    "Thresholds",
    "load_model",
    "quiet_torchscript",
    "save_model",
]

_HOMES = {
    "LoadedModel": "bundle",
    "ModelCard": "card",
    "Preprocess": "preprocess",
    "PreprocessSettings": "card",
    "TagParents": "card",
    "Thresholds": "card",
    "load_model": "bundle",
    "quiet_torchscript": "torchscript",
    "save_model": "bundle",
}


def __getattr__(name: str) -> object:
    """Import the module that holds a public name, once it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
