"""Merge the small parts of many nights into few files, as a Prefect flow with an artifact.

The same work as `landmarks compact`. Safe beside runs and readers, and to kill at any moment.
"""

import random
from datetime import UTC, datetime

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from flows.parameters import CompactParameters
from flows.shards import use_storage_block
from landmark_core.addresses import without_secrets
from landmark_core.compaction_text import compaction_to_markdown, compaction_to_text
from landmark_core.tables import CompactionReport, CompactionSettings, Store, compact


# NO_CACHE: what is done stands in OUT. No retries: the next compaction goes on from there.
@task(name="compact", cache_policy=NO_CACHE)
def compact_store(params: CompactParameters) -> CompactionReport:
    """Merge, wait, remove."""
    settings = CompactionSettings(
        older_than_h=params.older_than_hours,
        grace_s=params.grace_seconds,
        target_rows=params.target_rows,
        wait_s=60 * params.wait_minutes,
    )
    rng = random.Random()  # noqa: S311 - a name, not a secret
    return compact(Store(params.out), settings, now=lambda: datetime.now(UTC), rng=rng)


@flow(name="compact-tables")
def compact_tables(params: CompactParameters) -> CompactionReport:
    """Merge the small parts of a library; every row stays, readers may go on."""
    use_storage_block(params.storage_block)
    report = compact_store(params)
    out = without_secrets(params.out)  # what is shown goes to Prefect's database
    get_run_logger().info("%s", compaction_to_text(report, out))
    create_markdown_artifact(
        key="compact-tables",
        markdown=compaction_to_markdown(report, out),
        description=f"{report.parts_before:,} parts are {report.parts_after:,} now",
    )
    return report
