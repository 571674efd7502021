"""Find labelled photos: folders, buckets and people's reviews → photos with labels, unread.

Labels come from the first folder below DATA, from `--negatives` (everything below it shows no
landmark) and from reviews. No photo is opened here: the listing is that of `landmarks tag`, except
that symbolic links are followed, for many data sets are put together out of links.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from landmark_core.dataset.layout import Given, Layout, read_layout
from landmark_core.dataset.reviewed import Reviewed, read_reviewed
from landmark_core.dataset.settings import DataSettings
from landmark_core.errors import ConfigError
from landmark_core.library import Counts, absolute, is_url, open_listing
from landmark_core.records import OTHER, LabelSource, PhotoRef

LEAST_REVIEWED = 2  # photos of a tag that is no class of DATA, before it becomes one
_HIDDEN = (".*", "@eaDir", "__MACOSX")  # what systems leave in people's folders
_OF_OUT = ("heatmaps", "reviews", "runs", "tags")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPhoto:
    """One photo as it was found, before its bytes were read."""

    ref: PhotoRef
    label: int  # index into the class names, or OTHER
    source: LabelSource
    given: Given | None = None  # its side, where DATA comes already split
    digest: str | None = None  # SHA-256 in hex of the bytes that a reviewer saw; reviews only


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """What lies beside the labelled photos and was left alone."""

    loose: int = 0  # photos that lie in no class folder
    other_files: int = 0  # no photos
    hidden: int = 0  # files and folders that begin with a dot, or that systems leave behind
    links: int = 0  # that lead nowhere or in a circle
    unreadable_folders: int = 0
    tags: tuple[tuple[str, int], ...] = ()  # reviewed, no class of DATA, too few photos to be one


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """All labelled photos that were found."""

    class_names: tuple[str, ...]  # sorted; the index is the label
    photos: tuple[FoundPhoto, ...]  # DATA, negatives, reviews, each in the order of its listing
    is_split: bool  # DATA holds train and test folders
    ignored: Ignored
    new_classes: tuple[str, ...] = ()  # that only reviews know


def find_labelled(settings: DataSettings, *, skip: Sequence[str] = ()) -> Labelled:
    """List the photos of DATA, of the negatives and of the reviews.

    Args:
        settings: where they are; negatives may lie inside DATA, and are no class then.
        skip: folders and URLs that hold no photos to learn from, such as a MODEL_DIR inside DATA.

    Raises:
        ConfigError: a place is missing or no folder, DATA has no class folder, or two folders give
            one class name.
        RunError: a bucket's listing broke off.
    """
    counts: list[Counts] = []
    root = _root_of(settings.data, "DATA")
    negatives = _negatives_of(settings, root)
    beside = [*skip, *_places_of_reviews(settings, root), *([negatives] if negatives else [])]
    listed = _list_below(root, "DATA", counts, beside)
    layout = read_layout((path for path, _ in listed), _folders(root, beside), data=settings.data)
    placed = [(ref, layout.place_of(path)) for path, ref in listed]
    others = []
    if negatives:
        others = [ref for _, ref in _list_below(negatives, "--negatives", counts, [root, *skip])]
        if not others:
            raise ConfigError(f"--negatives {settings.negatives} holds no photo; leave it out")
    reviewed = read_reviewed(settings.reviews) if settings.reviews else ()
    classes = _all_classes(layout, reviewed)
    index = {name: number for number, name in enumerate(classes.names)}
    photos = [
        FoundPhoto(ref=ref, label=index[place[0]], source="folder", given=place[1])
        for ref, place in placed
        if place is not None
    ]
    photos += [FoundPhoto(ref=ref, label=OTHER, source="negatives") for ref in others]
    photos += _labels_of(reviewed, classes.index)
    return Labelled(
        class_names=classes.names,
        photos=tuple(photos),
        is_split=layout.is_split,
        ignored=_count_ignored(counts, sum(place is None for _, place in placed), classes.left_out),
        new_classes=classes.new,
    )


def _root_of(place: str, option: str) -> str:
    """Return a folder as the listing's uris begin, without a slash at its end."""
    if place.startswith("file://"):
        place = place[len("file://") :]
    if is_url(place):
        scheme, _, rest = place.partition("://")
        return f"{scheme.lower()}://{rest.rstrip('/')}"
    path = absolute(place)  # as the listing names its photos: without ".."
    if not Path(path).is_dir():
        found = "a file" if Path(path).exists() else "nothing"
        raise ConfigError(f"{option} must be a folder of photos, got {place!r}, which is {found}")
    return path


