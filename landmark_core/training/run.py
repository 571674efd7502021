"""A training from photos to a decision: learn, assess, decide."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from landmark_core.dataset import DataReport
from landmark_core.model import Registry, Version, user_name
from landmark_core.training.assessment import assess
from landmark_core.training.decision import Verdict, decide
from landmark_core.training.learning import learn, open_data
from landmark_core.training.progress import TrainProgress
from landmark_core.training.settings import TrainConfig
from landmark_core.training.workplace import hold_model_dir


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSummary:
    """What a training gave."""

    version: Version
    verdict: Verdict
    data: DataReport
    seconds: float
    advice: tuple[str, ...] = ()  # what it never decides by itself, and what helps; one line each

    @property
    def report_path(self) -> Path:
        """The page for a person."""
        return self.version.folder / "report" / "index.html"


def train_model(config: TrainConfig, progress: TrainProgress) -> TrainSummary:
    """Train, judge and perhaps promote a model.

    Raises:
        ConfigError: the photos, the recipe, the weights or a setting cannot be used.
        RunError: a loss is no number any more, the disk is full, a process died.
    """
    started = time.monotonic()
    data = learn(config, progress).report
    version = assess(config, progress, datetime.now(UTC))
    verdict = decide(config, version.name, by=user_name(), now=datetime.now(UTC))
    return summary_of(config, version.name, verdict, data=data, seconds=time.monotonic() - started)


def summary_of(
    config: TrainConfig, name: str, verdict: Verdict, *, data: DataReport, seconds: float
) -> TrainSummary:
    """Return the summary of a training whose stages ran one by one.

    Args:
        config: of the training.
        name: of the version that came of it.
        verdict: on the version.
        data: report on its photos.
        seconds: that everything took.

    Raises:
        ConfigError: there is no such version.
    """
    version = Registry(Path(config.out)).version(name)
    report = json.loads((version.folder / "report" / "report.json").read_text(encoding="utf-8"))
    return TrainSummary(
        version=version,
        verdict=verdict,
        data=data,
        seconds=seconds,
        # The report's own words; one of an earlier release, decided on now, has none.
        advice=tuple(report.get("advice", ())),
    )


def report_data(config: TrainConfig, progress: TrainProgress) -> DataReport:
    """Read the photos of a training and report on them; trains nothing.

    Raises:
        ConfigError: they cannot be learnt from.
        RunError: the disk is full.
    """
    with hold_model_dir(Path(config.out)):
        return open_data(config, progress).report
