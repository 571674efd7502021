"""A library's tags → sidecars beside its photos: many at once, as fast as their folders allow.

Nothing is kept but the sidecars: a killed export is started again, finds those that say what they
should, and does the others.
"""

import itertools
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from landmark_core.errors import ConfigError
from landmark_core.export import read_standing
from landmark_core.library import is_url
from landmark_core.review import DecisionLog
from landmark_core.sidecars.bucket_folder import BucketFolder
from landmark_core.sidecars.local_folder import LocalFolder
from landmark_core.sidecars.outcome import Outcome, SidecarReport, Tally
from landmark_core.sidecars.parents import Atlas, read_atlas
from landmark_core.sidecars.targets import Target, fill, read_targets
from landmark_core.sidecars.wishes import Naming, Standing, standing_of
from landmark_core.sidecars.writing import Errand, PhotoFolder, settle_sidecar
from landmark_core.tables import Scratch, Store, open_scratch

THREADS = 8  # they wait for the disk or the store; the work itself is little
_AT_ONCE = 32  # sidecars of one folder that a thread takes; then the folder is flushed


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarSettings:
    """What goes out and how."""

    naming: Naming = "full"
    below_review: bool = False  # the model's best tag of photos that wait for a person, too
    undo: bool = False  # take away what was written before, under either name
    is_dry: bool = False
    threads: int = THREADS
    model: str | None = None  # whose card knows countries and cities, beside those that are found


def export_sidecars(
    store: Store,
    settings: SidecarSettings,
    now: datetime,
    watch: Callable[[Outcome], None] = lambda _: None,
) -> SidecarReport:
    """Write, change and remove the sidecars of all photos of OUT; photos are not touched.

    Args:
        store: OUT; only read.
        settings: what and how.
        now: UTC; decisions up to then count.
        watch: is told of each sidecar, by folder and name.

    Raises:
        ConfigError: if nothing was tagged, a table is broken, or the model cannot be read.
        RunError: if scratch room runs out, a disk is full or a bucket cannot be listed.
    """
    if not store.list_parts():
        raise ConfigError(f"nothing was tagged in {store.out}; give the --out of a run")
    if settings.threads < 1:
        raise ConfigError(f"expected at least one thread, got {settings.threads}")
    atlas = Atlas(names={}, parents={}) if settings.undo else read_atlas(store, settings.model)
    errand = Errand(atlas=atlas, undo=settings.undo, is_dry=settings.is_dry)
    namings: tuple[Naming, ...] = ("full", "stem") if settings.undo else (settings.naming,)
    tally = Tally()
    with open_scratch() as scratch:
        photos = fill(scratch, _standing(store, settings, now), namings)
        for outcomes in _work_off(scratch, errand, settings.threads):
            tally.take(outcomes)
            for outcome in outcomes:
                watch(outcome)
    return tally.report(photos)


def _standing(store: Store, settings: SidecarSettings, now: datetime) -> Iterator[Standing]:
    log = DecisionLog(store, clock=lambda: now, rng=random.Random(0))  # noqa: S311 (only reads)
    log.load()
    for photo in read_standing(store, log):
        yield standing_of(photo, below_review=settings.below_review)


def _work_off(scratch: Scratch, errand: Errand, threads: int) -> Iterator[Sequence[Outcome]]:
    """Do all sidecars, a few hundred on their way at once; yield what became of them, in order."""
    waiting: deque[Future[Sequence[Outcome]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for folder, targets in _shares(read_targets(scratch)):
                waiting.append(pool.submit(_settle_all, folder, targets, errand))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _shares(targets: Iterable[Target]) -> Iterator[tuple[PhotoFolder, tuple[Target, ...]]]:
    for path, group in itertools.groupby(targets, key=lambda target: target.folder):
        folder: PhotoFolder = BucketFolder(path) if is_url(path) else LocalFolder(path)
        while share := tuple(itertools.islice(group, _AT_ONCE)):
            yield folder, share


def _settle_all(
    folder: PhotoFolder, targets: Sequence[Target], errand: Errand
) -> Sequence[Outcome]:
    outcomes = [settle_sidecar(folder, target, errand) for target in targets]
    if not errand.is_dry and any(one.fate in ("made", "changed", "removed") for one in outcomes):
        folder.settle()
    return outcomes
