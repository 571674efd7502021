"""The models that come with this installation, by their cards; torch is not needed to read them."""

from dataclasses import dataclass

from landmark_core.model.archive import open_script_archive
from landmark_core.model.card import ModelCard
from landmark_core.model.card_json import card_from_json
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
    return tuple(_read(name) for name in packaged_models())


def _read(name: str) -> PackagedModel:
    file = read_model_file(name)
    archive = open_script_archive(file.data, name)
    assert archive.card_text is not None, "packaged models are our own"
    card = card_from_json(archive.card_text)
    return PackagedModel(name=name, path=file.path, model_id=file.model_id, card=card)
