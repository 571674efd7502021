"""The tables of OUT: schema, atomic parts, what is missing, what is current."""

from landmark_core.tables.ledger import Counts, WorkKey
from landmark_core.tables.plan import Plan, count_work, plan_run, read_shard, shard_sizes
from landmark_core.tables.schema import (
    REVIEWS_SCHEMA,
    TAGS_SCHEMA,
    check_schema,
    rows_to_table,
    table_to_rows,
)
from landmark_core.tables.store import RunFile, Store, heatmap_path, new_run_id

__all__ = [
    "REVIEWS_SCHEMA",
    "TAGS_SCHEMA",
    "Counts",
    "Plan",
    "RunFile",
    "Store",
    "WorkKey",
    "check_schema",
    "count_work",
    "heatmap_path",
    "new_run_id",
    "plan_run",
    "read_shard",
    "rows_to_table",
    "shard_sizes",
    "table_to_rows",
]
