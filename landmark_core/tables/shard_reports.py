"""A part carries the report of the shard that made it, in its Parquet metadata.

So a shard that is handed out twice is done once, and a backfill that many processes work on is
added up from what they left, without anything beside the tables.
"""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from landmark_core.errors import RunError
from landmark_core.json_text import parse_json
from landmark_core.records import Shard
from landmark_core.report import ShardReport
from landmark_core.report_json import shard_report_from_json, shard_report_to_json
from landmark_core.tables.limits import MOST_JSON
from landmark_core.tables.names import part_name, shard_of_part
from landmark_core.tables.store import Store

REPORT_KEY = b"landmarks.shard"  # in a part's key-value metadata


def with_report(table: pa.Table, report: ShardReport) -> pa.Table:
    """Return the rows of a shard with its report in their metadata."""
    text = json.dumps(shard_report_to_json(report), ensure_ascii=True)
    return table.replace_schema_metadata({**(table.schema.metadata or {}), REPORT_KEY: text})


def find_report(store: Store, shard: Shard) -> ShardReport | None:
    """Return what a shard reported when it was done; null where its part is not there.

    Raises:
        RunError: if the part is there and says nothing of its shard, or cannot be read.
    """
    if not store.part_exists(shard.run_id, shard.number):
        return None
    name = part_name(shard.run_id, shard.number)
    try:
        with store.open(name) as file, pq.ParquetFile(file) as part:
            metadata: Mapping[bytes, bytes] = part.schema_arrow.metadata or {}
            return shard_report_from_json(_value(metadata))
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"{store.out}/{name}: expected a part with the report of its shard "
            f"({type(error).__name__}); move it away, and its shard is done again"
        ) from error


def _value(metadata: Mapping[bytes, bytes]) -> Any:
    return parse_json(metadata[REPORT_KEY], most=MOST_JSON)


def list_done_shards(store: Store, run_id: str) -> frozenset[int]:
    """Return the numbers of a run's shards whose parts are there, by one listing."""
    return frozenset(shard_of_part(name) for name in store.list_run_parts(run_id))