def _negatives_of(settings: DataSettings, root: str) -> str | None:
    if settings.negatives is None:
        return None
    negatives = _root_of(settings.negatives, "--negatives")
    if negatives == root:
        raise ConfigError(f"--negatives must be another folder than DATA, got {root!r} for both")
    return negatives


def _places_of_reviews(settings: DataSettings, root: str) -> list[str]:
    """Return what of OUT may lie inside DATA; OUT may be DATA itself."""
    if settings.reviews is None:
        return []
    out = settings.reviews.rstrip("/") if is_url(settings.reviews) else settings.reviews
    is_data = out == root if is_url(out) else absolute(out) == root
    return [f"{root}/{name}" for name in _OF_OUT] if is_data else [out]


def _list_below(
    root: str, option: str, counts: list[Counts], skip: Sequence[str]
) -> list[tuple[str, PhotoRef]]:
    """Return each photo below a folder with its path relative to it."""
    listing = open_listing(root, exclude=_HIDDEN, follow_links=True, skip=skip)
    counts.append(listing.counts)
    start = root.rstrip("/") + "/"
    found = []
    for ref in listing:
        if not ref.location.startswith(start):  # one object, or a list of photos elsewhere
            raise ConfigError(f"{option} must be a folder of photos, got {root!r}, which is a file")
        found.append((_printable(ref.location[len(start) :]), ref))
    return found


def _printable(path: str) -> str:
    """Escape what is not UTF-8: class names go into files."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _folders(root: str, skip: Sequence[str]) -> list[str]:
    """Return the folders of the first two levels; a bucket has none that are empty."""
    if is_url(root):
        return []
    left_out = {Path(place).resolve() for place in skip if not is_url(place)}
    tops = [path for path in _folders_in(Path(root)) if path.resolve() not in left_out]
    deeper = [folder for top in tops for folder in _folders_in(top)]
    return [_printable(str(path.relative_to(root))) for path in tops + deeper]


def _folders_in(folder: Path) -> Iterator[Path]:
    try:
        found = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:  # the listing has counted it as unreadable
        return
    yield from (
        path for path in found if not path.name.startswith(".") and path.name not in _HIDDEN
    )


def _all_classes(layout: Layout, reviewed: Sequence[Reviewed]) -> "_Classes":
    """Join the classes of DATA with those that only reviews know.

    One photo of a tag may be a slip of the finger; from LEAST_REVIEWED on it is a wish. Capitals
    do not matter: a person who types a tag means the class that is there.
    """
    of_data = set(layout.names.values())
    spelled = {_spelling(name): name for name in sorted(of_data)}
    tags = Counter(photo.tag for photo in reviewed if photo.tag is not None)
    for tag in sorted(tags):
        spelled.setdefault(_spelling(tag), tag)
    photos = Counter(dict.fromkeys(spelled.values(), 0))
    for tag, many in tags.items():
        photos[spelled[_spelling(tag)]] += many
    new = {name for name in photos if name not in of_data and photos[name] >= LEAST_REVIEWED}
    names = tuple(sorted(of_data | new))
    numbers = {name: number for number, name in enumerate(names)}
    return _Classes(
        names=names,
        new=tuple(sorted(new)),
        left_out=tuple(sorted((n, m) for n, m in photos.items() if n not in of_data | new)),
        index={key: numbers[name] for key, name in spelled.items() if name in numbers},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Classes:
    names: tuple[str, ...]
    new: tuple[str, ...]  # that only reviews know
    left_out: tuple[tuple[str, int], ...]  # tags with too few photos, and how many
    index: dict[str, int]  # spelling → label


def _spelling(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _labels_of(reviewed: Sequence[Reviewed], index: dict[str, int]) -> Iterator[FoundPhoto]:
    for photo in reviewed:
        label = OTHER if photo.tag is None else index.get(_spelling(photo.tag))
        if label is not None:
            yield FoundPhoto(ref=photo.ref, label=label, source="reviews", digest=photo.digest)


def _count_ignored(
    counts: Sequence[Counts], loose: int, tags: tuple[tuple[str, int], ...]
) -> Ignored:
    return Ignored(
        loose=loose,
        other_files=sum(count.not_photos for count in counts),
        hidden=sum(count.excluded for count in counts),
        links=sum(count.links_not_followed for count in counts),
        unreadable_folders=sum(count.unreadable_folders for count in counts),
        tags=tags,
    )
