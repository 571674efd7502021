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
LEAST_SPREAD = 0.01
_BINS = 1000  # of confidence, so that medians are good to 0.0005
_FEWEST = 8  # photos of a class that can say what is usual for it
_QUARTILE = 0.6745  # standard deviations from the median to a quartile of the normal distribution


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QueueColumns:
    """What orders are made from: arrays of N numbers, row i of each being photo i."""

    photo: NDArray[np.uint64]  # first 64 bits of photo_id; breaks ties, so that orders repeat
    tag: NDArray[np.int32]  # code of the best tag
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

    Holds 4 KB for each class, however many photos come.
    """

    def __init__(self) -> None:
        self._counts = np.zeros((0, _BINS), np.uint32)

    def add(self, tags: NDArray[np.int32], confidences: Floats) -> None:
        """Count further photos.

        Args:
            tags: (N,) codes of their best tags, 0 and up.
            confidences: (N,) in [0, 1]; NaN is left out.
        """
        known = np.isfinite(confidences)
        tags = tags[known]
        classes = int(tags.max(initial=-1)) + 1
        if classes > len(self._counts):
            more = max(classes, 2 * len(self._counts)) - len(self._counts)
            self._counts = np.concatenate([self._counts, np.zeros((more, _BINS), np.uint32)])
        bins = np.clip(confidences[known] * _BINS, 0, _BINS - 1).astype(np.int64)
        np.add.at(self._counts, (tags, bins), 1)

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
        everything = self._counts.sum(0, dtype=np.uint64)
        classes = max(int(tags.max(initial=-1)) + 1, len(self._counts))
        counts = np.broadcast_to(everything, (classes, _BINS)).copy()
        own = self._counts.sum(1) >= _FEWEST
        counts[: len(self._counts)][own] = self._counts[own]
        middle, lower = _quantile(counts, 0.5), _quantile(counts, 0.25)
        return middle[tags], ((middle - lower) / _QUARTILE).astype(np.float32)[tags]


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
    if order not in _KEYS:
        raise ValueError(f"expected one of {', '.join(ORDERS)}, got {order!r}")
    return np.lexsort((columns.photo, *_KEYS[order](columns)))


def audit_draw(photo: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return (N,) draws, uniform over 64 bits, that depend on the photos' ids alone.

    The finaliser of splitmix64 (Steele et al. 2014, https://doi.org/10.1145/2714064.2660195): no
    two ids draw the same, and ids that lie in a row draw as if by chance.
    """
    mixed = photo.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def _surprise(columns: QueueColumns) -> tuple[Floats]:
    spread = np.maximum(columns.spread, np.float32(LEAST_SPREAD))
    return (((columns.confidence - columns.usual) / spread).astype(np.float32),)


def _diverse(columns: QueueColumns) -> tuple[NDArray[np.generic], ...]:
    """Return margin, then turn of the class, then how many of its group came before."""
    by_margin = arrange(columns, "margin")
    copy, turn = np.empty_like(by_margin), np.empty_like(by_margin)
    copy[by_margin] = _seen_before(columns.group[by_margin])
    _, both = np.unique(
        copy * (int(columns.tag.max(initial=0)) + 1) + columns.tag, return_inverse=True
    )
    turn[by_margin] = _seen_before(both[by_margin])
    return columns.margin, turn, copy


def _seen_before(values: NDArray[np.integer]) -> Numbers:
    """Return for each value how often it stands further ahead: (N,)."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
    lengths = np.diff(starts, append=len(values))
    before = np.empty(len(values), np.int64)
    before[order] = np.arange(len(values)) - np.repeat(starts, lengths)
    return before


def _quantile(counts: NDArray[np.uint64], share: float) -> Floats:
    """Return for each row of counts the middle of the bin that holds a quantile; NaN if empty."""
    running = counts.cumsum(1)
    total = running[:, -1]
    place = (running < total[:, None] * share).sum(1)
    middle = (place + 0.5) / _BINS
    return np.where(total > 0, middle, np.nan).astype(np.float32)


# Sort keys, the strongest last, as numpy.lexsort takes them; NaN sorts behind all numbers.
_KEYS: dict[str, Callable[[QueueColumns], tuple[NDArray[np.generic], ...]]] = {
    "margin": lambda columns: (columns.margin,),
    "entropy": lambda columns: (-columns.entropy,),
    "confidence": lambda columns: (columns.confidence,),
    "surprise": _surprise,
    "diverse": _diverse,
    "newest": lambda columns: (-columns.moment,),
    "audit": lambda columns: (audit_draw(columns.photo),),
}
