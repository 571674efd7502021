"""Small real networks, scripted as people script theirs."""

import hashlib
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision import transforms

from landmark_core.model import (
    Registry,
    TrainingRecord,
    Version,
    file_digests,
    new_version_name,
    quiet_torchscript,
    write_training_record,
)

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


class Trainings:
    """Leaves in a MODEL_DIR what trainings leave; the models may be a few bytes, or real files."""

    start = datetime(2026, 1, 14, 9, 30, tzinfo=UTC)

    def at(self, minute: int) -> datetime:
        """The clock of a test: so many minutes after its start."""
        return self.start + timedelta(minutes=minute)

    def finish(self, root: Path, model: bytes, *, minute: int = 0, **fields: object) -> Path:
        """Leave what a training leaves in MODEL_DIR/work when it is done."""
        work = root / "work" / f"run-{minute}"
        (work / "report").mkdir(parents=True)
        (work / "model.pt").write_bytes(model)
        (work / "report/index.html").write_text("<p>good</p>")
        sha256 = hashlib.sha256(model).hexdigest()
        values = {
            "version": new_version_name(sha256, self.at(minute)),
            "created_at": self.at(minute).isoformat(),
            "arch": "transfer",
            "backbone": "mobilenet_v2",
            "class_names": ("Arch", "Dome"),
            "recipe": {"epochs": 3},
            "data_digest": "00112233aabbccdd",
            "code_digest": "ddccbbaa33221100",
            "metrics": {"top1": 0.9, "ece": 0.02},
            "model_sha256": sha256,
            "files": file_digests(work),
        }
        write_training_record(TrainingRecord(**(values | fields)), work)
        return work

    def add(self, root: Path, model: bytes, *, minute: int = 0, **fields: object) -> Version:
        """Train and add a version."""
        return Registry(root).add_version(self.finish(root, model, minute=minute, **fields))

    def promote(self, root: Path, name: str, minute: int = 0, *, force: bool = True) -> Version:
        """Promote a version by hand."""
        return Registry(root).promote(
            name, reason=f"reason {minute}", by="ann", now=self.at(minute), force=force
        )


@pytest.fixture(scope="session")
def trainings() -> Trainings:
    return Trainings()
