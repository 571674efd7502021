"""Write the trained network as a model file: its card, TorchScript, and torch.export beside it."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

from landmark_core.judging import Calibration, Figures
from landmark_core.model import ModelCard, build_network, export_network
from landmark_core.training.card_file import CardText, parents_of, read_card_text
from landmark_core.training.jobs import load_weights
from landmark_core.training.material import Material
from landmark_core.training.prepare import preprocess_of
from landmark_core.training.settings import TrainConfig

MODEL_FILES = {"torchscript": "model.pt", "pt2": "model.pt2"}


def make_card(
    config: TrainConfig,
    material: Material,
    released: Calibration,
    figures: Figures,
    now: datetime,
) -> ModelCard:
    """Return what the model file says of itself.

    Args:
        config: of the training.
        material: that it learnt from.
        released: temperature and thresholds of the file.
        figures: measured on photos that the answering model had not seen.
        now: when it was made.

    Raises:
        ConfigError: the card file speaks of a tag that is no class.
    """
    text = read_card_text(config.card) if config.card else CardText()
    recipe = config.recipe
    measured = dataclasses.asdict(figures)
    return ModelCard(
        name=config.name,
        class_names=material.class_names,
        preprocess=preprocess_of(recipe).settings,
        temperature=released.temperature,
        thresholds=released.thresholds,
        metrics={name: round(value, 4) for name, value in measured.items() if value is not None},
        data_digest=material.digest,
        licence=text.licence,
        created_at=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        architecture=f"torchvision {recipe.backbone}" if recipe.arch == "transfer" else recipe.arch,
        notes=text.notes,
        tag_parents=parents_of(text, material.class_names),
    )


def export_model(
    config: TrainConfig, card: ModelCard, weights: Path, folder: Path
) -> tuple[str, ...]:
    """Write the model in every format that is asked for; return what a user should know of it.

    Args:
        config: of the training.
        card: of the model.
        weights: state dict that the training left.
        folder: receives the files.

    Raises:
        ConfigError: the network cannot be exported, or its file gives other scores than itself.
    """
    recipe = config.recipe
    network = build_network(
        recipe.arch, len(card.class_names), backbone=recipe.backbone, dropout=recipe.dropout
    )
    network.load_state_dict(load_weights(weights))
    network.eval()
    notes: list[str] = []
    for kind in config.formats:
        notes += export_network(network, card, folder / MODEL_FILES[kind], format=kind)
    return tuple(notes)
