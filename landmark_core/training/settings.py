"""Settings of one training: read once, checked once, then only passed along."""

from dataclasses import dataclass, field
from typing import Literal

from landmark_core.config import Auto, Device, ReadLimits
from landmark_core.errors import ConfigError
from landmark_core.training.recipe import Recipe

Format = Literal["torchscript", "pt2"]
Promote = Literal["auto", "never"]
FORMATS = ("torchscript", "pt2")
PROMOTIONS = ("auto", "never")
LEAST_FOLDS = 3  # two would train each model on half of the photos
MOST_FOLDS = 20  # as many as there are slots that photos are dealt into
MOST_PROCESSES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """Everything one training needs; equal settings over equal photos give equal weights."""

    data: str  # folder or URL: a folder per class, or train/ and test/ that hold them
    out: str  # MODEL_DIR: versions, champion, history; a local folder
    recipe: Recipe = field(default_factory=Recipe)
    negatives: str | None = None  # folder or URL of photos that show no landmark
    reviews: str | None = None  # an OUT whose reviews become labels
    resume: bool = False  # go on with the training that was killed
    seed: int = 1
    device: Device = "auto"
    folds: int = 0  # 0: one split by hash; else so many models judge each other's unseen photos
    jobs: int | Auto = "auto"  # trainings of folds side by side, each on its share of the cores
    workers: int | Auto = "auto"  # processes that draw views
    name: str = "landmarks"  # of the model, in its card
    card: str | None = None  # TOML file with licence, notes and the tags' places
    formats: tuple[Format, ...] = ("torchscript",)  # pt2 lies beside the TorchScript file
    promote: Promote = "auto"  # never: add the version, leave the champion
    limits: ReadLimits = field(default_factory=ReadLimits)

    def __post_init__(self) -> None:
        for option, text in (("DATA", self.data), ("--out", self.out), ("--name", self.name)):
            if not text.strip():
                raise ConfigError(f"{option} must not be empty")
        if "://" in self.out:
            raise ConfigError(f"--out of a training must be a local folder, got {self.out}")
        if self.promote not in PROMOTIONS:
            raise ConfigError(f"--promote must be one of {', '.join(PROMOTIONS)}")
        if set(self.formats) - set(FORMATS) or "torchscript" not in self.formats:
            raise ConfigError(f"--format must be one of {', '.join(FORMATS)}, got {self.formats}")
        if self.folds:
            _check_between("--folds", self.folds, LEAST_FOLDS, MOST_FOLDS)
        _check_between("--seed", self.seed, 0, 2**31 - 1)
        for option, value, least in (("--jobs", self.jobs, 1), ("--workers", self.workers, 0)):
            if isinstance(value, int):
                _check_between(option, value, least, MOST_PROCESSES)


def _check_between(option: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ConfigError(f"{option} must be in {least}..{most}, got {value}")
