"""`history.jsonl`: every promotion, refusal and rollback of a model folder, one JSON line each.

The history decides which version is the champion: a promotion puts one on top, a rollback takes
the top away. Lines are only ever added, each flushed to the disk; one without its line end was torn
by a kill, and is as if it had never been written.
"""

import getpass
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from landmark_core.errors import ConfigError
from landmark_core.json_text import finite_number, parse_json
from landmark_core.model.files import append_line, read_at_most

HISTORY_FILE = "history.jsonl"
Action = Literal["promotion", "refusal", "rollback"]
_MOST = 64 * 2**20  # bytes; a decision takes about 500, so this is a hundred thousand of them


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One decision about a version."""

    when: str  # ISO 8601, UTC
    action: Action
    version: str  # promoted, refused, or gone back to
    before: str | None  # the champion until then, "from" in the file; null where there was none
    reason: str
    by: str  # a person's user name, or what decided
    figures: Mapping[str, float] = field(default_factory=dict)  # what it was decided by


def read_history(root: Path) -> tuple[HistoryEntry, ...]:
    """Return the decisions, oldest first; none where nothing was decided yet.

    Raises:
        ConfigError: if a line is damaged; names it.
    """
    path = root / HISTORY_FILE
    try:
        whole, _, _torn = read_at_most(path, _MOST).rpartition(b"\n")
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from error
    lines = whole.split(b"\n") if whole else []
    return tuple(_read_entry(path, number, line) for number, line in enumerate(lines, start=1))


def append_entry(root: Path, entry: HistoryEntry) -> None:
    """Add one decision; it is on the disk when this returns.

    Raises:
        OSError: if it cannot be written; then nothing was decided.
    """
    values = {
        "when": entry.when,
        "action": entry.action,
        "version": entry.version,
        "from": entry.before,
        "reason": entry.reason,
        "by": entry.by,
        "figures": dict(entry.figures),
    }
    line = json.dumps(values, ensure_ascii=False, allow_nan=False)
    append_line(root / HISTORY_FILE, line.encode())


def user_name() -> str:
    """Return the name of the user who runs this process, for `by`; a container's may have none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return f"user {os.getuid()}"


def champions(entries: Sequence[HistoryEntry]) -> tuple[str, ...]:
    """Return the champions that a rollback can go back through; the last one is the champion."""
    stack: list[str] = []
    for entry in entries:
        if entry.action == "promotion":
            stack.append(entry.version)
        elif entry.action == "rollback":
            del stack[-1:]
            if stack[-1:] != [entry.version]:
                raise ConfigError(
                    f"the history goes back to {entry.version} on {entry.when}, which was not the "
                    f"champion before: {HISTORY_FILE} was edited; put the original back"
                )
    return tuple(stack)


def _read_entry(path: Path, number: int, line: bytes) -> HistoryEntry:
    try:
        values: dict[str, Any] = parse_json(line, most=_MOST, exact=True)
        figures = dict(values.get("figures", {}))
        entry = HistoryEntry(
            when=str(values["when"]),
            action=values["action"],
            version=str(values["version"]),
            before=values["from"],
            reason=str(values["reason"]),
            by=str(values["by"]),
            figures={str(name): finite_number(value) for name, value in figures.items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}, line {number}, is damaged: {error!r}") from error
    if not isinstance(entry.before, str | None):
        raise ConfigError(f"{path}, line {number}: expected a version as from, or null")
    if entry.action not in get_args(Action):
        known = ", ".join(get_args(Action))
        raise ConfigError(f"{path}, line {number}: expected {known}, got {entry.action!r}")
    return entry
