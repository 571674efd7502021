"""What people said of the photos of a catalogue, as columns: for filters and counts. Pure.

The columns follow the decisions: each photo is set anew whenever something is said of it.
"""

from collections.abc import Iterable
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from landmark_core.finding import fold, spelled_like
from landmark_core.review.catalogue import REVIEW, Catalogue
from landmark_core.review.decisions import DecisionLog
from landmark_core.review.standing import PhotoReviews, was_right

Flags = NDArray[np.bool_]
Codes = NDArray[np.int32]

NO_TAG = -1
_AUDITED: dict[bool, Literal[1, 2]] = {True: 1, False: 2}  # 0: not by way of the audit
_AT_ONCE = 65_536


class People:
    """Columns of N photos, by their numbers in the catalogue, and the tags that they name."""

    def __init__(self, catalogue: Catalogue, further_tags: Iterable[str] = ()) -> None:
        """Start with nothing said.

        Args:
            catalogue: N photos.
            further_tags: such as a person may give, beside those that the catalogue has.
        """
        count = len(catalogue)
        self._catalogue = catalogue
        self.settled: Flags = np.zeros(count, np.bool_)
        self.skipped: Flags = np.zeros(count, np.bool_)
        self.disagree: Flags = np.zeros(count, np.bool_)
        self.tag: Codes = np.full(count, NO_TAG, np.int32)  # what a person said
        self._audited = np.zeros(count, np.int8)
        self._codes: dict[str, int] = {}
        self._spellings: dict[str, list[str]] = {}  # of each tag, by its letters
        for tag in (*catalogue.tags, *further_tags):
            self._learn(tag)

    def code_of(self, tag: str) -> int | None:
        """Return the number of a tag; null where nobody knows it."""
        return self._codes.get(tag)

    def codes_of(self, tag: str) -> list[int]:
        """Return the numbers of all spellings of a tag: they are one landmark."""
        return [self._codes[one] for one in self._spellings.get(fold(tag), ())]

    def spelled(self, tag: str) -> str:
        """Return a tag as it is spelled already, whatever its case, accents and signs."""
        return spelled_like(tag, self._spellings)

    def waiting(self) -> Flags:
        """Return which photos wait for a person, as `landmarks status` counts them: (N,)."""
        return np.asarray((self._catalogue.decision == REVIEW) & ~self.settled)

    def unasked(self) -> Flags:
        """Return which photos wait and nobody has skipped: (N,)."""
        return np.asarray(self.waiting() & ~self.skipped)

    def audit(self) -> tuple[int, int]:
        """Return how many photos of the audit were checked, and how many of them were wrong."""
        counts = np.bincount(self._audited, minlength=3)
        return int(counts[1] + counts[2]), int(counts[2])

    def tags(self) -> list[tuple[str, int]]:
        """Return all known tags with the photos that have each now, most first."""
        now = np.where(self.settled, self.tag, self._catalogue.tag)
        counts = np.bincount(now[now >= 0], minlength=len(self._codes))
        found = [(tag, int(counts[code])) for tag, code in self._codes.items()]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def set(self, number: int, reviews: PhotoReviews) -> None:
        """Take over what stands of one photo."""
        settled = reviews.settled
        self.settled[number] = settled is not None
        self.skipped[number] = settled is None and reviews.skipped is not None
        self.disagree[number] = reviews.disagree
        tag = settled.tag if settled else None
        self.tag[number] = NO_TAG if tag is None else self._learn(tag)
        by_audit = settled is not None and settled.shown_by == "audit"
        self._audited[number] = _AUDITED[was_right(settled)] if settled and by_audit else 0

    def load(self, log: DecisionLog) -> None:
        """Take over what stands of all photos."""
        rows = self._catalogue.rows
        said = pa.array(log.photo_ids(), pa.string())
        numbers = np.flatnonzero(pc.is_in(rows["photo_id"], value_set=said).to_numpy())
        for start in range(0, len(numbers), _AT_ONCE):
            some = numbers[start : start + _AT_ONCE]
            versions = self._catalogue.versions(some)
            for number, (photo_id, version) in zip(some.tolist(), versions, strict=True):
                self.set(number, log.photo(photo_id, version))

    def _learn(self, tag: str) -> int:
        """Return the number of a tag, a new one where it was never seen."""
        if tag not in self._codes:
            self._codes[tag] = len(self._codes)
            self._spellings.setdefault(fold(tag), []).append(tag)
        return self._codes[tag]
