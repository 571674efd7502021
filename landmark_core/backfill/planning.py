"""Freeze the work of a backfill: SOURCE and OUT in, a plan and its record out; nothing is tagged.

The plan and the record that opens it are written while OUT is locked, so that no photo is ever in
two open plans. Planning twice finds the open backfill and makes no second one.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from landmark_core.addresses import is_secret, without_secrets
from landmark_core.backfill.estimate import Estimate, estimate_work
from landmark_core.backfill.measure import measure_rate
from landmark_core.config import TagConfig, settings_to_keep
from landmark_core.errors import ConfigError
from landmark_core.records import PhotoRef, Shard
from landmark_core.tables import (
    BackfillRecord,
    Store,
    list_open_backfills,
    read_shard,
    write_backfill,
)
from landmark_core.tagging import Progress, open_photos, open_tagger, plan_missing, summarise_plan

_SAMPLED_SHARDS, _SAMPLE = 8, 128  # photos of a measurement, spread over the plan


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What the estimate is made of."""

    photos_per_second: float | None = None  # of one process; null measures on a sample
    processes: int = 1  # that will work at once
    cost_per_hour: float | None = None  # price of one process for an hour, in any currency

    def __post_init__(self) -> None:
        prices = (("--rate", self.photos_per_second), ("--cost-per-hour", self.cost_per_hour))
        for option, value in prices:
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise ConfigError(f"{option} must be a positive number, got {value}")
        if self.processes < 1:
            raise ConfigError(f"--processes must be at least 1, got {self.processes}")


def find_backfill(out: str, source: str) -> BackfillRecord | None:
    """Return the open backfill of a SOURCE in OUT; null where there is none."""
    records = list_open_backfills(Store(out))
    plain = without_secrets(source)
    return next((record for record in records if record.settings.get("source") == plain), None)


def plan_backfill(
    config: TagConfig,
    progress: Progress,
    options: PlanOptions,
    *,
    now: datetime,
    wait_s: float = 0.0,
) -> BackfillRecord | None:
    """Plan what is missing and open the backfill; null where nothing is missing.

    Args:
        config: of the run; every executor uses it, so paths must mean the same to all of them.
        progress: told what is listed and planned.
        options: for the estimate.
        now: UTC; names the run.
        wait_s: seconds to wait for a run that is writing to OUT.

    Raises:
        ConfigError: if SOURCE, OUT, the model or a setting is wrong, or this SOURCE has an open
            backfill already.
        RunError: if another run goes on writing to OUT, or OUT fails.
    """
    store = Store(config.out)
    _refuse_keys(config)
    listing, photos = open_photos(config, store, progress, now)
    store.check_writable()
    with store.lock(wait_s), open_tagger(config) as tagger:
        if held := find_backfill(config.out, config.source):
            raise ConfigError(
                f"backfill {held.run_id} of {without_secrets(config.source)} is open; "
                f"go on with it, or end it: landmarks backfill cancel {store.out} {held.run_id}"
            )
        plan = plan_missing(config, store, _without_keys(photos), tagger.key, now)
        progress.planned(plan.counts.to_do)
        if not plan.shards:
            return None
        record = BackfillRecord(
            run_id=plan.run_id,
            created_at=now,
            settings=settings_to_keep(config),
            key=tagger.key,
            model=dataclasses.asdict(tagger.identity),
            shards=len(plan.shards),
            photos=plan.counts.to_do,
            plan=dataclasses.asdict(summarise_plan(listing, plan.counts, len(plan.shards))),
            estimate=dataclasses.asdict(_estimate(config, store, plan.shards, options)),
        )
        write_backfill(store, record)
    return record


def _refuse_keys(config: TagConfig) -> None:
    """Refuse what executors would need and no record may hold."""
    for option, place in (("--model", config.model), ("--classes", config.classes)):
        if place is not None and is_secret(place):
            raise _would_be_kept(f"{option} {without_secrets(place)}")


def _without_keys(photos: Iterable[PhotoRef]) -> Iterator[PhotoRef]:
    """Pass photos on; a signed URL would have to be kept in the plan for other processes."""
    for photo in photos:
        if photo.location != photo.uri and is_secret(photo.location):
            raise _would_be_kept(photo.uri)
        yield photo


def _would_be_kept(what: str) -> ConfigError:
    return ConfigError(
        f"{what} was given with a password or a signature, which a backfill would have to keep in "
        "OUT for its executors; give the store's own credentials to each of them, or use "
        "`landmarks tag`"
    )


def _estimate(
    config: TagConfig, store: Store, shards: Sequence[Shard], options: PlanOptions
) -> Estimate:
    rate, basis = options.photos_per_second, "given"
    if rate is None:
        sample = _sample(store, shards)
        rate = measure_rate(config, sample)
        basis = f"measured on {len(sample)} photos spread over the plan"
    return estimate_work(
        sum(shard.photos for shard in shards),
        photos_per_second=rate,
        basis=basis,
        processes=options.processes,
        cost_per_hour=options.cost_per_hour,
    )


def _sample(store: Store, shards: Sequence[Shard]) -> list[PhotoRef]:
    """Return photos from shards that lie evenly over the plan."""
    step = max(1, len(shards) // _SAMPLED_SHARDS)
    chosen = shards[::step][:_SAMPLED_SHARDS]
    each = -(-_SAMPLE // len(chosen))
    return [ref for shard in chosen for ref in read_shard(store, shard)[:each]]
