"""Make a model of no use but to run: small, seeded, in a file of our own format.

Used by the tests, and where the reading of photos is tried rather than a network.

    python scripts/draw_model.py tiny.pt
"""

import sys
from pathlib import Path


def save_tiny_model(path: Path) -> None:
    """Write a small seeded CNN with four classes, 64 pixels."""
    import torch

    from landmark_core.model import (
        ModelCard,
        PreprocessSettings,
        Thresholds,
        quiet_torchscript,
        save_model,
    )

    torch.manual_seed(5)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 5, stride=2),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 16, 3, stride=2),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(16, 4),
    ).eval()
    with torch.no_grad():  # spread the logits, so that drawn photos end in every decision
        network[-1].weight *= 40
    with quiet_torchscript():
        scripted = torch.jit.script(network)
    card = ModelCard(
        name="tiny",
        class_names=("Arch", "Dome", "Pyramid", "Tower"),
        preprocess=PreprocessSettings(resize_size=72, crop_size=64),
        thresholds=Thresholds(tagged_from=0.6, no_landmark_below=0.35),
    )
    save_model(scripted, card, path)


if __name__ == "__main__":
    save_tiny_model(Path(sys.argv[1]))
