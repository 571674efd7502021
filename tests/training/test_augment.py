"""Views: the presets as the issue has them, the same view wherever it is drawn."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from landmark_core.errors import ConfigError
from landmark_core.training.augment import PRESETS, build_augmentation, draw_view, seeded
from landmark_core.training.blur import Blur, blur
from landmark_core.training.writing import write_over

PHOTO = np.random.default_rng(1).integers(0, 255, (300, 340, 3), dtype=np.uint8)
PHOTO[:150] //= 3


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("size", [64, 224])
def test_a_view_has_its_size_and_lies_channels_last(name, size):
    view = draw_view(build_augmentation(name, size), PHOTO, seed=1, epoch=1, number=1)
    assert view.dtype == torch.uint8
    assert view.shape == (3, size, size)
    assert view.stride()[0] == 1


@pytest.mark.parametrize("name", PRESETS)
def test_a_view_follows_from_seed_epoch_and_photo_alone(name):
    augmentation = build_augmentation(name, 64, writing=0.5)
    keys = [(seed, epoch, number) for seed in (1, 2) for epoch in (1, 2) for number in (1, 2)]

    def draw(key):
        seed, epoch, number = key
        return draw_view(augmentation, PHOTO, seed=seed, epoch=epoch, number=number)

    first = {key: draw(key) for key in keys}
    torch.rand(5)  # what others draw in between does not matter
    again = {key: draw(key) for key in reversed(keys)}
    assert all(torch.equal(first[key], again[key]) for key in keys)
    different = {view.numpy().tobytes() for view in first.values()}
    assert len(different) == len(keys)


def test_drawing_leaves_torchs_generator_as_it_was():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    draw_view(build_augmentation("strong", 64), PHOTO, seed=1, epoch=1, number=1)
    assert torch.equal(torch.rand(3), expected)


def test_original_is_the_issues_list_in_its_order():
    """The same draws through torchvision's own classes, blur included, within a grey level."""
    plain = v2.Compose(
        [
            v2.Resize(256),
            v2.RandomCrop(224),
            v2.RandomResizedCrop(224, scale=(0.8, 1.0)),
            v2.RandomAffine(10, translate=(0.1, 0.1), scale=(0.9, 1.1), shear=5),
            v2.ColorJitter(0.2, 0.2, 0.2, hue=0.1),
            v2.RandomHorizontalFlip(0.5),
            v2.GaussianBlur(5, sigma=(0.1, 2.0)),
        ]
    )
    for number in range(3):
        got = draw_view(build_augmentation("original", 224), PHOTO, seed=1, epoch=1, number=number)
        with seeded(1, 1, number):
            expected = functional.pil_to_tensor(plain(Image.fromarray(PHOTO)))
        assert (got.int() - expected.int()).abs().max() <= 1


@settings(max_examples=25, deadline=None)
@given(st.floats(0.1, 2.0), st.integers(3, 20), st.integers(3, 20), st.integers(0, 99))
def test_blur_is_torchvisions(sigma, height, width, seed):
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    values = torch.from_numpy(pixels).permute(2, 0, 1)
    expected = functional.gaussian_blur(values, [5, 5], [sigma, sigma]).permute(1, 2, 0).numpy()
    assert np.abs(blur(pixels, 2, sigma).astype(int) - expected).max() <= 1


def test_blur_draws_its_deviation_from_the_whole_range():
    """How much an edge is softened says which deviation was drawn."""
    edge = Image.fromarray(np.repeat(np.array([[0] * 8 + [255] * 8], np.uint8), 16, 0)).convert(
        "RGB"
    )
    random, softened = Blur(5, sigma=(0.1, 2.0)), []
    with seeded(1, 1, 1):
        softened = [np.asarray(random(edge))[8, 7, 0] for _ in range(200)]
    assert min(softened) == 0
    assert 70 < max(softened) < 110


def test_light_crops_between_three_tenths_and_all():
    """On a ramp, the range of grey levels in a view is its crop's share of the width."""
    ramp = np.repeat(np.linspace(0, 255, 200).astype(np.uint8)[None, :, None], 200, 0).repeat(3, 2)
    crop = v2.Compose(build_augmentation("light", 64)._steps.transforms[:1])
    shares = []
    for number in range(200):
        with seeded(1, 1, number):
            view = np.asarray(crop(Image.fromarray(ramp))).astype(int)
        shares.append((view.max() - view.min()) / 255)
    assert 0.45 < min(shares) < 0.6  # sqrt(0.3 x 3/4) = 0.47 of the width
    assert max(shares) > 0.95


def test_strong_erases_a_quarter_of_the_views_to_grey():
    flat = np.full((80, 80, 3), 200, np.uint8)
    augmentation = build_augmentation("strong", 64)
    augmentation._steps = v2.Identity()
    erased = sum(
        bool((draw_view(augmentation, flat, seed=1, epoch=1, number=n) != 200).any())
        for n in range(400)
    )
    assert 70 <= erased <= 130


def test_writing_changes_a_share_of_the_views_in_some_places_only():
    flat = Image.fromarray(np.full((224, 224, 3), 90, np.uint8))
    with seeded(3):
        written = [np.asarray(write_over(flat)) != 90 for _ in range(30)]
    changed = [mask.mean() for mask in written]
    assert 0 < np.mean(changed) < 0.2
    assert np.asarray(flat).max() == 90  # the picture itself is left alone
    views = build_augmentation("light", 64, writing=0.5)
    plain = build_augmentation("light", 64)
    keys = [{"seed": 1, "epoch": 1, "number": number} for number in range(100)]
    same = sum(
        torch.equal(draw_view(views, PHOTO, **key), draw_view(plain, PHOTO, **key)) for key in keys
    )
    assert 35 <= same <= 70


def test_an_unknown_preset_is_refused():
    with pytest.raises(ConfigError, match="one of light, original, strong, got 'heavy'"):
        build_augmentation("heavy", 224)
