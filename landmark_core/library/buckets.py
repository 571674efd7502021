"""Walk a bucket behind fsspec: its photos, page by page, in the byte order of their keys.

S3 lists a whole prefix flat, a thousand keys a request, and nothing but the page is held. The other
stores are listed folder by folder, and the largest folder is held. Where a key's name leaves open
whether it is a photo, its first bytes are asked for, a page's worth at a time.
"""

import itertools
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import fsspec
from fsspec.asyn import sync

from landmark_core.errors import RunError
from landmark_core.library.faults import describe_fault
from landmark_core.library.identity import newest_us, url_ref
from landmark_core.library.kinds import judge_name, sniff
from landmark_core.library.places import Entry, Place, read_head
from landmark_core.library.selection import Counts, Selection
from landmark_core.records import PhotoRef

logger = logging.getLogger(__name__)

_PAGE = 1000  # keys judged together; what S3 returns at once
_HEADS_AT_ONCE = 16  # first-bytes requests in flight


def walk_place(place: Place, selection: Selection, counts: Counts) -> Iterator[PhotoRef]:
    """Yield the photos below a place, lazily.

    Raises:
        RunError: the listing broke off; what follows is unknown, so the run must not go on.
    """
    skip = tuple(location.rstrip("/") + "/" for location in selection.skip)
    for page in _batched(_entries(place, selection, counts)):
        for entry in _photos_among(place.store, page, selection, counts):
            url = place.url_of(entry["name"])
            if url.startswith(skip):
                continue
            if not selection.patterns.keeps(url[len(place.url) + 1 :]):
                counts.excluded += 1
                continue
            counts.photos += 1
            yield url_ref(url, entry)


def _entries(place: Place, selection: Selection, counts: Counts) -> Iterator[Entry]:
    if hasattr(place.store, "_iterdir"):
        return _list_flat(place)
    return _list_folders(place, selection, counts)


def _list_flat(place: Place) -> Iterator[Entry]:
    """List all keys of an S3 prefix; s3fs has no public way that does not hold them all."""
    bucket, key, _ = place.store.split_path(place.path)
    prefix = key.rstrip("/") + "/" if key else ""
    pages = place.store._iterdir(bucket, delimiter="", prefix=prefix)  # noqa: SLF001

    async def next_page() -> list[Entry]:
        page = []
        async for entry in pages:
            page.append(entry)
            if len(page) == _PAGE:
                break
        return page

    try:
        while page := sync(place.store.loop, next_page):
            yield from page
    except Exception as error:  # each client raises its own kinds
        raise _broken_off(place, error) from error


def _list_folders(place: Place, selection: Selection, counts: Counts) -> Iterator[Entry]:
    """List folder by folder with an explicit stack, each folder's entries last first."""
    stack = [_list_folder(place, place.path, counts)]
    while stack:
        if not stack[-1]:
            stack.pop()
            continue
        entry = stack[-1].pop()
        if entry["type"] != "directory":
            yield entry
        elif selection.patterns.prunes(place.url_of(entry["name"])[len(place.url) + 1 :]):
            counts.excluded += 1
        else:
            stack.append(_list_folder(place, entry["name"], counts))


def _list_folder(place: Place, path: str, counts: Counts) -> list[Entry]:
    try:
        entries: list[Entry] = place.store.ls(path, detail=True)
    except Exception as error:  # each client raises its own kinds
        if path == place.path:
            raise _broken_off(place, error) from error
        counts.unreadable_folders += 1
        logger.warning("folder not listed: %s: %s", place.url_of(path), describe_fault(error))
        return []
    # The slash makes it the byte order of whole keys, which is the order of a flat listing.
    return sorted(
        (entry for entry in entries if entry["name"].rstrip("/") != path.rstrip("/")),
        key=lambda entry: (entry["name"] + "/" * (entry["type"] == "directory")).encode(),
        reverse=True,
    )


def _broken_off(place: Place, error: Exception) -> RunError:
    return RunError(f"the listing of {place.url} broke off: {describe_fault(error)}")


def _photos_among(
    store: fsspec.AbstractFileSystem, page: list[Entry], selection: Selection, counts: Counts
) -> Iterator[Entry]:
    """Return a page's photos in order, after one round of questions about the unclear ones."""
    judgements = [_judge(entry, selection) for entry in page]
    unclear = [entry for entry, j in zip(page, judgements, strict=True) if j == "look_inside"]
    with ThreadPoolExecutor(_HEADS_AT_ONCE) as pool:
        heads = iter(list(pool.map(lambda entry: read_head(store, entry), unclear)))
    for entry, judgement in zip(page, judgements, strict=True):
        if judgement == "look_inside":
            judgement = "photo" if sniff(next(heads)) else "not_photo"
        if judgement == "photo":
            yield entry
        elif judgement == "older":
            counts.older += 1
        elif not entry["name"].endswith("/"):  # a key that ends so only marks a folder
            counts.not_photos += 1


def _judge(entry: Entry, selection: Selection) -> str:
    name = entry["name"]
    judgement = "not_photo" if name.endswith("/") else judge_name(name.rpartition("/")[2])
    if judgement != "not_photo" and selection.is_older(newest_us(entry)):
        return "older"  # told before its first bytes are asked for
    return judgement


def _batched(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    iterator = iter(entries)
    while page := list(itertools.islice(iterator, _PAGE)):
        yield page
