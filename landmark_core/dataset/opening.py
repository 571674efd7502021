"""Open a dataset: find, read, settle labels, group copies, deal slots, report.

    DATA, negatives, reviews → find → read once, onto the shelf → one label per content
                             → groups of near-duplicates → slots of the ledger → Dataset

Refuses what cannot be learnt from before hours are spent on it: a training needs at least two
classes with at least two usable photos each.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from landmark_core.dataset.dataset import Dataset, digest_of
from landmark_core.dataset.find import Labelled, find_labelled
from landmark_core.dataset.groups import connect, find_links
from landmark_core.dataset.ledger import extend_ledger, read_ledger
from landmark_core.dataset.photo_cache import open_cache
from landmark_core.dataset.reading import Needs, ReadingProgress, read_photos
from landmark_core.dataset.settings import DataSettings
from landmark_core.dataset.settle import Settled, settle
from landmark_core.dataset.shelf import Shelf
from landmark_core.dataset.splits import assign_slots
from landmark_core.dataset.summary import make_report
from landmark_core.errors import ConfigError
from landmark_core.model import Preprocess, preprocess_id
from landmark_core.tables import hold_lock

LEAST_CLASSES = 2
LEAST_PHOTOS = 2  # of a class; in DATA that comes split, of its training folder


def open_dataset(
    settings: DataSettings,
    *,
    home: Path,
    preprocess: Preprocess,
    side: int,
    progress: ReadingProgress,
) -> Dataset:
    """Open the labelled photos of a training.

    Args:
        settings: where they are.
        home: folder of the split ledger and of the cache; made where missing.
        preprocess: of the model to be trained.
        side: pixels that the short side of the photos to augment has at most.
        progress: is told of photos as they are read.

    Raises:
        ConfigError: a place is missing, there is one class, or a class has too few photos.
        RunError: the disk is full, another training reads into this home, or a listing broke off.
    """
    found = find_labelled(settings, skip=(str(home),))
    check_found(found, settings.data)
    cache = home / "cache"
    with hold_lock(cache):
        ledger = read_ledger(home)
        name = f"{side}-{preprocess_id(preprocess.settings)}"
        with Shelf(cache / name, preprocess.shape) as shelf:
            refs = [file.ref for file in found.photos]
            needs = Needs(preprocess=preprocess, side=side, limits=settings.limits)
            settled = settle(found.photos, read_photos(refs, shelf, needs, progress))
            check_settled(settled, found.class_names)
            digests = [photo.digest for photo in settled.photos]
            groups = _group(shelf, digests)
            slots = assign_slots(digests, groups, ledger)
            extend_ledger(home, ledger, dict(zip(digests, slots, strict=True)))
            pixels = open_cache(shelf, digests)
    digest = digest_of(settled.photos, found.class_names)
    return Dataset(
        class_names=found.class_names,
        photos=settled.photos,
        groups=groups,
        slots=slots,
        given_test=_given(settled, "test"),
        given_validation=_given(settled, "validation"),
        digest=digest,
        report=make_report(settings.data, digest, found, settled, groups, slots),
        cache=pixels,
    )


def check_found(found: Labelled, data: str) -> None:
    """Refuse what the listing alone shows to be too little.

    Raises:
        ConfigError: naming what is missing.
    """
    names = found.class_names
    if len(names) < LEAST_CLASSES:
        raise ConfigError(
            f"{data} holds one class, {names[0]!r}; expected at least {LEAST_CLASSES} folders "
            "with photos of different landmarks"
        )
    files = Counter(file.label for file in found.photos)
    _refuse_small({name: files[label] for label, name in enumerate(names)}, "has {} in its folder")
    if found.is_split:
        training = Counter(f.label for f in found.photos if f.given not in ("test", "validation"))
        _refuse_small(
            {name: training[label] for label, name in enumerate(names)}, "has {} in train/"
        )


def check_settled(settled: Settled, class_names: Sequence[str]) -> None:
    """Refuse what reading has shown to be too little.

    Raises:
        ConfigError: naming what is missing.
    """
    if not settled.photos and settled.broken:
        first = settled.broken[0]
        raise ConfigError(
            f"none of the {len(settled.broken):,} photos can be read; for example {first.uri}: "
            f"{first.reason}"
        )
    usable = Counter(
        photo.label
        for photo, given in zip(settled.photos, settled.given, strict=True)
        if given not in ("test", "validation")
    )
    broken = Counter(file.label for file in settled.broken)
    for label, name in enumerate(class_names):
        if not usable[label] and broken[label]:
            first = next(file for file in settled.broken if file.label == label)
            raise ConfigError(
                f"no photo of class {name!r} can be read; for example {first.uri}: {first.reason}"
            )
    _refuse_small(
        {name: usable[label] for label, name in enumerate(class_names)},
        "has {} to learn from, copies, conflicts and broken files left out",
    )


def _refuse_small(photos: dict[str, int], what: str) -> None:
    small = {name: many for name, many in photos.items() if many < LEAST_PHOTOS}
    if small:
        name, many = min(small.items(), key=lambda item: item[1])
        has = what.format("no photo" if many == 0 else "1 photo" if many == 1 else f"{many} photos")
        more = f" ({len(small) - 1} more classes are as small)" if len(small) > 1 else ""
        raise ConfigError(
            f"class {name!r} {has}; expected at least {LEAST_PHOTOS}: add photos, or take the "
            f"folder away{more}"
        )


def _group(shelf: Shelf, digests: list[str]) -> tuple[int, ...]:
    """Return for each photo the number of the first photo of its group.

    All photos of the shelf are grouped, those of earlier openings too: two photos that a third
    connects stay together when the third is taken away.
    """
    known, compared = shelf.read_links()
    looks = shelf.looks()
    links = find_links(looks, known, compared)
    if compared < len(looks):
        shelf.write_links(links)
    roots = connect(len(looks), links)[shelf.rows_of(digests)]
    _, first, inverse = np.unique(roots, return_index=True, return_inverse=True)
    return tuple(int(number) for number in first[inverse])


def _given(settled: Settled, side: str) -> frozenset[int]:
    return frozenset(number for number, given in enumerate(settled.given) if given == side)
