"""Put the trained network and what is known of it into the starter model file."""

import copy
import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import nn
from torchvision.models import MobileNetV2

from landmark_core.model import ModelCard, TagParents, Thresholds, quiet_torchscript, save_model
from starter.fit import End
from starter.judge import Cut, Figures
from starter.views import FROZEN_BLOCKS, PREPROCESS

LICENCE = (
    "Weights: derived from an Apache-2.0 MobileNetV2 (google-coral/test_data). "
    "Photos: third-party, used for training only, not contained."
)
NOTES = "Knows 13 landmarks and nothing else. See docs/starter-model-card.md."

# Kind and place of each landmark, by its folder's name without the number. No country stands
# with the Dome of the Rock: which one is disputed. No city stands where the site is in none.
PARENTS = {
    "Alhambra_Palace": TagParents(country="Spain", city="Granada", kind="palace"),
    "Angkor_Wat": TagParents(country="Cambodia", city="Siem Reap", kind="temple"),
    "Chichen_Itza": TagParents(country="Mexico", kind="archaeological site"),
    "Cologne_Cathedral": TagParents(country="Germany", city="Cologne", kind="cathedral"),
    "Colosseum_Rome": TagParents(country="Italy", city="Rome", kind="amphitheatre"),
    "Dome_Of_The_Rock": TagParents(city="Jerusalem", kind="shrine"),
    "Forbidden_City": TagParents(country="China", city="Beijing", kind="palace"),
    "Great_Pyramid_Of_Giza": TagParents(country="Egypt", city="Giza", kind="pyramid"),
    "Hagia_Sophia": TagParents(country="Turkey", city="Istanbul", kind="mosque"),
    "Machu_Picchu": TagParents(country="Peru", kind="archaeological site"),
    "Palace_Of_Versailles": TagParents(country="France", city="Versailles", kind="palace"),
    "Petra_Jordan": TagParents(country="Jordan", city="Wadi Musa", kind="archaeological site"),
    "Taj_Mahal": TagParents(country="India", city="Agra", kind="mausoleum"),
}


def tag_of(folder: str) -> str:
    """Return the tag of a class folder: "04.Colosseum_Rome" is "Colosseum Rome"."""
    return _bare(folder).replace("_", " ")


def _bare(folder: str) -> str:
    return folder.partition(".")[2]


def assemble(network: MobileNetV2, end: End) -> MobileNetV2:
    """Return the whole network, frozen blocks and trained end, for evaluation on the CPU."""
    whole = copy.deepcopy(network).cpu()
    whole.features[FROZEN_BLOCKS:].load_state_dict(end.blocks.state_dict())
    whole.classifier = nn.Sequential(copy.deepcopy(end.head).cpu())
    return whole.eval()


def save_starter(
    network: MobileNetV2,
    path: Path,
    *,
    folders: list[str],
    temperature: float,
    cut: Cut,
    figures: Figures,
    data_digest: str,
    now: datetime,
) -> None:
    """Script the network and write it with its card.

    Args:
        network: whole, in evaluation mode.
        path: of the file.
        folders: names of the class folders, in label order.
        temperature: positive divisor of the logits.
        cut: thresholds of the decisions.
        figures: what five models of the same recipe reach on photos they have not seen.
        data_digest: of the photos and labels.
        now: goes into the card, in UTC.
    """
    with quiet_torchscript():
        scripted = torch.jit.script(network)
    card = ModelCard(
        name="starter",
        class_names=tuple(tag_of(folder) for folder in folders),
        preprocess=PREPROCESS.settings,
        temperature=temperature,
        thresholds=Thresholds(**dataclasses.asdict(cut)),
        metrics={name: round(value, 4) for name, value in dataclasses.asdict(figures).items()},
        data_digest=data_digest,
        licence=LICENCE,
        created_at=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        architecture="torchvision mobilenet_v2",
        notes=NOTES,
        tag_parents={tag_of(folder): PARENTS[_bare(folder)] for folder in folders},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    save_model(scripted, card, path)
