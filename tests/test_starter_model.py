"""The starter model in the package: its card, its file, its answers; and how it was judged."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from torchvision.models import mobilenet_v2

from landmark_core.model import LoadedModel, load_model, quiet_torchscript

ROOT = Path(__file__).parents[1]
STARTER = ROOT / "landmark_core" / "model" / "starter" / "starter.pt"
sys.path.append(str(ROOT / "scripts"))

from starter.folds import deal_folds, group_near_duplicates  # noqa: E402
from starter.judge import auroc, calibration_error, choose_cut, macro_f1, measure  # noqa: E402
from starter.photos import OTHER, Photo  # noqa: E402


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


def test_scripted_network_equals_torchvision(starter):
    eager = mobilenet_v2(weights=None, num_classes=13)
    # dropout has no weights: the head is classifier.0 in the file, classifier.1 in torchvision
    weights = {
        name.replace("classifier.0.", "classifier.1."): value
        for name, value in starter.module.state_dict().items()
    }
    eager.load_state_dict(weights)
    inputs = torch.randn(4, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(
            starter.module(inputs), eager.eval()(inputs), rtol=1e-5, atol=1e-5
        )


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


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=30),
    st.lists(st.integers(0, 9), min_size=1, max_size=30),
)
def test_auroc_counts_pairs(positive, negative):
    wins = [1.0 if p > n else 0.5 if p == n else 0.0 for p in positive for n in negative]
    expected = sum(wins) / len(wins)
    assert auroc(np.array(positive, float), np.array(negative, float)) == pytest.approx(expected)


def test_calibration_error_by_hand():
    # Two bins: 0.95 and 0.95 with one right (gap .45), 0.55 right (gap .45), 0.1 wrong (gap .1)
    confidence = np.array([0.95, 0.95, 0.55, 0.1])
    right = np.array([True, False, True, False])
    assert calibration_error(confidence, right) == pytest.approx((2 * 0.45 + 0.45 + 0.1) / 4)


def test_macro_f1_by_hand():
    # class 0: 1 hit of 2 tagged and 1 true (2/3); class 1: 1 hit of 1 and 2 (2/3)
    assert macro_f1(np.array([0, 0, 1]), np.array([0, 1, 1])) == pytest.approx(2 / 3)


def test_cut_keeps_its_limits():
    generator = torch.Generator().manual_seed(3)
    labels = torch.cat([torch.arange(13).repeat(40), torch.full((300,), OTHER)])
    logits = torch.randn(len(labels), 13, generator=generator)
    known = torch.where(labels != OTHER)[0]
    logits[known, labels[known]] += 6
    cut = choose_cut(logits, labels, 1.0)
    figures = measure(logits, labels, 1.0, cut)
    assert figures.others_tagged <= 0.01
    assert figures.landmarks_lost <= 0.03
    assert figures.precision >= 0.97
    assert figures.top1 > 0.95


def test_near_duplicates_share_a_fold():
    features = np.eye(8, dtype=np.float32)
    features[1] = features[0] + 0.1 * features[2]  # cosine 0.995
    features[5] = features[4] + 0.9 * features[6]  # cosine 0.74: a copy only where hashes agree
    hashes = [0, 2**40 - 1, 5, 2**50 - 1, 2**60 - 1, 2**60 - 2, 99, 2**33 - 1]
    groups = group_near_duplicates(hashes, features)
    assert groups.tolist() == [0, 0, 2, 3, 4, 4, 6, 7]
    photos = [Photo(path=Path(str(n)), label=n % 2, digest=str(n)) for n in range(8)]
    folds = deal_folds(photos, groups, 3)
    assert folds[0] == folds[1]
    assert folds[4] == folds[5]
    assert max(np.bincount(folds)) - min(np.bincount(folds)) <= 2
    assert math.isclose(np.bincount(folds).sum(), 8)
