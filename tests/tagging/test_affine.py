"""Normalising in one step against the model's own three."""

import pytest
import torch

from landmark_core.model import Preprocess, PreprocessSettings
from landmark_core.tagging.affine import find_affine

SETTINGS = PreprocessSettings(
    resize_size=20,
    crop_size=20,
    resize_rule="short_side",
    interpolation="bilinear",
    antialias=True,
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
)


def photos(count=3, height=20, width=28):
    values = torch.arange(count * height * width * 3).mul(7919).remainder(256).to(torch.uint8)
    return values.view(count, height, width, 3).permute(0, 3, 1, 2)  # channels last, as decoded


def normalise(pixels, dtype):
    return Preprocess(SETTINGS).normalise(pixels, dtype)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_one_factor_and_one_summand_give_what_the_model_asks_for(count):
    affine = find_affine(normalise, photos())
    values = affine(photos(count), torch.float32)
    assert values.dtype == torch.float32
    assert torch.allclose(values, normalise(photos(count), torch.float32), rtol=0, atol=1e-6)
    assert values.is_contiguous(memory_format=torch.channels_last)


def test_bfloat16_is_the_rounded_float32():
    values = find_affine(normalise, photos())(photos(), torch.bfloat16)
    # Half of bfloat16's step at 2 to 4, and what float32's last digits may tip over.
    assert (values.float() - normalise(photos(), torch.float32)).abs().max() <= 2**-7


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda p, d: p.to(d).div(255).sqrt(), id="curved"),
        pytest.param(lambda p, d: p.to(d) - p.to(d).mean(), id="by-the-photo"),
        pytest.param(lambda p, d: p.to(d).flip(3), id="moved"),
        pytest.param(lambda p, d: p.to(d) * float("nan"), id="nan"),
    ],
)
def test_what_is_no_factor_and_summand_is_left_to_the_model(other):
    assert find_affine(other, photos()) is None
