"""Models: the networks, their self-describing files, foreign files, and the folder of versions.

Names load on first use, so that `Preprocess` and the card cost no torch import.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from landmark_core.model.architectures import (
        StagedNetwork,
        build_network,
        split_network,
        stages_of,
    )
    from landmark_core.model.backbones import backbone_names
    from landmark_core.model.bundle import LoadedModel, load_model, save_model, show_model
    from landmark_core.model.card import ModelCard, PreprocessSettings, TagParents, Thresholds
    from landmark_core.model.class_names import tidy_class_names
    from landmark_core.model.code import code_digest
    from landmark_core.model.export import convert_model, export_network
    from landmark_core.model.history import HistoryEntry, user_name
    from landmark_core.model.packaged import (
        PackagedModel,
        read_model_card,
        read_packaged_models,
    )
    from landmark_core.model.preprocess import Preprocess, preprocess_id
    from landmark_core.model.registry import Registry, is_registry
    from landmark_core.model.source import find_version, packaged_models, pin_model
    from landmark_core.model.torchscript import quiet_torchscript
    from landmark_core.model.training_record import (
        TrainingRecord,
        file_digests,
        read_training_record,
        write_training_record,
    )
    from landmark_core.model.versions import Version, new_version_name

__all__ = [
    "HistoryEntry",
    "LoadedModel",
    "ModelCard",
    "PackagedModel",
    "Preprocess",
    "PreprocessSettings",
    "Registry",
    "StagedNetwork",
    "TagParents",
    "Thresholds",
    "TrainingRecord",
    "Version",
    "backbone_names",
    "build_network",
    "code_digest",
    "convert_model",
    "export_network",
    "file_digests",
    "find_version",
    "is_registry",
    "load_model",
    "new_version_name",
    "packaged_models",
    "pin_model",
    "preprocess_id",
    "quiet_torchscript",
    "read_model_card",
    "read_packaged_models",
    "read_training_record",
    "save_model",
    "show_model",
    "split_network",
    "stages_of",
    "tidy_class_names",
    "user_name",
    "write_training_record",
]

_HOMES = {
    "HistoryEntry": "history",
    "user_name": "history",
    "LoadedModel": "bundle",
    "ModelCard": "card",
    "PackagedModel": "packaged",
    "Preprocess": "preprocess",
    "PreprocessSettings": "card",
    "Registry": "registry",
    "StagedNetwork": "architectures",
    "TagParents": "card",
    "Thresholds": "card",
    "TrainingRecord": "training_record",
    "Version": "versions",
    "backbone_names": "backbones",
    "build_network": "architectures",
    "code_digest": "code",
    "convert_model": "export",
    "export_network": "export",
    "file_digests": "training_record",
    "find_version": "source",
    "is_registry": "registry",
    "load_model": "bundle",
    "new_version_name": "versions",
    "packaged_models": "source",
    "pin_model": "source",
    "preprocess_id": "preprocess",
    "quiet_torchscript": "torchscript",
    "read_model_card": "packaged",
    "read_packaged_models": "packaged",
    "read_training_record": "training_record",
    "save_model": "bundle",
    "show_model": "bundle",
    "split_network": "architectures",
    "stages_of": "architectures",
    "tidy_class_names": "class_names",
    "write_training_record": "training_record",
}


def __getattr__(name: str) -> object:
    """Import the module that holds a public name, once it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
