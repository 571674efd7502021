"""Walk a bucket behind fsspec: its photos, page by page, in the byte order of their keys.

s3://, gs:// and az:// list a whole prefix flat, a thousand keys a request, and two pages are held
(`pages`). Other stores are listed folder by folder, and the largest folder is held. Where a key's
name leaves open whether it is a photo, its first bytes are asked for, a page's worth at a time.
"""

import itertools
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from landmark_core.library.dialects import Entry
from landmark_core.library.faults import hide_secrets
from landmark_core.library.identity import newest_us, url_ref
from landmark_core.library.kinds import judge_name, sniff
from landmark_core.library.objects import read_head, within
from landmark_core.library.own_places import is_in_run_folder
from landmark_core.library.pages import PAGE, broken_off, list_pages
from landmark_core.library.persistence import StoreError, persist
from landmark_core.library.places import Place
from landmark_core.library.selection import Counts, Selection
from landmark_core.records import PhotoRef

logger = logging.getLogger(__name__)

_HEADS_AT_ONCE = 16  # first-bytes requests in flight
_ANSWER_S = 300.0  # seconds for one folder, which comes whole


def walk_place(place: Place, selection: Selection, counts: Counts) -> Iterator[PhotoRef]:
    """Yield the photos below a place, lazily.

    Raises:
        RunError: the listing broke off; what follows is unknown, so the run must not go on.
    """
    skip = tuple(location.rstrip("/") + "/" for location in selection.skip)
    for page in _pages(place, selection, counts):
        for entry in _photos_among(place, page, selection, counts):
            url = place.url_of(entry["name"])
            relative = url[len(place.url) + 1 :]
            if url.startswith(skip) or is_in_run_folder(relative):
                continue
            if not selection.patterns.keeps(relative):
                counts.excluded += 1
                continue
            counts.photos += 1
            yield url_ref(url, entry)


def _pages(place: Place, selection: Selection, counts: Counts) -> Iterator[list[Entry]]:
    if place.dialect is not None:
        return list_pages(place, PAGE)
    return _batched(_list_folders(place, selection, counts))


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
        entries: list[Entry] = persist(
            place.url, lambda now: within(_ANSWER_S, lambda: now.store.ls(path, detail=True))
        )
    except StoreError as error:
        if path == place.path:
            raise broken_off(place, error) from error
        counts.unreadable_folders += 1
        logger.warning("folder not listed: %s: %s", hide_secrets(place.url_of(path)), error)
        return []
    # The slash makes it the byte order of whole keys, which is the order of a flat listing.
    return sorted(
        (entry for entry in entries if entry["name"].rstrip("/") != path.rstrip("/")),
        key=lambda entry: (entry["name"] + "/" * (entry["type"] == "directory")).encode(),
        reverse=True,
    )


def _photos_among(
    place: Place, page: list[Entry], selection: Selection, counts: Counts
) -> Iterator[Entry]:
    """Return a page's photos in order, after one round of questions about the unclear ones."""
    judgements = [_judge(entry, selection) for entry in page]
    unclear = [entry for entry, j in zip(page, judgements, strict=True) if j == "look_inside"]
    heads = iter(_read_heads(place, unclear))
    for entry, judgement in zip(page, judgements, strict=True):
        if judgement == "look_inside":
            head = next(heads)
            # What could not be asked is listed: it ends as a row, and is not lost without a word.
            judgement = "photo" if head is None or sniff(head) else "not_photo"
        if judgement == "photo":
            yield entry
        elif judgement == "older":
            counts.older += 1
        elif not entry["name"].endswith("/"):  # a key that ends so only marks a folder
            counts.not_photos += 1


def _read_heads(place: Place, entries: list[Entry]) -> list[bytes | None]:
    if not entries:
        return []
    with ThreadPoolExecutor(min(_HEADS_AT_ONCE, len(entries))) as pool:
        return list(pool.map(lambda entry: read_head(place, entry), entries))


def _judge(entry: Entry, selection: Selection) -> str:
    name = entry["name"]
    judgement = "not_photo" if name.endswith("/") else judge_name(name.rpartition("/")[2])
    if judgement != "not_photo" and selection.is_older(newest_us(entry)):
        return "older"  # told before its first bytes are asked for
    return judgement


def _batched(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    iterator = iter(entries)
    while page := list(itertools.islice(iterator, PAGE)):
        yield page
