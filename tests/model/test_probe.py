"""What running a module tells of it, on networks whose answer is known."""

import pytest
import torch
from torch import Tensor, nn

from landmark_core.errors import ConfigError
from landmark_core.model.probe import find_input_size, name_output, probe_scores, run_module


class Twice(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.mean(dim=(2, 3)), x.amax(dim=(2, 3))


class OneVector(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(0, 2, 3))


class Picky(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if x.shape[2] != 160:
            raise ValueError("only 160 pixels, please")
        return x.mean(dim=(2, 3))


class Infinite(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3)) / 0


class BatchMinded(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (x - x.mean(dim=0, keepdim=True)).amax(dim=(2, 3))


@pytest.mark.parametrize("size", [224, 128, 299])
def test_input_size_of_a_fixed_head_is_found(size, to_script):
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * size * size, 2))
    assert find_input_size(to_script(network)) == size


def test_errors_that_scripted_code_raises_itself_are_understood(to_script):
    assert find_input_size(to_script(Picky())) == 160
    with pytest.raises(ConfigError, match=r"batch of 3: .*only 160 pixels"):
        probe_scores(to_script(Picky()), 32)


def test_network_for_grey_photos_is_refused(to_script):
    with pytest.raises(ConfigError, match=r"to have 1 channels") as caught:
        find_input_size(to_script(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten())))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        pytest.param(Twice(), "got a tuple", id="two-outputs"),
        pytest.param(nn.Identity(), r"got \(1, 3, 224, 224\)", id="a-picture"),
        pytest.param(OneVector(), r"got \(3,\)", id="one-vector"),
        pytest.param(Infinite(), "NaN or infinity", id="nan"),
    ],
)
def test_outputs_that_are_no_scores_are_refused(network, message, to_script):
    with pytest.raises(ConfigError, match=message):
        run_module(to_script(network), torch.zeros(1, 3, 224, 224))


def test_batch_size_fixed_by_tracing_is_refused(to_trace):
    class Fixed(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.mean(dim=(2, 3)).view(1, 3)

    with pytest.raises(ConfigError, match="batch of 3"):
        probe_scores(to_trace(Fixed(), torch.zeros(1, 3, 32, 32)), 32)


def test_scores_that_depend_on_the_batch_are_refused(to_script):
    with pytest.raises(ConfigError, match=r"model.eval\(\)"):
        probe_scores(to_script(BatchMinded()), 32)


def test_dropout_traced_in_training_mode_is_refused(to_trace):
    network = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(3072, 2)).train()
    with pytest.raises(ConfigError, match=r"model.eval\(\)"):
        probe_scores(to_trace(network, torch.ones(1, 3, 32, 32)), 32)


def test_probing_leaves_the_random_state_alone(cnn, to_script):
    before = torch.get_rng_state()
    probe_scores(to_script(cnn), 32)
    assert torch.equal(torch.get_rng_state(), before)


LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.1, 0.2, 0.3]])


@pytest.mark.parametrize(
    ("scores", "output", "words"),
    [
        pytest.param(LOGITS, "logits", "neither", id="logits"),
        pytest.param(LOGITS.softmax(1), "probabilities", "sum to 1", id="softmax"),
        pytest.param(LOGITS.sigmoid(), "probabilities", "sigmoid", id="sigmoid"),
        pytest.param(LOGITS * 0, "logits", "neither", id="untrained-head"),
        pytest.param(LOGITS.log_softmax(1), "logits", "log-probabilities", id="log-softmax"),
    ],
)
def test_outputs_are_named(scores, output, words):
    named, guess = name_output(scores)
    assert named == output
    assert words in guess
