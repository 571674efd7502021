"""The cards of model files, without running or loading anything of them; torch is not needed."""

from dataclasses import dataclass

from landmark_core.model.archive import open_script_archive
from landmark_core.model.card import ModelCard
from landmark_core.model.card_json import card_from_json
from landmark_core.model.program_archive import is_program, open_program_archive
from landmark_core.model.source import packaged_models, read_model_file


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedModel:
    """A model that `--model NAME` takes."""

    name: str
    path: str
    model_id: str  # 16 hex digits of the file's SHA-256
    card: ModelCard


def read_packaged_models() -> tuple[PackagedModel, ...]:
    """Return the packaged models in the order of their names.

    Raises:
        ConfigError: if one of them is damaged.
    """
    found = (read_model_card(name) for name in packaged_models())
    return tuple(model for model in found if model is not None)  # all are our own, with a card


def read_model_card(name: str) -> PackagedModel | None:
    """Return what a model file says of itself; null where it carries no card.

    Args:
        name: a packaged name, a path, a URL, MODEL_DIR or MODEL_DIR@VERSION.

    Raises:
        ConfigError: if there is no such model, or it is damaged or foreign.
    """
    file = read_model_file(name)
    opened = open_program_archive if is_program(file.data) else open_script_archive
    text = opened(file.data, name).card_text
    if text is None:
        return None
    card = card_from_json(text)
    return PackagedModel(name=name, path=file.path, model_id=file.model_id, card=card)
