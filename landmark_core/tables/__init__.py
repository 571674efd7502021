"""The tables of OUT: schema, atomic parts, what is missing, what is current."""

from landmark_core.tables.backfills import (
    BackfillRecord,
    list_backfills,
    list_open_backfills,
    read_backfill,
    write_backfill,
)
from landmark_core.tables.compaction import (
    CompactionReport,
    CompactionSettings,
    compact,
    preview_compaction,
)
from landmark_core.tables.current import CURRENT_SCHEMA, current_tags
from landmark_core.tables.folder import DISK_IS_FULL, Folder
from landmark_core.tables.ledger import Counts
from landmark_core.tables.library_status import (
    FailureKind,
    LandmarkCount,
    LibraryStatus,
    ModelMonth,
    ModelSeen,
    MonthCount,
    RunSeen,
)
from landmark_core.tables.lock import Holder, hold_lock
from landmark_core.tables.names import heatmap_path, part_name, reviews_path
from landmark_core.tables.parts import read_ahead
from landmark_core.tables.plan import (
    Plan,
    count_work,
    plan_run,
    read_shard,
    read_shards,
    shard_sizes,
)
from landmark_core.tables.schema import (
    REVIEWS_SCHEMA,
    TAGS_SCHEMA,
    check_schema,
    rows_to_table,
    table_to_rows,
)
from landmark_core.tables.scratch import Scratch, open_scratch
from landmark_core.tables.shard_reports import find_report, list_done_shards, with_report
from landmark_core.tables.status import status_counts
from landmark_core.tables.store import RunFile, Store, new_run_id, to_parquet
from landmark_core.tables.work_key import WorkKey

__all__ = [
    "CURRENT_SCHEMA",
    "DISK_IS_FULL",
    "REVIEWS_SCHEMA",
    "TAGS_SCHEMA",
    "BackfillRecord",
    "CompactionReport",
    "CompactionSettings",
    "Counts",
    "FailureKind",
    "Folder",
    "Holder",
    "LandmarkCount",
    "LibraryStatus",
    "ModelMonth",
    "ModelSeen",
    "MonthCount",
    "Plan",
    "RunFile",
    "RunSeen",
    "Scratch",
    "Store",
    "WorkKey",
    "check_schema",
    "compact",
    "count_work",
    "current_tags",
    "find_report",
    "heatmap_path",
    "hold_lock",
    "list_backfills",
    "list_done_shards",
    "list_open_backfills",
    "new_run_id",
    "open_scratch",
    "part_name",
    "plan_run",
    "preview_compaction",
    "read_ahead",
    "read_backfill",
    "read_shard",
    "read_shards",
    "reviews_path",
    "rows_to_table",
    "shard_sizes",
    "status_counts",
    "table_to_rows",
    "to_parquet",
    "with_report",
    "write_backfill",
]
