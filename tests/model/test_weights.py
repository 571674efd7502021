"""Trained weights from files: every wrapping that is common, and every misfit in one line."""

import argparse

import pytest
import torch
from torchvision.models import mobilenet_v3_small, resnet18, shufflenet_v2_x0_5

from landmark_core.errors import ConfigError
from landmark_core.model import build_network, load_model

NAME = "shufflenet_v2_x0_5"


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # networks as small as these lose by more
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained() -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(8)
        return shufflenet_v2_x0_5(num_classes=21).eval()


def bare(state: dict) -> dict:
    return state


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(bare, id="bare"),
        pytest.param(lambda state: {"state_dict": state, "epoch": 3}, id="state_dict"),
        pytest.param(
            lambda state: {"model": state, "args": argparse.Namespace(lr=0.1)},
            id="checkpoint-of-torchvision's-script",
        ),
        pytest.param(
            lambda state: {f"module.{key}": values for key, values in state.items()}, id="parallel"
        ),
        pytest.param(
            lambda state: {
                "model": state | {"conv1.0.weight": state["conv1.0.weight"] * 9},
                "model_ema": {f"module.{key}": values for key, values in state.items()}
                | {"n_averaged": torch.tensor(7)},
            },
            id="averaged-weights-first",
        ),
        pytest.param(
            lambda state: {key: v for key, v in state.items() if not key.startswith("fc")},
            id="without-a-head",
        ),
    ],
)
def test_weights_arrive_whatever_they_are_wrapped_in(tmp_path, trained, wrap):
    torch.save(wrap(trained.state_dict()), tmp_path / "w.pth")
    network = build_network("transfer", 4, backbone=NAME, weights=str(tmp_path / "w.pth")).eval()
    inputs = torch.randn(2, 3, 64, 64)
    seen = []
    trained.fc.register_forward_pre_hook(lambda _module, values: seen.append(values[0]))
    with torch.no_grad():
        trained(inputs)
        features = network.head[:-1](network.stages(inputs))
    torch.testing.assert_close(features, seen[-1])
    assert network.head[-1].weight.shape == (4, 1024)


def test_the_real_backbone_of_the_shared_data_fits(shared_data):
    (path,) = (shared_data / "weights").glob("*.pth")
    network = build_network("transfer", 13, backbone="mobilenet_v2", weights=str(path))
    state = torch.load(path, weights_only=True)
    assert torch.equal(network.stages[0][0].weight, state["features.0.0.weight"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(
            lambda: resnet18().state_dict(),
            r"does not fit shufflenet_v2_x0_5: conv1.0.weight is missing; .* and \d+ more; give",
            id="another-network",
        ),
        pytest.param(
            lambda: (
                shufflenet_v2_x0_5().state_dict() | {"conv1.0.weight": torch.zeros(24, 4, 3, 3)}
            ),
            r"conv1.0.weight is \(24, 4, 3, 3\), not \(24, 3, 3, 3\); give",
            id="a-tensor-of-another-shape",
        ),
        pytest.param(
            lambda: shufflenet_v2_x0_5().state_dict() | {"extra.weight": torch.zeros(2, 2)},
            "extra.weight is not in the network",
            id="one-tensor-more",
        ),
        pytest.param(lambda: [1, 2], "expected a state dict, got list", id="a-list"),
        pytest.param(lambda: {"epoch": 3}, "got one without tensors", id="no-tensors"),
        pytest.param(lambda: mobilenet_v3_small(), "cannot be read as a state dict", id="a-module"),
    ],
)
def test_weights_that_do_not_fit_are_one_line(tmp_path, make, message):
    torch.save(make(), tmp_path / "w.pth")
    with pytest.raises(ConfigError, match=message) as caught:
        build_network("transfer", 4, backbone=NAME, weights=str(tmp_path / "w.pth"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs", b"PK\x03\x04 torn"])
def test_a_broken_file_is_one_line(tmp_path, content):
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(ConfigError, match="cannot be read as a state dict") as caught:
        build_network("transfer", 4, backbone=NAME, weights=str(tmp_path / "w.pth"))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="there is no such file"):
        build_network("transfer", 4, backbone=NAME, weights=str(tmp_path / "none.pth"))


def test_a_download_without_a_network_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens: refused at once
    with pytest.raises(ConfigError, match=r"cannot be downloaded from https.*--weights FILE"):
        build_network("transfer", 4, backbone=NAME, weights="default")


def test_a_model_of_ours_lends_its_layers_and_not_its_last_one():
    network = build_network("transfer", 5, backbone="mobilenet_v2", weights="starter")
    starter = load_model("starter").module.state_dict()
    ours = network.state_dict()
    assert len(ours) == len(starter) > 300
    pairs = list(zip(ours.values(), starter.values(), strict=True))
    assert all(torch.equal(one, other) for one, other in pairs[:-2])
    assert ours[list(ours)[-2]].shape == (5, 1280)


def test_a_model_of_another_backbone_is_refused():
    with pytest.raises(ConfigError, match=r"starter does not fit resnet18: expected 122 tensors"):
        build_network("transfer", 5, backbone="resnet18", weights="starter")
