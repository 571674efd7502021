"""The labelled photos of a training, ready to be divided and learnt from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from landmark_core.dataset.photo_cache import PhotoCache
from landmark_core.dataset.report import DataReport
from landmark_core.records import OTHER, LabelledPhoto

Numbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)  # no slots: labels are computed once
class Dataset:
    """Photos without exact copies, conflicts or broken files; a photo's number is its place."""

    class_names: tuple[str, ...]  # sorted; the index is the label
    photos: tuple[LabelledPhoto, ...]  # in the order of their digests
    groups: tuple[int, ...]  # number of the first photo of the group of near-duplicates
    slots: tuple[int, ...]  # 0..19, from the ledger; photos keep them for ever
    given_test: frozenset[int]  # numbers of photos from a test folder
    given_validation: frozenset[int]  # numbers of photos from a validation folder
    digest: str  # 16 hex digits of photos and labels
    report: DataReport
    cache: PhotoCache

    @cached_property
    def labels(self) -> Numbers:
        """Label of each photo, OTHER included: (N,)."""
        return np.array([photo.label for photo in self.photos], np.int64)


def digest_of(photos: Sequence[LabelledPhoto], class_names: Sequence[str]) -> str:
    """Return 16 hex digits that change when any photo or class name of a photo does."""
    lines = sorted(
        f"{photo.digest} {'' if photo.label == OTHER else class_names[photo.label]}"
        for photo in photos
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
