"""One run from SOURCE to commit marker: check, lock, plan, tag the shards, write the run file.

`tag_library` does all of it in this process; `open_run` lends the pieces to a flow, which hands
the shards out by itself. Whatever dies in between, the next run does what is missing.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from landmark_core import __version__
from landmark_core.addresses import clean_text, without_secrets
from landmark_core.config import TagConfig, settings_to_keep
from landmark_core.errors import ConfigError, RunError
from landmark_core.library import Listing, open_listing, warm_up_workers
from landmark_core.records import PhotoRef, Shard
from landmark_core.report import (
    PlanSummary,
    RunSummary,
    ShardReport,
    add_confidences,
    add_counts,
    add_failures,
    add_stages,
    add_tags,
)
from landmark_core.report_text import to_json
from landmark_core.since import open_window
from landmark_core.tables import Counts, Plan, Store, WorkKey, count_work, new_run_id, plan_run
from landmark_core.tagging.places import check_nesting, is_out, is_same_place

if TYPE_CHECKING:
    from landmark_core.tagging.runner import Tagger

logger = logging.getLogger(__name__)


class Progress(Protocol):
    """What a run tells while it goes; the command line draws bars from it."""

    def listed(self, photos: int) -> None:
        """More photos were found in SOURCE."""

    def planned(self, photos: int) -> None:
        """So many photos will be tagged."""

    def tagged(self, photos: int) -> None:
        """More photos have been tagged."""


class NoProgress:
    """Tells nobody."""

    def listed(self, photos: int) -> None:
        """Do nothing."""

    def planned(self, photos: int) -> None:
        """Do nothing."""

    def tagged(self, photos: int) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A planned run that holds the lock of its OUT."""

    config: TagConfig
    run_id: str
    store: Store
    tagger: Tagger
    plan: PlanSummary
    shards: tuple[Shard, ...]
    started_at: datetime
    planned_at: datetime

    def finish(self, reports: Sequence[ShardReport]) -> RunSummary:
        """Add the shards up and write the run file, the commit marker.

        Raises:
            RunError: if a shard is missing, or OUT cannot be written.
        """
        if len(reports) != len(self.shards):
            raise RunError(f"expected {len(self.shards)} shards, got reports of {len(reports)}")
        summary = RunSummary(
            run_id=self.run_id,
            version=__version__,
            started_at=self.started_at,
            finished_at=datetime.now(UTC),
            settings=settings_to_keep(self.config),
            plan=self.plan,
            model=self.tagger.identity,
            counts=add_counts(report.counts for report in reports),
            tags=add_tags(reports),
            failures=add_failures(reports),
            stages=add_stages(report.stages for report in reports),
            confidences=add_confidences(report.confidences for report in reports),
            start_seconds=(self.planned_at - self.started_at).total_seconds(),
            machine=self.tagger.machine,
        )
        self.store.write_run(self.run_id, to_json(summary))
        return summary


def tag_library(
    config: TagConfig, progress: Progress | None = None, *, wait_s: float = 0.0
) -> RunSummary:
    """Tag what is missing of a library, shard after shard, in this process.

    A shard that fails does not keep the others from being done.

    Raises:
        ConfigError: if SOURCE, OUT, the model or a setting is wrong; nothing was tagged.
        RunError: if OUT or the device fails, or shards failed; finished shards are kept.
    """
    progress = progress or NoProgress()
    with open_run(config, progress, wait_s=wait_s) as run:
        reports: list[ShardReport] = []
        failed: list[str] = []
        for shard, after in itertools.zip_longest(run.shards, run.shards[1:]):
            try:
                reports.append(run.tagger.tag_shard(shard, progress.tagged, after=after))
            except RunError:  # OUT or the device is gone: the next shard would fail too
                raise
            except Exception as error:
                logger.debug("shard %d failed", shard.number, exc_info=True)
                failed.append(clean_text(f"shard {shard.number}: {type(error).__name__}: {error}"))
        if failed:
            raise shards_failed(failed, len(run.shards))
        return run.finish(reports)


def shards_failed(failed: Sequence[str], total: int) -> RunError:
    """Return the error that says which shards failed and what to do."""
    return RunError(
        f"{len(failed)} of {total} shards failed ({failed[0]}); the others are kept, "
        "run the same command again to do the missing ones"
    )


