"""Foreign modules get a card, and every guess is told."""

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.transforms.functional import to_tensor

from landmark_core.errors import ConfigError
from landmark_core.model import quiet_torchscript
from landmark_core.model.adopt import adopt
from landmark_core.model.preprocess import Preprocess
from landmark_core.model.torchscript import load_script, save_script

NAMES = ("a", "b", "c")


def told(adopted, words: str) -> bool:
    return any(words in note for note in adopted.notes)


def test_predictor_brings_names_and_preprocessing(make_predictor):
    adopted = adopt(make_predictor(), path="/models/holiday.pt", class_names=None)
    assert adopted.card.name == "holiday"
    assert adopted.card.class_names == ("Alhambra Palace", "Angkor Wat", "Eiffel Tower")
    assert adopted.card.output == "logits"
    assert adopted.card.preprocess.mean == pytest.approx((0.4638, 0.4725, 0.4687))
    assert adopted.card.thresholds.tagged_from == 0.5
    assert told(adopted, "'00.Alhambra_Palace' reads 'Alhambra Palace'")
    assert told(adopted, "no thresholds")


def test_bare_network_is_taken_as_imagenets(cnn, to_script):
    adopted = adopt(to_script(cnn), path="m.pt", class_names=NAMES)
    asked = adopted.card.preprocess
    assert (asked.resize_size, asked.crop_size, asked.mean) == (256, 224, (0.485, 0.456, 0.406))
    assert told(adopted, "assumed ImageNet's way (short side 256, centre 224")
    assert told(adopted, "taken as logits")
    assert told(adopted, "class names come from --classes")


def test_traced_network_gives_the_scores_of_the_eager_one(cnn, to_trace):
    adopted = adopt(to_trace(cnn, torch.rand(1, 3, 224, 224)), path="m", class_names=NAMES)
    images = torch.rand(5, 3, 224, 224)
    assert torch.allclose(adopted.module(images), cnn(images), atol=1e-6)


def test_size_of_a_fixed_input_is_found_and_the_resize_follows(to_script):
    network = nn.Sequential(nn.AvgPool2d(7), nn.Flatten(), nn.Linear(3 * 32 * 32, 3))
    fixed = nn.Sequential(nn.Flatten(), nn.Linear(3 * 299 * 299, 3))
    assert adopt(to_script(network), path="m", class_names=NAMES).card.preprocess.crop_size == 224
    asked = adopt(to_script(fixed), path="m", class_names=NAMES).card.preprocess
    assert (asked.resize_size, asked.crop_size) == (342, 299)  # 299 * 256 / 224 = 341.7


def test_softmax_at_the_end_gives_probabilities(cnn, to_script):
    adopted = adopt(to_script(nn.Sequential(cnn, nn.Softmax(dim=1))), path="m", class_names=NAMES)
    assert adopted.card.output == "probabilities"
    assert told(adopted, "sum to 1")


@pytest.mark.parametrize("kind", [torch.float16, torch.float64, torch.bfloat16], ids=str)
def test_other_precisions_become_float32(kind, make_cnn, to_script):
    module = to_script(make_cnn().to(kind))
    adopted = adopt(module, path="m", class_names=NAMES)
    assert told(adopted, f"{str(kind).removeprefix('torch.')}: converted to float32")
    expected = make_cnn().to(kind).float()(torch.ones(2, 3, 224, 224))
    assert torch.allclose(adopted.module(torch.ones(2, 3, 224, 224)), expected, atol=1e-6)


def test_frozen_predictor_gets_raw_pixels(make_predictor):
    predictor = make_predictor()
    with quiet_torchscript():
        # As from a file: modules scripted in this process share half-inlined functions.
        frozen = torch.jit.freeze(load_script(save_script(predictor, {})))
    adopted = adopt(frozen, path="m", class_names=NAMES)
    assert adopted.card.output == "probabilities"
    assert told(adopted, "resizes photos by itself")
    pixels = torch.randint(0, 256, (1, 3, 256, 256), dtype=torch.uint8)
    own = predictor(to_tensor(np.asarray(pixels[0].permute(1, 2, 0)))[None])
    ours = adopted.module(Preprocess(adopted.card.preprocess).normalise(pixels))
    assert torch.allclose(ours, own, atol=1e-6)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        pytest.param(None, "3 scores and names no classes: pass --classes FILE", id="none"),
        pytest.param(("a", "b"), "expected 3 class names.*--classes has 2", id="too-few"),
        pytest.param(("a", "b", "b"), "duplicates", id="twice"),
    ],
)
def test_missing_and_wrong_names_are_refused(names, message, cnn, to_script):
    with pytest.raises(ConfigError, match=message):
        adopt(to_script(cnn), path="m", class_names=names)


def test_given_names_replace_the_files_own(make_predictor):
    adopted = adopt(make_predictor(), path="m", class_names=("x_y", "z", "w"))
    assert adopted.card.class_names == ("x y", "z", "w")
