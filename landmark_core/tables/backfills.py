"""The record of a backfill: a plan that outlives the process that made it.

    runs/<run_id>.plan.parquet     its photos, one row group for each shard
    runs/<run_id>.backfill.json    this record, written after the plan: the backfill is open
    runs/<run_id>.json             the run file: the backfill is finished

While it is open, anybody may do its shards without holding OUT, and nobody else does its photos
(`claims`).
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from landmark_core.errors import ConfigError
from landmark_core.json_text import moment_of, whole_number
from landmark_core.tables.store import Store
from landmark_core.tables.work_key import WorkKey

_PLAIN_FIELDS = ("settings", "model", "plan", "estimate")
# Of one plan. Ten million photos in shards of the usual size are five thousand.
_MOST_SHARDS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRecord:
    """What was agreed when a backfill was planned; the same for all who work on it.

    The dicts are made plain JSON: tuples become lists. What JSON has no word for is a TypeError.
    """

    run_id: str
    created_at: datetime  # UTC
    settings: dict[str, Any]  # the TagConfig
    key: WorkKey  # whose rows it makes
    model: dict[str, Any]  # what is known of the model before it is loaded; may be partial
    shards: int
    photos: int
    plan: dict[str, Any]  # what the listing came to, as counts
    estimate: dict[str, Any]  # of hours and cost, and what they are reckoned from

    def __post_init__(self) -> None:
        for name in _PLAIN_FIELDS:
            object.__setattr__(self, name, json.loads(json.dumps(getattr(self, name))))


def write_backfill(store: Store, record: BackfillRecord) -> None:
    """Open a backfill; the last thing that planning does, with OUT held.

    Raises:
        RunError: if OUT is full or fails.
    """
    values = dataclasses.asdict(record)
    values["created_at"] = record.created_at.isoformat()
    store.write_json(backfill_name(record.run_id), values)


def read_backfill(store: Store, run_id: str) -> BackfillRecord:
    """Return the record of a backfill, open or finished.

    Raises:
        ConfigError: if there is none, or it is not one of ours.
    """
    name = backfill_name(run_id)
    try:
        return _to_record(store.read_json(name), run_id)
    except FileNotFoundError as error:
        planned = ", ".join(store.list_backfills()) or "none"
        raise ConfigError(
            f"{store.out} has no backfill {run_id!r}; those that were planned there: {planned}"
        ) from error
    except (ConfigError, KeyError, TypeError, ValueError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise ConfigError(
            f"{store.out}/{name} is not the record of a backfill ({reason}); restore it, or remove "
            "it to leave its photos to other runs"
        ) from error


def list_backfills(store: Store) -> list[BackfillRecord]:
    """Return all backfills, oldest first.

    Raises:
        ConfigError: if a record is broken.
    """
    return [read_backfill(store, run_id) for run_id in store.list_backfills()]


def list_open_backfills(store: Store) -> list[BackfillRecord]:
    """Return the backfills that are not finished, oldest first.

    Raises:
        ConfigError: if a record is broken.
    """
    planned = store.list_backfills()
    finished = set(store.list_finished())
    return [read_backfill(store, run_id) for run_id in planned if run_id not in finished]


def backfill_name(run_id: str) -> str:
    """Return the name of a backfill's record, relative to OUT."""
    return f"runs/{run_id}.backfill.json"


def _to_record(values: Mapping[str, Any], run_id: str) -> BackfillRecord:
    if values["run_id"] != run_id:
        raise ValueError(f"it is that of {values['run_id']!r}")
    for name in _PLAIN_FIELDS:
        if not isinstance(values[name], dict):
            raise TypeError(f"expected an object as {name!r}, got {values[name]!r}")
    key = WorkKey(**values["key"])
    if not (isinstance(key.model_id, str) and isinstance(key.preprocess_id, str)):
        raise TypeError(f"expected texts in 'key', got {str(values['key'])[:60]}")
    return BackfillRecord(
        run_id=run_id,
        created_at=moment_of(values["created_at"]),
        key=key,
        shards=whole_number(values["shards"], most=_MOST_SHARDS),
        photos=whole_number(values["photos"]),
        **{name: values[name] for name in _PLAIN_FIELDS},
    )
