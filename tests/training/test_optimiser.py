"""Who learns how fast: rates by depth, decay by shape, the schedule by hand."""

import math

import drawn_photos as drawn
import pytest

from landmark_core.training.optimiser import make_optimiser, rate_factor, set_rates
from landmark_core.training.recipe import Recipe

RECIPE = drawn.SMALL | {"rate": 0.1, "body_rate": 0.01, "early_rate": 0.5, "weight_decay": 0.03}


def test_rates_halve_with_each_stage_and_vectors_do_not_decay():
    network = drawn.small_network()
    optimiser = make_optimiser(network, Recipe(**RECIPE))
    found = {
        id(values): (group["peak"], group["weight_decay"])
        for group in optimiser.param_groups
        for values in group["params"]
    }
    named = {name: found[id(values)] for name, values in network.named_parameters()}
    assert named["head.3.weight"] == (0.1, 0.03)
    assert named["head.3.bias"] == (0.1, 0.0)
    for place, rate in enumerate([0.00125, 0.0025, 0.005, 0.01]):
        assert named[f"stages.{place}.0.weight"] == (pytest.approx(rate), 0.03)
        assert named[f"stages.{place}.1.weight"] == (pytest.approx(rate), 0.0)  # of the norm


def test_a_network_from_scratch_has_one_rate():
    optimiser = make_optimiser(drawn.small_network(), Recipe(**RECIPE | {"weights": "none"}))
    assert {group["peak"] for group in optimiser.param_groups} == {0.1}


def test_frozen_stages_are_left_out():
    network = drawn.small_network()
    network.stages[:2].requires_grad_(False)
    optimiser = make_optimiser(network, Recipe(**RECIPE))
    trained = sum(len(group["params"]) for group in optimiser.param_groups)
    assert trained == 2 * 3 + 2  # convolution, two of its norm, twice; weight and bias of the head


def test_the_schedule_by_hand():
    """Ten steps, two of them rising: 1/3, 2/3, then a half cosine from 1."""
    factors = [rate_factor(step, 10, 0.2) for step in range(10)]
    assert factors[:3] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert factors[6] == pytest.approx(0.5)
    assert factors[9] == pytest.approx(0.5 * (1 + math.cos(math.pi * 7 / 8)))
    assert rate_factor(-1, 10, 0.2) == 0.0
    assert rate_factor(0, 4, 0.0) == 1.0


def test_the_body_waits_for_the_head_and_then_warms_up_itself():
    optimiser = make_optimiser(drawn.small_network(), Recipe(**RECIPE))
    head, *_, body = optimiser.param_groups

    def rates(step: int) -> tuple[float, float]:
        set_rates(optimiser, step=step, steps=20, head_steps=10, warm_up=0.2)
        return head["lr"] / head["peak"], body["lr"] / body["peak"]

    assert rates(9) == (pytest.approx(rate_factor(9, 20, 0.2)), 0.0)
    assert rates(10) == (pytest.approx(rate_factor(10, 20, 0.2)), pytest.approx(1 / 3))
