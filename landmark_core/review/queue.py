"""Put the photos that wait for a person into an order.

    margin      least between the best two tags first: where the model hesitates between two
    entropy     most spread over all tags first: where it has no idea
    confidence  least sure of its best tag first
    surprise    furthest below what its class usually gets, in units of that class's spread
    diverse     one photo of each class in turn, and one of each look-alike group before a second
    newest      latest first
    audit       a fixed random order: its first n photos are a uniform sample, wherever it is made

Margin, least confidence and entropy are the three of Settles 2009, section 3.1
(http://digital.library.wisc.edu/1793/60660). Pure: columns of numbers to a permutation of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Order = Literal["margin", "entropy", "confidence", "surprise", "diverse", "newest", "audit"]
ORDERS: tuple[Order, ...] = get_args(Order)

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]

# Below this, a class is as good as certain, and a hair's breadth would look like a surprise.
_LEAST_SPREAD = 0.01
_BINS = 1000  # of confidence, so that medians are good to 0.0005
_MOST_CLASSES = 20_000  # that are counted each by itself
_CLASSES_AT_ONCE = 256
_FEWEST = 8  # photos of a class that can say what is usual for it
_QUARTILE = 0.6745  # standard deviations from the median to a quartile of the normal distribution


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QueueColumns:
    """What orders are made from: arrays of N numbers, row i of each being photo i."""

    photo: NDArray[np.uint64]  # first 64 bits of photo_id; breaks ties, so that orders repeat
    tag: NDArray[np.int32]  # code of the best tag, 0 and up
    confidence: Floats  # of the best tag; NaN where a table of another writer has none
    margin: Floats  # best minus second confidence; NaN as above
    entropy: Floats  # nats; NaN as above
    moment: Numbers  # microseconds since 1970, when the photo was modified, else tagged
    group: Numbers  # look-alikes share one; a photo without any has its own
    usual: Floats  # median confidence of the class; NaN where nothing is known
    spread: Floats  # how far below the median its confidences usually lie

    def __post_init__(self) -> None:
        counts = {name: len(getattr(self, name)) for name in self.__slots__}
        if len(set(counts.values())) > 1:
            raise ValueError(f"expected columns of one length, got {counts}")


class UsualConfidence:
    """What confidence each class usually gets, from all photos of a library, piece by piece.

    Holds 4 KB for each class, however many photos come, and at most 80 MB: the classes with the
    highest codes, those that were seen last, then have nothing usual of their own.
    """

    def __init__(self) -> None:
        self._counts = np.zeros((0, _BINS), np.uint32)
        self._all = np.zeros(_BINS, np.int64)  # photos of every class

    def add(self, tags: NDArray[np.int32], confidences: Floats) -> None:
        """Count further photos.

        Args:
            tags: (N,) codes of their best tags, 0 and up.
            confidences: (N,) in [0, 1]; NaN is left out.
        """
        known = np.isfinite(confidences)
        bins = np.clip(confidences[known] * _BINS, 0, _BINS - 1).astype(np.int64)
        self._all += np.bincount(bins, minlength=_BINS)
        own = tags[known] < _MOST_CLASSES
        self._make_room(int(tags[known][own].max(initial=-1)) + 1)
        np.add.at(self._counts, (tags[known][own], bins[own]), 1)

    def median_and_spread(self, tags: NDArray[np.int32]) -> tuple[Floats, Floats]:
        """Return what is usual for the class of each photo.

        The spread is that below the median alone, as most confidences crowd under 1: the distance
        to the lower quartile, scaled to a standard deviation. A class of fewer than 8 photos has
        nothing usual of its own; it is measured by all photos together.

        Args:
            tags: (N,) codes of the photos' best tags.

        Returns:
            (N,) medians in [0, 1] and (N,) spreads from 0; NaN where no photo was counted at all.
        """
        classes = len(self._counts)
        everything = _quartiles(self._all[None])
        # One row more for the classes that were not counted.
        quartiles = np.repeat(everything, classes + 1, axis=0)  # (C + 1, 2)
        for start in range(0, classes, _CLASSES_AT_ONCE):
            counts = self._counts[start : start + _CLASSES_AT_ONCE]
            own = counts.sum(1) >= _FEWEST
            quartiles[start : start + len(counts)][own] = _quartiles(counts[own])
        lower, middle = quartiles[np.minimum(tags, classes)].T
        return middle, (middle - lower) / np.float32(_QUARTILE)

    def _make_room(self, classes: int) -> None:
        if classes > len(self._counts):
            room = min(max(classes, 2 * len(self._counts)), _MOST_CLASSES)
            more = np.zeros((room - len(self._counts), _BINS), np.uint32)
            self._counts = np.concatenate([self._counts, more])


def arrange(columns: QueueColumns, order: Order) -> Numbers:
    """Return the numbers of the photos in the order in which a person should see them.

    Args:
        columns: what is known of N photos.
        order: one of ORDERS.

    Returns:
        (N,) a permutation; equal photos come by their ids, what has no number comes last.

    Raises:
        ValueError: if the order is none of ORDERS.
    """
    if order not in ORDERS:
        raise ValueError(f"expected one of {', '.join(ORDERS)}, got {order!r}")
    if order == "diverse":
        return _diverse(columns)
    return np.lexsort((columns.photo, _KEYS[order](columns)))


def audit_draw(photo: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return (N,) draws, uniform over 64 bits, that depend on the photos' ids alone.

    The finaliser of splitmix64 (Steele et al. 2014, https://doi.org/10.1145/2714064.2660195): no
    two ids draw the same, and ids that lie in a row draw as if by chance.
    """
    mixed = photo.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def _surprise(columns: QueueColumns) -> Floats:
    spread = np.maximum(columns.spread, np.float32(_LEAST_SPREAD))
    return np.asarray((columns.confidence - columns.usual) / spread)


def _diverse(columns: QueueColumns) -> Numbers:
    """Return the permutation: copies of a group last, classes in turn, each by margin."""
    order = arrange(columns, "margin")
    copy = _seen_before(columns.group[order])
    classes = int(columns.tag.max(initial=0)) + 1
    turn = _seen_before(copy * classes + columns.tag[order])
    return order[np.argsort(copy * len(order) + turn, kind="stable")]


def _seen_before(values: NDArray[np.integer]) -> Numbers:
    """Return for each value how often it stands further ahead: (N,)."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
    lengths = np.diff(starts, append=len(values))
    before = np.empty(len(values), np.int64)
    before[order] = np.arange(len(values)) - np.repeat(starts, lengths)
    return before


def _quartiles(counts: NDArray[np.integer]) -> Floats:
    """Return lower quartile and median of each row of counts: (C, 2); NaN where all are 0."""
    running = counts.cumsum(1, dtype=np.int64)  # (C, bins)
    total = running[:, -1:]
    bins = np.stack([(running < total * share).sum(1) for share in (0.25, 0.5)], axis=1)
    return np.where(total > 0, (bins + 0.5) / _BINS, np.nan).astype(np.float32)


# Numbers to sort by, ascending; NaN goes behind all of them.
_KEYS: dict[Order, Callable[[QueueColumns], NDArray[np.generic]]] = {
    "margin": lambda columns: columns.margin,
    "entropy": lambda columns: -columns.entropy,
    "confidence": lambda columns: columns.confidence,
    "surprise": _surprise,
    "newest": lambda columns: -columns.moment,
    "audit": lambda columns: audit_draw(columns.photo),
}
