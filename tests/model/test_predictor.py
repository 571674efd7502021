"""Predictors are taken apart without changing what they say."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision import transforms
from torchvision.transforms.functional import InterpolationMode, to_tensor

from landmark_core.model.predictor import take_apart
from landmark_core.model.preprocess import Preprocess


def photo(width: int, height: int) -> Image.Image:
    random = np.random.default_rng(width * height)
    return Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))


def our_logits(parts, image: Image.Image) -> Tensor:
    preprocess = Preprocess(parts.settings)
    pixels = torch.from_numpy(preprocess.apply(image).transpose(2, 0, 1).copy())
    with torch.no_grad():
        return parts.module(preprocess.normalise(pixels[None]))


SIZES = pytest.mark.parametrize("size", [(256, 256), (256, 301), (341, 256)], ids=str)


@SIZES
def test_original_predictor_keeps_its_probabilities(make_predictor, size):
    predictor = make_predictor()
    parts = take_apart(predictor)
    assert parts.output == "logits"
    assert parts.notes == ()
    assert (parts.settings.resize_size, parts.settings.crop_size) == (256, 224)
    assert parts.settings.interpolation == "bilinear"
    # A photo whose short side is 256 already: nothing is resampled, so parity must be exact.
    own = predictor(to_tensor(photo(*size))[None])
    ours = our_logits(parts, photo(*size)).softmax(1)
    assert (ours - own).abs().max() <= 1e-6


def test_original_predictor_on_a_photo_that_needs_resizing(make_predictor):
    predictor = make_predictor()
    own = predictor(to_tensor(photo(640, 480))[None])
    ours = our_logits(take_apart(predictor), photo(640, 480)).softmax(1)
    # Pillow resizes bytes, the predictor floats: they differ by rounding to whole grey levels.
    assert (ours - own).abs().max() <= 1e-3


def test_gradients_flow_through_the_network_alone(make_predictor):
    parts = take_apart(make_predictor())
    images = torch.zeros(1, 3, 224, 224, requires_grad=True)
    parts.module(images)[0, 0].backward()  # the predictor's own forward stands under no_grad
    assert images.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param(
            [transforms.Resize([224, 224]), transforms.Normalize([0.5] * 3, [0.5] * 3)],
            ("stretch", 224, 224, "bilinear", 0.5),
            id="stretched-without-crop",
        ),
        pytest.param(
            [transforms.Resize([120], InterpolationMode.BICUBIC), transforms.CenterCrop([96])],
            ("short_side", 120, 96, "bicubic", 0.0),
            id="bicubic-not-normalised",
        ),
        pytest.param(
            [transforms.Resize([80]), transforms.CenterCrop(96)],
            ("short_side", 80, 96, "bilinear", 0.0),
            id="padded-crop",
        ),
    ],
)
def test_other_chains_are_read(steps, expected, make_predictor):
    parts = take_apart(make_predictor(*steps))
    got = parts.settings
    assert expected == (
        got.resize_rule, got.resize_size, got.crop_size, got.interpolation, got.mean[0]
    )  # fmt: skip


def test_resize_without_antialias_is_noted(make_predictor):
    steps = [transforms.Resize([256], antialias=False), transforms.CenterCrop(224)]
    parts = take_apart(make_predictor(*steps))
    assert parts.settings.resize_size == 256
    assert "does not antialias" in parts.notes[0]


class Darken(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 0.5


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(
            [transforms.Resize([256]), transforms.CenterCrop(224), Darken()], id="strange-step"
        ),
        pytest.param([transforms.CenterCrop(224), transforms.Resize([256])], id="strange-order"),
        pytest.param(
            [transforms.Resize([256], InterpolationMode.NEAREST), transforms.CenterCrop(224)],
            id="nearest",
        ),
        pytest.param(
            [transforms.Resize([256]), transforms.CenterCrop((224, 200))], id="oblong-crop"
        ),
        pytest.param(
            [transforms.Resize([256], max_size=300), transforms.CenterCrop(224)], id="max-size"
        ),
    ],
)
def test_chains_that_cannot_be_read_run_as_they_are(steps, make_predictor):
    predictor = make_predictor(*steps)
    parts = take_apart(predictor)
    assert "could not be read" in parts.notes[0]
    size = parts.settings.crop_size
    own = predictor(to_tensor(photo(size, size))[None])
    assert (our_logits(parts, photo(size, size)).softmax(1) - own).abs().max() <= 1e-6


class Bare(nn.Module):
    """No softmax at the end: the scores go out as the network gives them."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.transforms = nn.Sequential(transforms.Resize([64]), transforms.CenterCrop(64))
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        return self.model(self.transforms(x))


def test_predictor_without_softmax_gives_what_its_network_gives(cnn, to_script):
    assert take_apart(to_script(Bare(cnn))).output == "logits"
    ending = nn.Sequential(cnn, nn.Softmax(dim=1))
    assert take_apart(to_script(Bare(ending))).output == "probabilities"


class Doubled(Bare):
    """Its forward is not what its parts say."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * self.model(self.transforms(x)).softmax(1) - self.model(x).softmax(1)


def test_modules_that_only_look_like_predictors_are_left_alone(cnn, to_script):
    assert take_apart(to_script(Doubled(cnn))) is None
    assert take_apart(to_script(cnn)) is None
