"""The starter model in the package: its card, its file, its answers, and where they come from."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torchvision.models import mobilenet_v2

from landmark_core.model import LoadedModel, load_model, quiet_torchscript
from landmark_core.training import read_recipe

ROOT = Path(__file__).parents[1]
STARTER = ROOT / "landmark_core" / "model" / "starter" / "starter.pt"
CARD_PAGE = ROOT / "docs" / "starter-model-card.md"


@pytest.fixture(scope="module")
def starter() -> LoadedModel:
    return load_model("starter")


def logits_of(starter: LoadedModel, images: list[Image.Image]) -> torch.Tensor:
    pixels = torch.from_numpy(np.stack([starter.preprocess.apply(image) for image in images]))
    with torch.inference_mode():
        return starter.module(starter.preprocess.normalise(pixels.permute(0, 3, 1, 2)))


def confidence_of(starter: LoadedModel, images: list[Image.Image]) -> torch.Tensor:
    return (logits_of(starter, images) / starter.card.temperature).softmax(1).amax(1)


def open_all(paths: list[Path]) -> list[Image.Image]:
    return [Image.open(path).convert("RGB") for path in paths]


def test_file_is_small_and_opens_with_torch_alone():
    assert STARTER.stat().st_size <= 10_000_000
    with quiet_torchscript():
        module = torch.jit.load(str(STARTER))
    assert module(torch.zeros(2, 3, 224, 224)).shape == (2, 13)
    assert not module.training


def test_card_says_what_the_model_knows_and_where_it_comes_from(starter):
    card = starter.card
    assert len(card.class_names) == 13
    assert {"Alhambra Palace", "Colosseum Rome", "Taj Mahal"} <= set(card.class_names)
    assert set(card.tag_parents) == set(card.class_names)
    assert card.tag_parents["Taj Mahal"].country == "India"
    assert "Apache-2.0" in card.licence
    assert "third-party" in card.licence
    assert card.data_digest is not None
    assert starter.notes == ()


def test_thresholds_stand_in_order(starter):
    thresholds = starter.card.thresholds
    assert 1 / 13 <= thresholds.no_landmark_below < thresholds.tagged_from < 1
    # Uniform logits have this energy at least; where the limit were higher it would never act.
    assert thresholds.no_landmark_energy_above < 0


def test_the_network_is_torchvisions(starter):
    """Another implementation with the same weights: the layers come in the same order."""
    eager = mobilenet_v2(weights=None, num_classes=13)
    names = list(eager.state_dict())
    values = list(starter.module.state_dict().values())
    eager.load_state_dict(dict(zip(names, values, strict=True)))
    inputs = torch.randn(4, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(
            starter.module(inputs), eager.eval()(inputs), rtol=1e-5, atol=1e-5
        )


def test_the_model_was_made_by_the_recipe_of_the_docs(starter):
    recipe = read_recipe(ROOT / "docs" / "recipes" / "starter.toml")
    settings = starter.card.preprocess
    assert (settings.resize_size, settings.crop_size) == (recipe.test_resize, recipe.test_crop)
    assert starter.card.architecture == f"torchvision {recipe.backbone}"


def test_the_page_says_what_the_file_says(starter):
    page = CARD_PAGE.read_text(encoding="utf-8")
    card = starter.card
    assert f"Temperature {card.temperature:g}." in page
    assert f"| top-1 | {card.metrics['top1']:.3f} |" in page
    assert f"| AUROC, landmark against other | {card.metrics['auroc']:.3f} |" in page
    assert f"`{card.data_digest}`" in page
    for name in card.class_names:
        assert f"| {name} |" in page


def drawn_images() -> list[Image.Image]:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    rings = Image.new("RGB", (400, 300), "white")
    for radius in range(10, 150, 20):
        ImageDraw.Draw(rings).ellipse((200 - radius, 150 - radius, 200 + radius, 150 + radius))
    return [
        Image.new("RGB", (400, 300), "black"),
        Image.new("RGB", (400, 300), "white"),
        Image.linear_gradient("L").convert("RGB"),
        Image.fromarray(noise),
        rings,
    ]


def test_drawings_of_nothing_are_not_tagged(starter):
    assert (confidence_of(starter, drawn_images()) < starter.card.thresholds.tagged_from).all()


def test_photos_that_it_learned_from_are_told_apart(starter, shared_data):
    folders = sorted((shared_data / "landmarks13-train").iterdir())
    paths = [path for folder in folders for path in sorted(folder.glob("*.jpg"))[:6]]
    truth = torch.arange(len(folders)).repeat_interleave(6)
    logits = logits_of(starter, open_all(paths))
    assert (logits.argmax(1) == truth).float().mean() > 0.85
    others = open_all(sorted((shared_data / "negatives").glob("*.jpg"))[::10])
    tagged = confidence_of(starter, others) >= starter.card.thresholds.tagged_from
    assert tagged.float().mean() <= 0.02