@contextlib.contextmanager
def open_run(config: TagConfig, progress: Progress, *, wait_s: float = 0.0) -> Iterator[OpenRun]:
    """Check everything, lock OUT, freeze the plan; lend the run.

    Args:
        config: of the run.
        progress: told what is listed and planned.
        wait_s: seconds to wait for another run that is writing to OUT.

    Raises:
        ConfigError: if SOURCE, OUT, the model or a setting is wrong.
        RunError: if another run is writing to OUT, or OUT fails.
    """
    started_at = datetime.now(UTC)
    store = Store(config.out)
    listing, photos = open_photos(config, store, progress, started_at)
    store.check_writable()
    if config.workers != 0:
        warm_up_workers()  # they import torch while this process does
    from landmark_core.tagging.lending import open_tagger  # torch: once SOURCE and OUT are fine

    with store.lock(wait_s), open_tagger(config) as tagger:
        plan = plan_missing(config, store, photos, tagger.key, started_at)
        progress.planned(plan.counts.to_do)
        yield OpenRun(
            config=config,
            run_id=plan.run_id,
            store=store,
            tagger=tagger,
            plan=summarise_plan(listing, plan.counts, len(plan.shards)),
            shards=plan.shards,
            started_at=started_at,
            planned_at=datetime.now(UTC),
        )


def plan_missing(
    config: TagConfig, store: Store, photos: Iterator[PhotoRef], key: WorkKey, now: datetime
) -> Plan:
    """Sweep OUT, which is held, and freeze what is missing as the plan of a new run."""
    store.sweep()
    return plan_run(
        store,
        photos,
        run_id=new_run_id(now, random.Random()),  # noqa: S311 - a name, not a secret
        key=key,
        shard_size=config.shard_size,
        retry_failed=config.retry_failed,
        limit=config.limit,
    )


def preview(config: TagConfig, progress: Progress | None = None) -> PlanSummary:
    """Say what a run would do; nothing is written, OUT need not exist.

    Raises:
        ConfigError: if SOURCE, the model or a setting is wrong.
    """
    from landmark_core.model import load_model

    store = Store(config.out)
    listing, photos = open_photos(config, store, progress or NoProgress(), datetime.now(UTC))
    model = load_model(config.model, classes=config.classes, sha256=config.model_sha256)
    counts = count_work(
        store,
        photos,
        key=WorkKey(model_id=model.model_id, preprocess_id=model.preprocess_id),
        retry_failed=config.retry_failed,
        limit=config.limit,
    )
    return summarise_plan(listing, counts, shards=0)


def open_photos(
    config: TagConfig, store: Store, progress: Progress, now: datetime
) -> tuple[Listing, Iterator[PhotoRef]]:
    """Open SOURCE; its photos are still to be read, and progress is told of each.

    Raises:
        ConfigError: if SOURCE is wrong, or holds no photo, or OUT is mixed up with another one.
    """
    check_nesting(config.out, store)
    listing = open_listing(
        config.source,
        include=config.include,
        exclude=config.exclude,
        follow_links=config.follow_links,
        skip=store.own_places,  # OUT may lie within SOURCE: its heatmaps are no photos
        window=open_window(config.since, config.time_zone, now),
    )
    return listing, _tell(_at_least_one(listing, config), progress)


def _at_least_one(listing: Listing, config: TagConfig) -> Iterator[PhotoRef]:
    """Return the listing's photos, having seen that there is one.

    A night without uploads is no mistake: with --since there may be none, where older photos or
    partitions show that SOURCE is right.

    Raises:
        ConfigError: if there is none.
    """
    photos = iter(listing)
    first = next(photos, None)
    if first is not None:
        return itertools.chain((first,), photos)
    if listing.counts.older or listing.counts.partitions:
        return photos
    source = without_secrets(config.source)
    if is_out(config.source) and not is_same_place(config.source, config.out):
        raise ConfigError(
            f"SOURCE {source} is an OUT of landmarks (it holds tags and runs, and no photos); did "
            "you swap SOURCE and --out?"
        )
    seen = f"{listing.counts.not_photos} other files"
    if listing.counts.excluded:
        seen += f", {listing.counts.excluded} left out by --include and --exclude"
    raise ConfigError(f"no photos in {source} ({seen}); name a folder that holds photos")


def _tell(photos: Iterable[PhotoRef], progress: Progress) -> Iterator[PhotoRef]:
    for photo in photos:
        progress.listed(1)
        yield photo


def summarise_plan(listing: Listing, counts: Counts, shards: int) -> PlanSummary:
    """Say what a listing, read to its end, came to."""
    return PlanSummary(
        listed=counts.listed,
        not_photos=listing.counts.not_photos,
        links_not_followed=listing.counts.links_not_followed,
        excluded=listing.counts.excluded,
        unreadable_folders=listing.counts.unreadable_folders,
        older=listing.counts.older,
        duplicates=counts.duplicates,
        already_done=counts.already_done,
        failed_before=counts.failed_remembered,
        claimed=counts.claimed,
        to_do=counts.to_do,
        retried=counts.retried,
        shards=shards,
    )
