"""Targets, mixing and the loss, against values by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_core.records import OTHER
from landmark_core.training.mixing import Mixing, mix_batch, mixing_of
from landmark_core.training.recipe import Recipe
from landmark_core.training.targets import count_correct, loss_of, targets_of

LABELS = torch.tensor([1, OTHER])


def test_targets_by_hand():
    targets = targets_of(LABELS, classes=4, smoothing=0.2, other_weight=3.0)
    expected = [[0.05, 0.85, 0.05, 0.05, 1.0], [0.25, 0.25, 0.25, 0.25, 3.0]]
    torch.testing.assert_close(targets, torch.tensor(expected))


def test_loss_by_hand():
    """Logits ln 3 and 0: probabilities 3/4 and 1/4."""
    logits = torch.tensor([[math.log(3), 0.0], [math.log(3), 0.0]])
    targets = targets_of(torch.tensor([0, OTHER]), 2, smoothing=0.0, other_weight=2.0)
    first = -math.log(0.75)
    other = -0.5 * math.log(0.75) - 0.5 * math.log(0.25)
    assert float(loss_of(logits, targets)) == pytest.approx((first + 2 * other) / 2)


def test_loss_is_torchs_with_label_smoothing():
    logits, labels = torch.randn(8, 5), torch.arange(8) % 5
    expected = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)
    torch.testing.assert_close(loss_of(logits, targets_of(labels, 5, 0.1, 1.0)), expected)


def test_only_landmark_photos_count_as_right():
    logits = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    correct, photos = count_correct(logits, torch.tensor([1, 1, OTHER, 0]))
    assert (float(correct), float(photos)) == (2.0, 3.0)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([Mixing(mixup=0.4, cutmix=0), Mixing(mixup=0, cutmix=1.0)]),
    st.integers(2, 9),
    st.integers(0, 999),
)
def test_what_is_seen_of_each_photo_is_its_share_of_the_target(mixing, photos, seed):
    """Photo n has the value n everywhere, and target column n: both must tell the same shares."""
    inputs = torch.arange(photos).float().view(-1, 1, 1, 1).expand(photos, 1, 12, 9).contiguous()
    before = inputs.clone()
    mixed, targets = mix_batch(inputs, torch.eye(photos), mixing, np.random.default_rng(seed))
    torch.testing.assert_close(targets.sum(1), torch.ones(photos))
    seen = mixed.mean((1, 2, 3))
    torch.testing.assert_close(seen, targets @ torch.arange(photos).float(), atol=1e-4, rtol=1e-4)
    assert torch.equal(inputs, before)


def test_no_mixing_returns_the_batch_itself():
    inputs, targets = torch.randn(3, 1, 4, 4), torch.eye(3)
    same = mix_batch(inputs, targets, Mixing(mixup=0, cutmix=0), np.random.default_rng(0))
    assert same[0] is inputs
    assert same[1] is targets


def test_with_both_ways_on_each_batch_takes_one():
    inputs = torch.arange(6).float().view(-1, 1, 1, 1).expand(6, 1, 16, 16).contiguous()
    random, mixing = np.random.default_rng(0), Mixing(mixup=1.0, cutmix=1.0)
    whole = [
        bool((mix_batch(inputs, torch.eye(6), mixing, random)[0] % 1 == 0).all())
        for _ in range(100)
    ]
    assert 30 < sum(whole) < 70  # pasted photos keep whole values, blended ones do not


@pytest.mark.parametrize(
    ("settings_given", "expected"),
    [
        pytest.param({"augment": "light"}, (0.0, 0.0), id="light-mixes-nothing"),
        pytest.param({"augment": "strong"}, (0.2, 1.0), id="strong-brings-both"),
        pytest.param({"augment": "strong", "mixup": 0.3}, (0.3, 0.0), id="the-recipe-decides"),
        pytest.param({"augment": "original", "cutmix": 0.5}, (0.0, 0.5), id="any-preset"),
    ],
)
def test_mixing_of_a_recipe(settings_given, expected):
    mixing = mixing_of(Recipe(**settings_given))
    assert (mixing.mixup, mixing.cutmix) == expected
