"""Faster layers compute what the slower ones do, forwards and backwards, and leave no trace."""

import copy

import drawn_photos as drawn
import pytest
import torch
from torch import nn
from torchvision.models import resnet18, shufflenet_v2_x0_5

from landmark_core.model import StagedNetwork
from landmark_core.model.backbones import take_apart
from landmark_core.training.folding import fast_on_cpu


def staged(make) -> StagedNetwork:
    return StagedNetwork(*take_apart(make(), 3, None))


MAKERS = {
    "small": drawn.small_network,
    "resnet18": lambda: staged(resnet18),
    "shufflenet": lambda: staged(shufflenet_v2_x0_5),
}


def settled(name: str) -> StagedNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = MAKERS[name]()
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
                nn.init.uniform_(module.weight, 0.5, 1.5)
        nn.init.normal_(network.head[-1].weight)
    return network.eval()


def gradients(network: nn.Module, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
    loss = network(inputs).square().mean()
    names, values = zip(*network.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, values), strict=True))


@pytest.mark.parametrize("name", MAKERS)
def test_folded_normalisation_gives_the_same_answers_and_gradients(name):
    plain = settled(name).double()
    inputs = torch.randn(2, 3, 48, 48, dtype=torch.float64)
    expected, wanted = plain(inputs), gradients(plain, inputs)
    tensors = dict(plain.named_parameters())
    with fast_on_cpu(plain, fold=True):
        got = plain(inputs)
        loss = got.square().mean()
        found = torch.autograd.grad(loss, list(tensors.values()))
        left = [m for m in plain.modules() if isinstance(m, nn.BatchNorm2d)]
        folded = [m for m in plain.modules() if type(m).__name__ == "_Folded"]
    torch.testing.assert_close(got, expected)
    for (key, values), gradient in zip(tensors.items(), found, strict=True):
        assert values.shape == wanted[key].shape
        torch.testing.assert_close(gradient, wanted[key], msg=key)
    assert len(folded) == len(left) > 0  # each normalisation stands in a folded pair


@pytest.mark.parametrize("fold", [True, False])
def test_everything_is_put_back(fold):
    network = settled("small")
    before, state = str(network), copy.deepcopy(network.state_dict())
    with fast_on_cpu(network, fold=fold):
        assert str(network) != before
    assert str(network) == before
    assert all(torch.equal(values, state[key]) for key, values in network.state_dict().items())


def test_a_strided_depthwise_convolution_computes_in_float32():
    network = settled("small")
    kinds = []
    layer = network.stages[1][0]
    layer.register_forward_hook(lambda _module, _inputs, result: kinds.append(result.dtype))
    inputs = torch.randn(1, 3, 32, 32)
    for fast in (False, True):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            if fast:
                with fast_on_cpu(network, fold=False):
                    network(inputs)
            else:
                network(inputs)
    assert kinds == [torch.bfloat16, torch.float32]


def test_a_convolution_that_two_layers_read_is_not_folded():
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution = nn.Conv2d(3, 4, 1)
            self.norm = nn.BatchNorm2d(4)

        def forward(self, values):
            carried = self.convolution(values)
            return self.norm(carried) + carried

    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    network = StagedNetwork([Shared()], head).eval()
    nn.init.uniform_(network.stages[0].norm.weight, 0.5, 1.5)
    inputs = torch.randn(2, 3, 8, 8)
    expected = network(inputs)
    with fast_on_cpu(network, fold=True):
        torch.testing.assert_close(network(inputs), expected)
        assert isinstance(network.stages[0].norm, nn.BatchNorm2d)
