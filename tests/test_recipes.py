"""The recipes that documents offer: each is read, and each network takes its photos."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from landmark_core.model import build_network
from landmark_core.training import Recipe, read_recipe
from landmark_core.training.fitness import check_recipe

FOLDER = Path(__file__).parents[1] / "docs/recipes"
FILES = [pytest.param(path, id=path.stem) for path in sorted(FOLDER.glob("*.toml"))]


@pytest.mark.parametrize("path", FILES)
def test_a_recipe_fits_its_network(path):
    recipe = read_recipe(path)
    torch.manual_seed(0)
    network = build_network(
        recipe.arch, 50, backbone=recipe.backbone, weights="none", dropout=recipe.dropout
    )
    for member in recipe.members():
        check_recipe(network, member)  # weights default: nothing is downloaded to tell
    empty = network.to("meta").eval()
    with torch.no_grad():
        logits = empty(torch.empty(1, 3, recipe.test_crop, recipe.test_crop, device="meta"))
    assert logits.shape == (1, 50)


@pytest.mark.parametrize("path", FILES)
def test_a_recipe_says_how_it_is_used_and_no_more_than_it_changes(path):
    text = path.read_text(encoding="utf-8")
    assert f"--recipe docs/recipes/{path.name}" in text
    recipe = read_recipe(path)
    changed = [
        field.name
        for field in dataclasses.fields(Recipe)
        if getattr(recipe, field.name) != field.default
    ]
    assert changed
    assert np.isfinite(recipe.rate)


def test_there_are_recipes():
    assert len(FILES) >= 5
