"""Divide photos into training, validation and test so that nothing leaks and nothing moves.

The hash of a photo's content gives its slot, one of 20; near-duplicates share the slot of their
group. Slots are kept in a ledger, so a photo never changes sides when photos are added or removed.

    slots 0-2 test (15 %), 3-5 validation (15 %), 6-19 training; fold of k: slot * k // 20

A new photo takes the slot of the group that it joins. Where it joins two groups whose slots differ,
nothing moves: of such a group only the side furthest from training is used, and the others are
quarantined. Photos from a test/ or validation/ folder stay there; then the photos of DATA do not
fill that side by their slots any more, but negatives do, or the test would have none. Pure.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from landmark_core.errors import ConfigError

if TYPE_CHECKING:
    from landmark_core.dataset.dataset import Dataset

Numbers = NDArray[np.int64]
Side = Literal["training", "validation", "test"]

SLOTS = 20
TEST_SLOTS = range(3)
VALIDATION_SLOTS = range(3, 6)
_RANK: dict[Side, int] = {"test": 0, "validation": 1, "training": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """Numbers of the photos on each side, ascending: int64 (n,)."""

    train: Numbers
    validation: Numbers
    test: Numbers
    quarantined: Numbers  # near-duplicates of photos on a side further from training


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Numbers of the photos that one model learns from, and of those that judge it."""

    train: Numbers
    held_out: Numbers


def slot_of(digest: str) -> int:
    """Return the slot of a content by itself.

    Args:
        digest: SHA-256 in hex; its bits are evenly spread, so the slots are too.
    """
    return int(digest, 16) % SLOTS


def assign_slots(
    digests: Sequence[str], groups: Sequence[int], ledger: Mapping[str, int]
) -> tuple[int, ...]:
    """Return the slot of each photo; those of the ledger keep theirs.

    Args:
        digests: of the photos.
        groups: equal numbers mark near-duplicates.
        ledger: slots given before.
    """
    members: dict[int, list[str]] = defaultdict(list)
    for digest, group in zip(digests, groups, strict=True):
        members[group].append(digest)
    joined = {
        # The lowest known slot is the furthest from training; a new group has that of its first.
        group: min((ledger[d] for d in some if d in ledger), default=slot_of(min(some)))
        for group, some in members.items()
    }
    return tuple(
        ledger.get(digest, joined[group]) for digest, group in zip(digests, groups, strict=True)
    )


def divide(dataset: "Dataset") -> Division:
    """Divide a dataset once.

    Raises:
        ConfigError: a side would have no photo of a landmark.
    """
    division = divide_by(sides_of(dataset), dataset.groups)
    for name, numbers in (
        ("training", division.train),
        ("validation", division.validation),
        ("test", division.test),
    ):
        if not (dataset.labels[numbers] >= 0).any():
            raise ConfigError(
                f"no landmark photo falls to {name}: {len(dataset.photos)} photos are too few to "
                "divide by their hash; add photos, or train with --folds 3"
            )
    return division


def sides_of(dataset: "Dataset") -> tuple[Side, ...]:
    """Return the side that each photo belongs to, before near-duplicates are quarantined."""
    return choose_sides(
        dataset.slots,
        given_test=dataset.given_test,
        given_validation=dataset.given_validation,
        negatives=[photo.source == "negatives" for photo in dataset.photos],
    )


def choose_sides(
    slots: Sequence[int],
    *,
    given_test: frozenset[int],
    given_validation: frozenset[int],
    negatives: Sequence[bool],
) -> tuple[Side, ...]:
    """Return the side of each photo by its folder, where that is given, else by its slot.

    Args:
        slots: of the photos.
        given_test: numbers of photos from a test folder.
        given_validation: numbers of photos from a validation folder.
        negatives: which photos come from --negatives; they are never given.
    """

    def side_of(number: int) -> Side:
        slot = slots[number]
        if number in given_test:
            return "test"
        if number in given_validation:
            return "validation"
        if slot in TEST_SLOTS and (negatives[number] or not given_test):
            return "test"
        if slot in VALIDATION_SLOTS and (negatives[number] or not given_validation):
            return "validation"
        return "training"

    return tuple(side_of(number) for number in range(len(slots)))


def divide_by(sides: Sequence[Side], groups: Sequence[int]) -> Division:
    """Divide by sides; of each group only the side furthest from training stays."""
    furthest: dict[int, Side] = {}
    for side, group in zip(sides, groups, strict=True):
        furthest[group] = min(furthest.get(group, side), side, key=_RANK.__getitem__)
    kept: dict[Side | None, list[int]] = defaultdict(list)
    for number, (side, group) in enumerate(zip(sides, groups, strict=True)):
        kept[side if furthest[group] == side else None].append(number)
    return Division(
        train=_numbers(kept["training"]),
        validation=_numbers(kept["validation"]),
        test=_numbers(kept["test"]),
        quarantined=_numbers(kept[None]),
    )


def deal_folds(dataset: "Dataset", k: int) -> tuple[Fold, ...]:
    """Deal photos into k folds; each photo is held out once, given test photos never.

    Args:
        dataset: its photos from a test folder, and near-duplicates of those, are not used.
        k: 2..20.

    Raises:
        ConfigError: k is out of range, or a fold would have no photo of a landmark to learn from
            or to judge by.
    """
    if not 2 <= k <= SLOTS:
        raise ConfigError(f"--folds must be in 2..{SLOTS}, got {k}")
    folds = deal_by(dataset.slots, dataset.groups, dataset.given_test, k)
    for fold in folds:
        for numbers in (fold.train, fold.held_out):
            if not (dataset.labels[numbers] >= 0).any():
                raise ConfigError(
                    f"--folds {k} leaves a fold without a landmark photo: {len(dataset.photos)} "
                    "photos are too few; add photos, or take fewer folds"
                )
    return folds


def deal_by(
    slots: Sequence[int], groups: Sequence[int], given_test: frozenset[int], k: int
) -> tuple[Fold, ...]:
    """Deal by slots: nothing is learnt from near-duplicates of what is held out or given."""
    barred = {groups[number] for number in given_test}
    fold_of = [slot * k // SLOTS for slot in slots]
    usable = [number for number in range(len(slots)) if groups[number] not in barred]
    folds = []
    for fold in range(k):
        held_out = [number for number in usable if fold_of[number] == fold]
        touched = {groups[number] for number in held_out}
        train = [number for number in usable if groups[number] not in touched]
        folds.append(Fold(train=_numbers(train), held_out=_numbers(held_out)))
    return tuple(folds)


def _numbers(values: Iterable[int]) -> Numbers:
    return np.array(list(values), np.int64)
