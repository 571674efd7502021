"""Do the shards of an open backfill: what any engine calls, wherever it runs.

Only OUT, a run id and numbers come in, and counts go out. Settings come from the record, so that
every executor works alike; the part says what was done, so that a shard that an engine hands out
twice is done once.
"""

import dataclasses
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from landmark_core.addresses import clean_text, is_secret
from landmark_core.config import TagConfig, config_from_settings
from landmark_core.errors import ConfigError, LandmarkError, RunError
from landmark_core.records import Shard
from landmark_core.report import ShardReport
from landmark_core.tables import (
    BackfillRecord,
    Store,
    list_done_shards,
    read_backfill,
    read_shards,
)
from landmark_core.tagging import close_lent_tagger, lent_key, tag_shard

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardFailure:
    """A shard that could not be done, and why."""

    shard: int
    reason: str  # one line


def remaining_shards(store: Store, run_id: str) -> tuple[Shard, ...]:
    """Return the shards of a backfill whose part is not there yet, in order.

    Raises:
        RunError: if its plan is gone or broken.
    """
    done = list_done_shards(store, run_id)
    return tuple(shard for shard in read_shards(store, run_id) if shard.number not in done)


def tag_backfill_shard(out: str, run_id: str, number: int) -> ShardReport:
    """Tag one shard, or return the report of whoever has done it.

    Raises:
        ConfigError: if there is no such backfill, or the model has changed since it was planned.
        ShardError: if the shard cannot be done, or the backfill was closed.
        RunError: if OUT or the device fails; a further call begins anew.
    """
    record, config = _look_up(out, run_id)
    shard = _shards(out, run_id)[number]
    try:
        if (key := lent_key(config)) != record.key:
            raise ConfigError(
                f"backfill {run_id} was planned for model {record.key.model_id}, "
                f"{config.model} is now {key.model_id}; put the planned one back, "
                f"or end it: landmarks backfill cancel {out} {run_id}"
            )
        return tag_shard(shard, config)
    except RunError:
        close_lent_tagger()  # a process that lives on does not stay broken
        raise


def tag_backfill_shards(
    out: str,
    run_id: str,
    numbers: Sequence[int],
    on_report: Callable[[ShardReport], None] | None = None,
) -> tuple[list[ShardReport], list[ShardFailure]]:
    """Tag shards one after another; one that fails does not keep the others from being done.

    Raises:
        ConfigError: if there is no such backfill, or its model cannot be had.
    """
    reports: list[ShardReport] = []
    failures: list[ShardFailure] = []
    for number in numbers:
        try:
            reports.append(tag_backfill_shard(out, run_id, number))
        except ConfigError:
            raise
        except Exception as error:
            logger.debug("shard %d failed", number, exc_info=True)
            failures.append(ShardFailure(shard=number, reason=_one_line(error)))
        else:
            if on_report:
                on_report(reports[-1])
    return reports, failures


@lru_cache(maxsize=4)
def _look_up(out: str, run_id: str) -> tuple[BackfillRecord, TagConfig]:
    record = read_backfill(Store(out), run_id)
    config = config_from_settings(record.settings)
    if is_secret(out):  # the record has OUT without its password
        config = dataclasses.replace(config, out=out)
    return record, config


@lru_cache(maxsize=4)
def _shards(out: str, run_id: str) -> tuple[Shard, ...]:
    return read_shards(Store(out), run_id)


def _one_line(error: Exception) -> str:
    name = "" if isinstance(error, LandmarkError) else f"{type(error).__name__}: "
    return clean_text(" ".join(f"{name}{error}".split()))
