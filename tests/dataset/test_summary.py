"""The report of a dataset: a few photos whose every count is worked out by hand."""

from landmark_core.dataset.find import FoundPhoto, Ignored, Labelled
from landmark_core.dataset.report import (
    BrokenFile,
    ClassCount,
    DataReport,
    Disagreement,
    IgnoredCount,
    ReviewCount,
)
from landmark_core.dataset.settle import Broken, Conflict, Settled
from landmark_core.dataset.summary import make_report
from landmark_core.records import OTHER, LabelledPhoto, PhotoRef

ARCH, DOME = 0, 1


def ref(name: str) -> PhotoRef:
    return PhotoRef(photo_id=name, uri=name, location=name, size_bytes=1, modified_us=1, etag=None)


def found(*labels: int) -> Labelled:
    files = (
        FoundPhoto(ref=ref(str(n)), label=label, source="folder", given=None)
        for n, label in enumerate(labels)
    )
    return Labelled(
        class_names=("Arch", "Dome"),
        photos=tuple(files),
        is_split=True,
        ignored=Ignored(
            loose=1,
            other_files=2,
            hidden=3,
            links=4,
            unreadable_folders=5,
            tags=(("Mill", 2),),
        ),
        new_classes=("Dome",),
    )


def settled(*photos: tuple[str, int, str], given=None) -> Settled:
    return Settled(
        photos=tuple(
            LabelledPhoto(ref=ref(name), label=label, digest=name, source=source)
            for name, label, source in photos
        ),
        given=given or (None,) * len(photos),
        broken=(
            Broken(uri="x", label=OTHER, status="corrupt", reason="cut off"),
            Broken(uri="y", label=DOME, status="too_large", reason="huge"),
        ),
        conflicts=(Conflict(digest="c", uris=("u", "v"), labels=(OTHER, ARCH)),),
        duplicates=2,
        across=1,
        overruled=3,
        changed=4,
        gone=5,
    )


def report(settled_photos: Settled, groups, slots) -> DataReport:
    files = found(ARCH, ARCH, DOME, DOME, DOME, OTHER)
    return make_report("DATA", "ab12", files, settled_photos, groups, slots)


PHOTOS = (
    ("p0", ARCH, "folder"),
    ("p1", DOME, "folder"),
    ("p2", OTHER, "negatives"),
    ("p3", ARCH, "reviews"),  # looks like p1
    ("p4", DOME, "reviews"),
)
GROUPS = (0, 1, 2, 1, 4)


def test_every_count_by_hand():
    made = report(settled(*PHOTOS), GROUPS, (9, 0, 4, 9, 6))
    assert made == DataReport(
        data="DATA",
        digest="ab12",
        is_split=True,
        classes=(
            ClassCount(name="Arch", found=2, usable=2, training=1, validation=0, test=0),
            ClassCount(name="Dome", found=3, usable=2, training=1, validation=0, test=1),
        ),
        others=ClassCount(name=None, found=1, usable=1, training=0, validation=1, test=0),
        duplicates=2,
        across=1,
        groups=1,
        grouped=2,
        quarantined=1,
        conflicts=(Disagreement(uris=("u", "v"), names=(None, "Arch")),),
        doubtful=(Disagreement(uris=("p1", "p3"), names=("Arch", "Dome")),),
        broken=(
            BrokenFile(uri="x", name=None, status="corrupt", reason="cut off"),
            BrokenFile(uri="y", name="Dome", status="too_large", reason="huge"),
        ),
        reviews=ReviewCount(
            labels=2,
            overruled=3,
            changed=4,
            gone=5,
            new_classes=("Dome",),
            rare_tags=(("Mill", 2),),
        ),
        ignored=IgnoredCount(loose=1, other_files=2, hidden=3, links=4, unreadable_folders=5),
    )


def test_given_sides_count_where_data_comes_split():
    given = ("train", "test", None, "validation", None)
    made = report(settled(*PHOTOS, given=given), (0, 1, 2, 3, 4), (0, 9, 0, 9, 4))
    arch, dome = made.classes
    assert (arch.training, arch.validation, arch.test) == (1, 1, 0)
    assert (dome.training, dome.validation, dome.test) == (1, 0, 1)
    assert made.others.test == 1  # negatives go by their slots
    assert (made.groups, made.grouped, made.quarantined, made.doubtful) == (0, 0, 0, ())


def test_copies_with_one_label_are_no_doubt():
    photos = [("p0", ARCH, "folder"), ("p1", ARCH, "folder"), ("p2", ARCH, "folder")]
    made = report(settled(*photos), (0, 0, 0), (9, 9, 9))
    assert (made.groups, made.grouped, made.doubtful) == (1, 3, ())
