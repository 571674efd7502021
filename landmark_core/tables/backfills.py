"""The records of backfills (stand-in until claims land)."""

import dataclasses
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow.parquet as pq

from landmark_core.errors import ConfigError
from landmark_core.records import Shard
from landmark_core.tables.ledger import WorkKey
from landmark_core.tables.store import Store, plan_name


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRecord:
    """One backfill."""

    run_id: str
    created_at: datetime
    settings: dict[str, Any]
    key: WorkKey
    model: dict[str, Any]
    shards: int
    photos: int
    plan: dict[str, Any]
    estimate: dict[str, Any]


def write_backfill(store: Store, record: BackfillRecord) -> None:
    """Write."""
    value = dataclasses.asdict(record)
    value["created_at"] = record.created_at.isoformat()
    store._place.put(f"runs/{record.run_id}.backfill.json", json.dumps(value).encode())


def read_backfill(store: Store, run_id: str) -> BackfillRecord:
    """Read."""
    try:
        value = json.loads(store._place.get(f"runs/{run_id}.backfill.json"))
    except FileNotFoundError as error:
        raise ConfigError(f"no backfill {run_id} in {store.out}") from error
    value["created_at"] = datetime.fromisoformat(value["created_at"])
    value["key"] = WorkKey(**value["key"])
    return BackfillRecord(**value)


def list_backfills(store: Store) -> list[str]:
    """List."""
    names = store._place.list_names("runs")
    return [m[1] for n in names if (m := re.fullmatch(r"runs/(.+)\.backfill\.json", n))]


def list_open_backfills(store: Store) -> list[str]:
    """List open."""
    return [r for r in list_backfills(store) if not store.is_finished(r)]


def read_shards(store: Store, run_id: str) -> tuple[Shard, ...]:
    """Shards."""
    with store.open(plan_name(run_id)) as file, pq.ParquetFile(file) as plan:
        meta = plan.metadata
        return tuple(
            Shard(run_id=run_id, number=n, photos=meta.row_group(n).num_rows)
            for n in range(meta.num_row_groups)
        )
