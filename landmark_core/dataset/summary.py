"""Count what became of the photos of a dataset: found, settled and divided → its report. Pure."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from landmark_core.dataset.find import Labelled
from landmark_core.dataset.report import (
    BrokenFile,
    ClassCount,
    DataReport,
    Disagreement,
    IgnoredCount,
    ReviewCount,
)
from landmark_core.dataset.settle import Settled
from landmark_core.dataset.splits import Division, choose_sides, divide_by
from landmark_core.records import OTHER, LabelledPhoto


def make_report(
    data: str,
    digest: str,
    found: Labelled,
    settled: Settled,
    groups: Sequence[int],
    slots: Sequence[int],
) -> DataReport:
    """Return the report of a dataset.

    Args:
        data: as the user typed it.
        digest: of the dataset.
        found: files with labels.
        settled: what became of them.
        groups: number of the first photo of each photo's group.
        slots: of the photos.
    """
    photos = settled.photos
    division = _divide(settled, groups, slots)
    sizes = [size for size in Counter(groups).values() if size > 1]
    names = (*found.class_names, None)  # None also stands at OTHER, which is -1
    counts = _count(found, photos, division)
    return DataReport(
        data=data,
        digest=digest,
        is_split=found.is_split,
        classes=counts[:-1],
        others=counts[-1],
        duplicates=settled.duplicates,
        across=settled.across,
        groups=len(sizes),
        grouped=sum(sizes),
        quarantined=len(division.quarantined),
        conflicts=tuple(
            Disagreement(uris=c.uris, names=tuple(names[label] for label in c.labels))
            for c in settled.conflicts
        ),
        doubtful=_doubtful(photos, groups, names),
        broken=tuple(
            BrokenFile(uri=b.uri, name=names[b.label], status=b.status, reason=b.reason)
            for b in settled.broken
        ),
        reviews=_count_reviews(found, settled),
        ignored=_count_ignored(found),
    )


def _count_reviews(found: Labelled, settled: Settled) -> ReviewCount:
    return ReviewCount(
        labels=sum(photo.source == "reviews" for photo in settled.photos),
        overruled=settled.overruled,
        changed=settled.changed,
        gone=settled.gone,
        new_classes=found.new_classes,
        rare_tags=found.ignored.tags,
    )


def _count_ignored(found: Labelled) -> IgnoredCount:
    ignored = found.ignored
    return IgnoredCount(
        loose=ignored.loose,
        other_files=ignored.other_files,
        hidden=ignored.hidden,
        links=ignored.links,
        unreadable_folders=ignored.unreadable_folders,
    )


def _divide(settled: Settled, groups: Sequence[int], slots: Sequence[int]) -> Division:
    given = settled.given
    sides = choose_sides(
        slots,
        given_test=frozenset(n for n, side in enumerate(given) if side == "test"),
        given_validation=frozenset(n for n, side in enumerate(given) if side == "validation"),
        negatives=[photo.source == "negatives" for photo in settled.photos],
    )
    return divide_by(sides, groups)


def _count(
    found: Labelled, photos: Sequence[LabelledPhoto], division: Division
) -> tuple[ClassCount, ...]:
    """Count by class in label order, the photos of none of them last."""
    files = Counter(file.label for file in found.photos)
    usable = Counter(photo.label for photo in photos)
    train, validation, test = (
        Counter(photos[number].label for number in numbers.tolist())
        for numbers in (division.train, division.validation, division.test)
    )
    labels = [*range(len(found.class_names)), OTHER]
    return tuple(
        ClassCount(
            name=None if label == OTHER else found.class_names[label],
            found=files[label],
            usable=usable[label],
            training=train[label],
            validation=validation[label],
            test=test[label],
        )
        for label in labels
    )


def _doubtful(
    photos: Sequence[LabelledPhoto], groups: Sequence[int], names: Sequence[str | None]
) -> tuple[Disagreement, ...]:
    members: dict[int, list[LabelledPhoto]] = defaultdict(list)
    for photo, group in zip(photos, groups, strict=True):
        members[group].append(photo)
    return tuple(
        Disagreement(
            uris=tuple(photo.ref.uri for photo in some),
            names=tuple(names[label] for label in sorted({photo.label for photo in some})),
        )
        for some in members.values()
        if len({photo.label for photo in some}) > 1
    )
