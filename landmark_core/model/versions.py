"""One trained version: its folder, its record, and what the history says became of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from landmark_core.errors import ConfigError
from landmark_core.model.history import HistoryEntry
from landmark_core.model.training_record import TrainingRecord, read_training_record

VERSIONS = "versions"  # folder of the versions in MODEL_DIR
MODEL_FILE = "model.pt"
PROGRAM_FILE = "model.pt2"
State = Literal["champion", "former", "challenger", "kept"]
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One complete version and what became of it."""

    name: str
    folder: Path
    record: TrainingRecord
    state: State  # champion; former champion; challenger (not decided on); kept (refused)
    why: str | None  # reason of the last decision about it; null where there was none

    @property
    def model_path(self) -> Path:
        """Where its TorchScript file is."""
        return self.folder / MODEL_FILE

    @property
    def model_id(self) -> str:
        """First 16 hex digits of the SHA-256 of its TorchScript file."""
        return self.record.model_sha256[:16]


def new_version_name(model_sha256: str, now: datetime) -> str:
    """Return the name of a version: UTC time and the first 8 hex digits of its model's SHA-256."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{model_sha256[:8]}"


def version_folder(root: Path, name: str) -> Path:
    """Return where a version of this name belongs.

    Raises:
        ConfigError: if it cannot be a version's name, as `../x`.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no version's name: expected letters, digits, '.', '_' and '-'"
        )
    return root / VERSIONS / name


def version_names(root: Path) -> list[str]:
    """Return the names of the versions in a MODEL_DIR, oldest first; none where it is not there."""
    try:
        return sorted(
            path.name
            for path in (root / VERSIONS).iterdir()
            if path.is_dir() and _NAME.fullmatch(path.name)
        )
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ConfigError(f"{root / VERSIONS} cannot be read: {error.strerror}") from error


def choose_version(root: Path, text: str) -> str:
    """Return the version that a text names: in full, or by a beginning that is its alone.

    Args:
        root: MODEL_DIR.
        text: a name, a beginning of a name, or of the hex digits at its end.

    Raises:
        ConfigError: if there is no such version, or more than one; lists those that there are.
    """
    names = version_names(root)
    if text in names:
        return text
    chosen = [
        name
        for name in names
        if text and (name.startswith(text) or name.rpartition("-")[2].startswith(text))
    ]
    if len(chosen) != 1:
        found = f"{len(chosen)} versions that start" if chosen else "no version"
        known = ", ".join(chosen or names[-10:]) or "none yet, train one"
        raise ConfigError(f"{root} has {found} {text!r} (known: {known})")
    return chosen[0]


def read_version(
    root: Path, name: str, entries: Sequence[HistoryEntry], champion: str | None
) -> Version:
    """Read one version.

    Args:
        root: MODEL_DIR.
        name: of the version, in full.
        entries: the history.
        champion: name of the champion; null where there is none.

    Raises:
        ConfigError: if it is not there, or its record is damaged or that of another version.
    """
    folder = version_folder(root, name)
    record = read_training_record(folder)
    if record.version != name:
        raise ConfigError(f"{folder} holds the record of {record.version}: it was renamed or mixed")
    decisions = [entry for entry in entries if entry.version == name]
    state: State = "challenger"
    if name == champion:
        state = "champion"
    elif any(entry.action != "refusal" for entry in decisions):
        state = "former"
    elif decisions:
        state = "kept"
    return Version(
        name=name, folder=folder, record=record, state=state, why=_last_reason(name, entries)
    )


def _last_reason(name: str, entries: Sequence[HistoryEntry]) -> str | None:
    """Return why the last decision about a version was made; null where there was none."""
    for entry in reversed(entries):
        if entry.version == name:
            return f"gone back to: {entry.reason}" if entry.action == "rollback" else entry.reason
        if entry.before == name and entry.action == "rollback":
            return f"left: {entry.reason}"
    return None
