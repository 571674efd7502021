"""MODEL_DIR/work: what a training that has not ended has so far; one training at a time.

A training is known by its fingerprint: settings, photos and labels. What a killed one left is
taken up by the same training alone; weights of other photos would be wrong, silently.
"""

import fcntl
import hashlib
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from landmark_core.errors import ConfigError, RunError
from landmark_core.training.settings import TrainConfig

logger = logging.getLogger(__name__)

LEAST_FREE = 200 * 2**20  # bytes: less cannot hold the weights and checkpoints of any network


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """The folders of one training."""

    home: Path  # MODEL_DIR
    folder: Path  # MODEL_DIR/work/<fingerprint>

    def of(self, name: str) -> Path:
        """Return the folder of one of the trainings that make the model; it may not exist yet."""
        return self.folder / "trainings" / name


@contextmanager
def hold_model_dir(home: Path) -> Iterator[None]:
    """Keep other trainings out of MODEL_DIR; the kernel lets go when the process dies.

    Raises:
        ConfigError: another training is at work there, or the folder cannot be made.
        RunError: its disk is full.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / ".training.lock").open("a")
    except OSError as error:
        raise ConfigError(f"--out {home} cannot be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"another training is at work in {home}: wait for it, or give another --out"
            ) from None
        check_free(home, LEAST_FREE)
        yield


def check_free(folder: Path, needed: int) -> None:
    """Refuse to start what the disk cannot hold, before hours are spent.

    Args:
        folder: on the disk; exists.
        needed: bytes.

    Raises:
        RunError: there is less.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise RunError(
            f"{folder} has {free / 2**20:,.0f} MiB free, the training needs "
            f"{needed / 2**20:,.0f} MiB: make room, or give another --out"
        )


def fingerprint(config: TrainConfig, data_digest: str) -> str:
    """Name a training by all that decides its weights: 16 hex digits.

    Args:
        config: its settings; where it writes and how many processes it takes do not count.
        data_digest: of photos and labels.
    """
    content = {
        "recipe": asdict(config.recipe),
        "seed": config.seed,
        "folds": config.folds,
        "device": config.device,
        "data": data_digest,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def open_workplace(config: TrainConfig, data_digest: str) -> Workplace:
    """Return the folder of this training, with what it has so far where it is resumed.

    Without --resume what an unfinished training left is deleted, and so is what a training of
    other settings or photos left: it cannot be gone on with.
    """
    home = Path(config.out)
    mark = fingerprint(config, data_digest)
    folder = home / "work" / mark
    for other in sorted((home / "work").glob("*")):
        if other != folder or not config.resume:
            logger.warning("an unfinished training in %s is started anew", other)
            shutil.rmtree(other)
    if config.resume and not folder.exists():
        logger.info("nothing to resume in %s: the training starts from its beginning", home)
    folder.mkdir(parents=True, exist_ok=True)
    return Workplace(home=home, folder=folder)
