"""Small real networks, scripted as people script theirs."""

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision import transforms

from landmark_core.model import quiet_torchscript

MEAN = (0.4638, 0.4725, 0.4687)
STD = (0.2699, 0.2706, 0.3018)
CLASSES = ("00.Alhambra_Palace", "01.Angkor_Wat", "02.Eiffel_Tower")


def small_cnn(classes: int = 3, seed: int = 0) -> nn.Sequential:
    """A network like those of the course: convolution, batch norm, dropout, linear."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Dropout(0.4),
            nn.Linear(128, classes),
        ).eval()


def original_transforms(*steps: nn.Module) -> nn.Sequential:
    """The preprocessing inside the original project's export, or other steps."""
    return nn.Sequential(
        *(
            steps
            or (
                transforms.Resize([256]),
                transforms.CenterCrop(224),
                transforms.ConvertImageDtype(torch.float),
                transforms.Normalize(list(MEAN), list(STD)),
            )
        )
    )


class Predictor(nn.Module):
    """The original project's wrapper, as its src/predictor.py has it."""

    def __init__(self, model: nn.Module, class_names: list[str], steps: nn.Sequential) -> None:
        super().__init__()
        self.model = model.eval()
        self.class_names = class_names
        self.transforms = steps

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            x = self.transforms(x)
            x = self.model(x)
            return nn.functional.softmax(x, dim=1)


def script(module: nn.Module) -> torch.jit.ScriptModule:
    with quiet_torchscript():
        scripted: torch.jit.ScriptModule = torch.jit.script(module.eval())
    return scripted


def trace(module: nn.Module, example: Tensor) -> torch.jit.ScriptModule:
    with quiet_torchscript(), warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # sizes become constants
        traced: torch.jit.ScriptModule = torch.jit.trace(module, example, check_trace=False)
    return traced


@pytest.fixture
def cnn() -> nn.Sequential:
    return small_cnn()


@pytest.fixture
def make_cnn() -> Callable[..., nn.Sequential]:
    return small_cnn


@pytest.fixture
def make_predictor() -> Callable[..., torch.jit.ScriptModule]:
    """Script a Predictor around the small network with these steps, or the original's."""

    def make(*steps: nn.Module, model: nn.Module | None = None) -> torch.jit.ScriptModule:
        chain = original_transforms(*steps)
        return script(Predictor(model or small_cnn(), list(CLASSES), chain))

    return make


@pytest.fixture
def to_script() -> Callable[[nn.Module], torch.jit.ScriptModule]:
    return script


@pytest.fixture
def to_trace() -> Callable[[nn.Module, Tensor], torch.jit.ScriptModule]:
    return trace


@pytest.fixture
def save_plain(tmp_path: Path) -> Callable[..., str]:
    """Save a TorchScript module as anybody would, without a card."""

    def save(module: torch.jit.ScriptModule, name: str = "foreign.pt") -> str:
        path = tmp_path / name
        with quiet_torchscript():
            torch.jit.save(module, str(path))
        return str(path)

    return save
