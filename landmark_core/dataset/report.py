"""What is known of a dataset before anything is learnt from it. Plain records; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from landmark_core.errors import PhotoFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCount:
    """Photos of one class, or of none of them."""

    name: str | None  # null: photos that show no landmark
    found: int  # files, broken ones and copies included
    usable: int  # different photos
    training: int
    validation: int
    test: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenFile:
    """One file that cannot be used."""

    uri: str
    name: str | None  # class; null: no landmark
    status: PhotoFailure
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Copies of one photo with several labels."""

    uris: tuple[str, ...]
    names: tuple[str | None, ...]  # classes; null: no landmark


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCount:
    """What people's reviews did."""

    labels: int = 0  # photos whose label comes from a review
    overruled: int = 0  # of these, photos that their folder calls something else
    changed: int = 0  # left out: the file's bytes are others than the person saw
    gone: int = 0  # left out: the file cannot be fetched any more
    new_classes: tuple[str, ...] = ()  # that no folder of DATA has
    rare_tags: tuple[tuple[str, int], ...] = ()  # left out: no class, too few photos to be one


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoredCount:
    """What lies beside the labelled photos and was left alone."""

    loose: int = 0  # photos that lie in no class folder
    other_files: int = 0  # no photos
    hidden: int = 0  # files and folders that begin with a dot, or that systems leave behind
    links: int = 0  # that lead nowhere or in a circle
    unreadable_folders: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReport:
    """Counts, copies, conflicts and broken files of a dataset, and how it divides by its slots."""

    data: str  # as the user typed it
    digest: str  # 16 hex digits of photos and labels
    is_split: bool  # DATA holds train and test folders
    classes: tuple[ClassCount, ...]  # in label order
    others: ClassCount  # photos that show no landmark
    duplicates: int  # files whose bytes another file has as well
    across: int  # contents in train/ as well as in test/ or validation/, learnt by no one
    groups: int  # of near-duplicates, two photos at least
    grouped: int  # photos in these groups
    quarantined: int  # near-duplicates of photos on a side further from training; not used
    conflicts: tuple[Disagreement, ...]  # same bytes, several labels: left out
    doubtful: tuple[Disagreement, ...]  # near-duplicates with several labels: used as they are
    broken: tuple[BrokenFile, ...]
    reviews: ReviewCount = field(default_factory=ReviewCount)
    ignored: IgnoredCount = field(default_factory=IgnoredCount)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know before a training with one split, one line each."""
        return (*_thin_classes(self.classes), *self.general_warnings)

    @property
    def general_warnings(self) -> tuple[str, ...]:
        """The same before any training, however its photos are divided."""
        return (*_unbalanced(self.classes), *_of_others(self))


def _thin_classes(classes: Sequence[ClassCount]) -> list[str]:
    lines = []
    for side, effect in (
        ("training", "the model cannot learn it"),
        ("validation", "its confidence cannot be calibrated"),
        ("test", "nothing says how good the model is at it"),
    ):
        names = [str(count.name) for count in classes if getattr(count, side) == 0]
        if names:
            lines.append(f"no {side} photo of {_some(names)}: {effect}")
    return lines


def _unbalanced(classes: Sequence[ClassCount]) -> list[str]:
    least = min(classes, key=lambda count: count.usable)
    most = max(classes, key=lambda count: count.usable)
    if most.usable <= 10 * least.usable:
        return []
    counts = f"{most.name} has {most.usable:,} photos and {least.name} {least.usable:,}"
    return [f"{counts}: rare classes are often missed"]


def _of_others(report: DataReport) -> list[str]:
    if not report.others.usable:
        return ["no photo of other things: give --negatives, or everything is called a landmark"]
    if not (report.others.validation and report.others.test):
        return ["too few photos of other things to choose and to judge `no_landmark`"]
    return []


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
