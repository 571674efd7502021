"""Settings of one training: read once, checked once, then only passed along."""

from dataclasses import dataclass
from typing import Literal

from landmark_core.config import Auto, Device, ReadLimits
from landmark_core.errors import ConfigError
from landmark_core.training.recipe import Recipe

Format = Literal["torchscript", "pt2"]
Promote = Literal["auto", "never"]
FORMATS = ("torchscript", "pt2")
PROMOTIONS = ("auto", "never")
LEAST_FOLDS = 3  # two would train each model on half of the photos


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """Everything one training needs; equal settings over equal photos give equal weights."""

    data: str  # folder or URL: a folder per class, or train/ and test/ that hold them
    out: str  # MODEL_DIR: versions, champion, history; a local folder
    recipe: Recipe = Recipe()
    negatives: str | None = None  # folder or URL of photos that show no landmark
    reviews: str | None = None  # an OUT whose reviews become labels
    resume: bool = False  # go on with the training that was killed
    seed: int = 1
    device: Device = "auto"
    folds: int = 0  # 0: one split by hash; else so many models judge each other's unseen photos
    jobs: int | Auto = "auto"  # trainings of folds side by side, each on its share of the cores
    workers: int | Auto = "auto"  # processes that draw views
    name: str = "landmarks"  # of the model, in its card
    formats: tuple[Format, ...] = ("torchscript",)  # pt2 lies beside the TorchScript file
    promote: Promote = "auto"  # never: add the version, leave the champion
    limits: ReadLimits = ReadLimits()

    def __post_init__(self) -> None:
        for option, text in (("DATA", self.data), ("--out", self.out), ("--name", self.name)):
            if not text.strip():
                raise ConfigError(f"{option} must not be empty")
        if "://" in self.out:
            raise ConfigError(f"--out of a training must be a local folder, got {self.out}")
        if self.folds and self.folds < LEAST_FOLDS:
            raise ConfigError(f"--folds must be 0 or at least {LEAST_FOLDS}, got {self.folds}")
        if self.folds > 20:
            raise ConfigError(f"--folds must be at most 20, got {self.folds}")
        for option, value, least in (("--jobs", self.jobs, 1), ("--workers", self.workers, 0)):
            if isinstance(value, int) and value < least:
                raise ConfigError(f"{option} must be at least {least}, got {value}")
        if not 0 <= self.seed < 2**31:
            raise ConfigError(f"--seed must be in 0..{2**31 - 1}, got {self.seed}")
        if self.promote not in PROMOTIONS:
            raise ConfigError(f"--promote must be one of {', '.join(PROMOTIONS)}")
        unknown = sorted(set(self.formats) - set(FORMATS))
        if unknown or "torchscript" not in self.formats:
            raise ConfigError(f"--format must be one of {', '.join(FORMATS)}, got {self.formats}")
