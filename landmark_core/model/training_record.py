"""`training.json`: what a version was trained from, and what came out; the trainer writes it.

One JSON object beside the model of a version. It says how to train the same model again (recipe,
seed, digests of data and code, versions of the packages), how good the model was on photos that it
had not seen, with which champion it was compared, and the SHA-256 of every other file of the
version, by which damage is found. The digests are no protection against somebody who may write to
the folder: they could be changed with the files.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from landmark_core.errors import ConfigError, RunError
from landmark_core.json_text import parse_json
from landmark_core.model.files import file_digest, read_at_most, write_whole

RECORD_FILE = "training.json"
FORMAT_VERSION = 1
# Bytes. With 100,000 classes, each with figures of its own, it is about 20 MB.
_MOST = 128 * 2**20
_REQUIRED = ("version", "created_at", "arch", "model_sha256", "files")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRecord:
    """What `training.json` says; figures have free names and are those of the held-out photos."""

    version: str  # name of the version's folder
    created_at: str  # ISO 8601, UTC
    arch: str  # cnn, resnet or transfer
    backbone: str | None = None  # of torchvision; null but for transfer
    class_names: tuple[str, ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)  # every field of the Recipe
    seed: int = 0
    data_digest: str | None = None  # 16 hex digits over photos and labels
    code_digest: str | None = None  # 16 hex digits, of model.code_digest
    packages: Mapping[str, str] = field(default_factory=dict)  # name -> version
    metrics: Mapping[str, float] = field(default_factory=dict)
    model_sha256: str  # 64 hex digits, of model.pt
    files: Mapping[str, str]  # relative name -> 64 hex digits of SHA-256
    compared_with: str | None = None  # version of the champion then; null where there was none
    comparison: Mapping[str, Any] | None = None  # {"better": bool, "reason": text, ...}
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        for name in ("version", "created_at", "arch", "model_sha256"):
            _check(name, "a text that is not empty", _is_text(getattr(self, name)))
        for name in ("backbone", "data_digest", "code_digest", "compared_with"):
            value = getattr(self, name)
            _check(name, "a text or null", value is None or _is_text(value))
        _check("created_at", "a date such as 2026-11-23T16:45:00Z", _is_date(self.created_at))
        _check("class_names", "a list of texts", all(map(_is_text, self.class_names)))
        for name in ("recipe", "packages", "metrics", "files"):
            _check(name, "an object", isinstance(getattr(self, name), Mapping))
        _check("metrics", "finite numbers", all(map(_is_number, self.metrics.values())))
        _check("files", "digests by name", all(map(_is_text, self.files.values())))
        if self.comparison is not None:
            better = isinstance(self.comparison, Mapping) and self.comparison.get("better")
            _check("comparison", 'an object with "better"', isinstance(better, bool))

    @property
    def recipe_digest(self) -> str:
        """16 hex digits over the recipe's fields and values."""
        text = json.dumps(dict(self.recipe), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_training_record(record: TrainingRecord, folder: Path) -> None:
    """Write a version's training.json, whole or not at all.

    Raises:
        RunError: if it cannot be written.
    """
    text = json.dumps(asdict(record), ensure_ascii=False, allow_nan=False, indent=1)
    try:
        write_whole(folder / RECORD_FILE, text.encode())
    except OSError as error:
        raise RunError(f"{folder / RECORD_FILE} cannot be written: {error.strerror}") from error


def read_training_record(folder: Path) -> TrainingRecord:
    """Read a version's training.json; keys of later versions of the format are passed over.

    Raises:
        ConfigError: if there is none, or it is damaged; names the file and the key.
    """
    path = folder / RECORD_FILE
    try:
        values = parse_json(read_at_most(path, _MOST), most=_MOST)
        if not isinstance(values, dict):
            raise ConfigError(f"expected an object, got {type(values).__name__}")  # noqa: TRY301
        missing = [name for name in _REQUIRED if name not in values]
        if missing:
            raise ConfigError(f"missing {', '.join(missing)}")  # noqa: TRY301
        known = {each.name for each in fields(TrainingRecord)}
        values = {name: value for name, value in values.items() if name in known}
        names = values.get("class_names", ())
        values["class_names"] = tuple(names) if isinstance(names, list) else (names,)
        return TrainingRecord(**values)
    except FileNotFoundError:
        raise ConfigError(f"no {path}: expected the folder of a trained version") from None
    except (OSError, ValueError, TypeError, ConfigError) as error:
        raise ConfigError(f"{path} cannot be used: {error}") from error


def file_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder by relative name; training.json is left out.

    Args:
        folder: of the version, with everything in it but its record.
    """
    return {name: file_digest(folder / name) for name in _names_below(folder)}


def check_files(record: TrainingRecord, folder: Path) -> None:
    """Refuse a version whose files are not those of its record.

    Raises:
        ConfigError: if one is missing or another than recorded; names it.
    """
    for name, recorded in record.files.items():
        path = folder / name
        try:
            found = file_digest(path)
        except OSError as error:
            raise ConfigError(
                f"version {record.version}: {path} cannot be read ({error.strerror}): "
                "put the file back, or train again"
            ) from error
        if found != recorded:
            raise ConfigError(
                f"version {record.version}: {path} is not the file that was trained (SHA-256 "
                f"{found[:16]}, recorded {recorded[:16]}): put the file back, or train again"
            )


def _names_below(folder: Path) -> list[str]:
    names = [
        Path(parent, name).relative_to(folder).as_posix()
        for parent, _, files in os.walk(folder)
        for name in files
    ]
    return sorted(name for name in names if name != RECORD_FILE)


def _check(name: str, expected: str, holds: bool) -> None:
    if not holds:
        raise ConfigError(f"{name} must be {expected}")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: object) -> bool:
    try:
        return isinstance(value, int | float) and value is not True and math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


def _is_date(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
