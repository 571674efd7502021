"""Read a list of photos: paths and URLs, one a line or NUL-separated, become `PhotoRef`s.

Relative paths count from the current folder. An entry that is a folder is walked; one that is
missing is a photo all the same, and fails when it is fetched, so that no line is lost silently.
The list streams; URLs are looked up a few at a time.
"""

import io
import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from landmark_core.errors import ConfigError
from landmark_core.library.folders import take_file, walk_folder
from landmark_core.library.identity import absolute, is_url, newest_us, strip_file_scheme, url_ref
from landmark_core.library.kinds import judge_name
from landmark_core.library.selection import Counts, Selection
from landmark_core.records import PhotoRef

_CHUNK = 65536  # bytes read at once; the first one tells NUL from newline
_AT_ONCE = 16  # URLs looked up together


def walk_list(
    open_list: Callable[[], IO[bytes]], selection: Selection, counts: Counts
) -> Iterator[PhotoRef]:
    """Yield the photos that a list names, in its order.

    Args:
        open_list: opens the list for reading bytes; it is read once, and closed at its end.
        selection: what to take; patterns apply to the entries as they are written.
        counts: grows by everything that is met.

    Raises:
        ConfigError: an entry needs a client that is not installed.
    """
    with open_list() as file, ThreadPoolExecutor(_AT_ONCE) as pool:
        entries = (strip_file_scheme(os.fsdecode(entry)) for entry in _split(file))
        for name_urls, group in itertools.groupby(entries, is_url):
            if not name_urls:
                for entry in group:
                    yield from _take_path(entry, selection, counts)
            while page := list(itertools.islice(group, _AT_ONCE)):
                lookups = pool.map(_look_up, page)
                for url, info in zip(page, lookups, strict=True):
                    yield from _take_url(url, info, selection, counts)


def names_photos(head: bytes) -> bool:
    """Tell whether a text may be a list: one line at least is a URL, exists, or is a photo's name.

    Args:
        head: the first bytes; a line that they cut off counts as it is.
    """
    entries = (strip_file_scheme(os.fsdecode(entry)) for entry in _split(io.BytesIO(head)))
    return any(
        is_url(entry)
        or judge_name(entry.rpartition("/")[2]) == "photo"
        or os.path.lexists(absolute(entry))
        for entry in entries
    )


def _split(file: IO[bytes]) -> Iterator[bytes]:
    """Cut a list into its entries, without blank ones and without line ends."""
    rest = file.read(_CHUNK).removeprefix(b"\xef\xbb\xbf")  # some editors write a mark first
    separator = b"\0" if b"\0" in rest else b"\n"
    while chunk := file.read(_CHUNK) or None:
        *whole, rest = (rest + chunk).split(separator)
        yield from _trim(whole, separator)
    yield from _trim(rest.split(separator), separator)


def _trim(entries: list[bytes], separator: bytes) -> Iterator[bytes]:
    for entry in entries:
        line = entry.rstrip(b"\r") if separator == b"\n" else entry
        if line.strip():
            yield line


def _take_path(entry: str, selection: Selection, counts: Counts) -> Iterator[PhotoRef]:
    path = absolute(entry)
    if Path(path).is_dir():
        yield from walk_folder(path, selection, counts)
    elif ref := take_file(path, entry, selection, counts, is_named=True):
        yield ref


def _look_up(url: str) -> dict[str, object]:
    """Ask a store for an object's version; what cannot be asked is unknown, not an error."""
    from landmark_core.library.objects import ask_entry
    from landmark_core.library.places import open_place

    place = open_place(url)  # outside: a missing client stops the run
    try:
        return dict(ask_entry(place))
    except ConfigError:
        return {}


def _take_url(
    url: str, info: dict[str, object], selection: Selection, counts: Counts
) -> Iterator[PhotoRef]:
    if info.get("type") == "directory":
        from landmark_core.library.buckets import walk_place
        from landmark_core.library.places import open_place

        yield from walk_place(open_place(url), selection, counts)
    elif judge_name(url.partition("?")[0].rpartition("/")[2]) == "not_photo":
        counts.not_photos += 1  # an unclear name is a photo here: web addresses need no extension
    elif not selection.patterns.keeps(url):
        counts.excluded += 1
    elif selection.is_older(newest_us(info)):
        counts.older += 1
    else:
        counts.photos += 1
        yield url_ref(url, info)
