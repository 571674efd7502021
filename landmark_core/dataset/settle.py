"""Decide what each content shows, where files, negatives and reviews may disagree.

One content (equal bytes) is one photo, however many files hold it. What a person decided in a
review wins over folders; where two labels of equal weight remain, the photo is left out and listed.
Pure.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from landmark_core.dataset.find import FoundPhoto
from landmark_core.dataset.layout import Given
from landmark_core.dataset.reading import Seen
from landmark_core.errors import PhotoFailure
from landmark_core.records import LabelledPhoto


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One file that cannot be used."""

    uri: str
    label: int  # index into the class names, or OTHER
    status: PhotoFailure
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One content with several labels, none of which counts more."""

    digest: str
    uris: tuple[str, ...]
    labels: tuple[int, ...]  # ascending


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The photos that can be used, and what became of the others."""

    photos: tuple[LabelledPhoto, ...]  # in the order of their digests
    given: tuple[Given | None, ...]  # side of each photo, where DATA comes split
    broken: tuple[Broken, ...]
    conflicts: tuple[Conflict, ...]
    duplicates: int  # files beyond the first of each content
    across: int  # contents in train/ as well as in test/ or validation/; the latter counts
    overruled: int  # contents where a review says something else than the folder
    changed: int  # reviewed files whose bytes are others than the person saw
    gone: int  # reviewed files that cannot be fetched any more


def settle(found: Sequence[FoundPhoto], seen: Sequence[Seen]) -> Settled:
    """Merge files into contents with one label each.

    Args:
        found: files with labels.
        seen: what reading each of them told; row i belongs to found[i].
    """
    copies: dict[str, list[FoundPhoto]] = defaultdict(list)
    broken, changed, gone = [], 0, 0
    for file, outcome in zip(found, seen, strict=True):
        reviewed = file.source == "reviews"
        if outcome.failure is not None and reviewed and outcome.digest is None:
            gone += 1
        elif reviewed and outcome.digest != file.digest:
            changed += 1
        elif outcome.failure is not None:
            broken.append(_broken(file, outcome.failure.status, outcome.failure.reason))
        elif outcome.digest is not None:
            copies[outcome.digest].append(file)
    chosen = {digest: _choose(files) for digest, files in sorted(copies.items())}
    usable = {digest: file for digest, file in chosen.items() if file is not None}
    return Settled(
        photos=tuple(
            LabelledPhoto(ref=file.ref, label=file.label, digest=digest, source=file.source)
            for digest, file in usable.items()
        ),
        given=tuple(_given(copies[digest]) for digest in usable),
        broken=tuple(broken),
        conflicts=tuple(
            _conflict(digest, copies[digest]) for digest, file in chosen.items() if file is None
        ),
        duplicates=sum(_files(files) - 1 for files in copies.values()),
        across=sum(_lies_across(files) for files in copies.values()),
        overruled=sum(_is_overruled(copies[digest], file) for digest, file in usable.items()),
        changed=changed,
        gone=gone,
    )


def _choose(files: Sequence[FoundPhoto]) -> FoundPhoto | None:
    """Return the file whose label counts; null where several labels do."""
    reviewed = [file for file in files if file.source == "reviews"]
    counting = reviewed or files
    if len({file.label for file in counting}) > 1:
        return None
    return min(counting, key=lambda file: file.ref.uri)


def _given(files: Sequence[FoundPhoto]) -> Given | None:
    """Return the side furthest from training: a test photo must not be learnt from."""
    sides = {file.given for file in files}
    order: tuple[Given, ...] = ("test", "validation", "train")
    return next((side for side in order if side in sides), None)


def _lies_across(files: Sequence[FoundPhoto]) -> bool:
    """Whether folders put a content on several sides; a review has none."""
    return len({file.given for file in files if file.given is not None}) > 1


def _files(files: Sequence[FoundPhoto]) -> int:
    """Count files: a review of a file in DATA is no second file."""
    return len({file.ref.photo_id for file in files})


def _is_overruled(files: Sequence[FoundPhoto], chosen: FoundPhoto) -> bool:
    others = {file.label for file in files if file.source != "reviews"}
    return chosen.source == "reviews" and bool(others - {chosen.label})


def _conflict(digest: str, files: Sequence[FoundPhoto]) -> Conflict:
    return Conflict(
        digest=digest,
        uris=tuple(sorted({file.ref.uri for file in files})),
        labels=tuple(sorted({file.label for file in files})),
    )


def _broken(file: FoundPhoto, status: PhotoFailure, reason: str) -> Broken:
    return Broken(uri=file.ref.uri, label=file.label, status=status, reason=reason)
