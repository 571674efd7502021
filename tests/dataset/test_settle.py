"""One label per content: every rule by hand."""

from landmark_core.dataset.find import FoundPhoto
from landmark_core.dataset.reading import Seen
from landmark_core.dataset.settle import settle
from landmark_core.errors import PhotoError
from landmark_core.records import OTHER, PhotoRef


def file(name, label, source="folder", given=None, digest=None):
    ref = PhotoRef(photo_id=name, uri=name, location=name, size_bytes=1, modified_us=1, etag=None)
    return FoundPhoto(ref=ref, label=label, source=source, given=given, digest=digest)


def settled(*files):
    """Settle (file, digest) pairs."""
    return settle([f for f, _ in files], [Seen(digest=digest) for _, digest in files])


def test_photos_come_in_the_order_of_their_digests():
    found = settled((file("x", 1), "b"), (file("y", 0), "a"))
    assert [(p.digest, p.label, p.source) for p in found.photos] == [
        ("a", 0, "folder"),
        ("b", 1, "folder"),
    ]


def test_equal_bytes_with_one_label_are_one_photo():
    found = settled((file("y", 1), "a"), (file("x", 1), "a"), (file("z", 1), "a"))
    assert [photo.ref.uri for photo in found.photos] == ["x"]
    assert found.duplicates == 2


def test_equal_bytes_with_two_labels_are_left_out_and_listed():
    found = settled((file("x", 1), "a"), (file("n", OTHER, "negatives"), "a"), (file("y", 0), "b"))
    assert [photo.digest for photo in found.photos] == ["b"]
    (conflict,) = found.conflicts
    assert (conflict.uris, conflict.labels) == (("n", "x"), (OTHER, 1))


def test_a_review_wins_over_folders_and_settles_their_conflict():
    review = file("x", 2, "reviews", digest="a")
    found = settled((file("x", 1), "a"), (file("y", 0), "a"), (review, "a"))
    (photo,) = found.photos
    assert (photo.label, photo.source) == (2, "reviews")
    assert (found.overruled, found.conflicts, found.duplicates) == (1, (), 1)


def test_a_review_that_agrees_overrules_nothing():
    found = settled((file("x", 1), "a"), (file("x", 1, "reviews", digest="a"), "a"))
    assert (found.overruled, found.duplicates) == (0, 0)


def test_reviews_that_disagree_are_a_conflict():
    one = file("x", 1, "reviews", digest="a")
    other = file("y", OTHER, "reviews", digest="a")
    found = settled((one, "a"), (other, "a"))
    assert (found.photos, len(found.conflicts)) == ((), 1)


def test_a_reviewed_photo_that_changed_keeps_its_folder_label():
    found = settled((file("x", 1), "new"), (file("x", 0, "reviews", digest="old"), "new"))
    assert [(p.digest, p.label) for p in found.photos] == [("new", 1)]
    assert found.changed == 1


def test_a_reviewed_photo_that_is_gone_is_counted_and_a_broken_file_listed():
    missing = Seen(digest=None, failure=PhotoError("fetch_error", "no such file"))
    torn = Seen(digest="t", failure=PhotoError("corrupt", "cut off"))
    found = settle([file("x", 1, "reviews", digest="a"), file("y", 0)], [missing, torn])
    assert (found.gone, found.changed) == (1, 0)
    (broken,) = found.broken
    assert (broken.uri, broken.label, broken.status) == ("y", 0, "corrupt")


def test_a_review_puts_no_photo_across_train_and_test():
    found = settled((file("x", 1, given="test"), "a"), (file("x", 1, "reviews", digest="a"), "a"))
    assert (found.given, found.across) == (("test",), 0)


def test_a_photo_in_train_and_test_belongs_to_the_test():
    found = settled((file("x", 1, given="train"), "a"), (file("y", 1, given="test"), "a"))
    assert (found.given, found.across, found.duplicates) == (("test",), 1, 1)


def test_of_given_sides_the_one_furthest_from_training_counts():
    sides = [("train",), ("validation",), ("train", "validation"), ("validation", "test"), (None,)]
    files = [
        (file(f"{n}-{side}", 1, given=side), f"digest-{n}")
        for n, some in enumerate(sides)
        for side in some
    ]
    found = settled(*files)
    assert found.given == ("train", "validation", "validation", "test", None)
    assert found.across == 2
