"""Find the photos of a library: SOURCE in, a lazy listing of `PhotoRef`s out.

SOURCE is a folder, one photo, a text file of paths and URLs (one a line, or NUL-separated as
`find -print0` writes them), "-" for such a text on standard input, or an fsspec URL of a folder, an
object or a list. A file is told from a list by its content. With a window of time, SOURCE may hold
date fields and stands for one such place a day, a month or an hour (see `dates`). No photo is
decoded here and no library is ever held whole: ten million photos stream by. Neither torch nor, for
local folders, fsspec is imported, so that planning starts at once.
"""

import codecs
import dataclasses
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from landmark_core.addresses import without_secrets
from landmark_core.errors import ConfigError
from landmark_core.library.dates import fixed_part, is_partitioned, partitions
from landmark_core.library.faults import hide_secrets, is_missing
from landmark_core.library.folders import changed_us, walk_folder
from landmark_core.library.identity import (
    absolute,
    is_url,
    local_ref,
    newest_us,
    strip_file_scheme,
    url_ref,
)
from landmark_core.library.kinds import OTHER_EXTENSIONS, extension_of, judge_name, sniff
from landmark_core.library.lists import names_photos, walk_list
from landmark_core.library.patterns import compile_patterns
from landmark_core.library.selection import Counts, Selection
from landmark_core.records import PhotoRef
from landmark_core.since import Window

_PROBE_BYTES = 65536  # of a file that may be a list
_AT_ONCE = 16  # partitions asked for together

_EXPECTED = "SOURCE must be a folder, a photo, a list of paths, - or a URL"

_Walk = Callable[[Selection, Counts], Iterator[PhotoRef]]


class Listing:
    """The photos of a library, in a stable order; read it once.

    Attributes:
        counts: what was met so far; complete when the iteration has ended.
    """

    def __init__(self, walk: _Walk, selection: Selection) -> None:
        self.counts = Counts()
        self._photos = walk(selection, self.counts)

    def __iter__(self) -> Iterator[PhotoRef]:
        return self._photos


def open_listing(
    source: str,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    follow_links: bool = False,
    skip: Sequence[str] = (),
    window: Window | None = None,
) -> Listing:
    """Open SOURCE and return its photos lazily, ordered by the bytes of their relative paths.

    The partitions of a SOURCE with date fields come in order of their dates.

    Args:
        source: see the module's first lines.
        include: globs of photos to keep, by the rule in `patterns`; none keeps all.
        exclude: globs of photos and folders to leave out.
        follow_links: enter symbolic links to folders and take those that leave SOURCE; without
            it a link counts as a photo only where it names a file inside SOURCE.
        skip: folders and URLs never entered, such as OUT inside SOURCE. SOURCE itself is always
            entered: where OUT is SOURCE, name the folders within it. The folders that runs left
            in any other OUT are passed over by their names.
        window: only photos that came or changed in it; those without a time are kept. Null looks
            at all, and takes SOURCE as it is written.

    Raises:
        ConfigError: SOURCE is missing, unreadable or neither photos nor a list, a glob or a date
            field is wrong, or the protocol's client is not installed.
    """
    selection = Selection(
        patterns=compile_patterns(include, exclude),
        follow_links=follow_links,
        skip=tuple(location if is_url(location) else absolute(location) for location in skip),
        since_us=None if window is None else window.since_us,
    )
    if not is_partitioned(source):
        return Listing(_choose_walk(source), selection)
    if window is not None:
        return Listing(_choose_partitions(source, window), selection)
    try:
        return Listing(_choose_walk(source), selection)
    except ConfigError as error:
        above = fixed_part(source)
        raise ConfigError(
            f"{error}; date fields need --since, for all dates name {hide_secrets(above)}"
        ) from error


def _choose_partitions(source: str, window: Window) -> _Walk:
    """Open the places that the date fields come to; those that do not exist are left out."""
    places = partitions(source, window)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        walks = list(pool.map(_choose_if_there, places))
    found = [(place, walk) for place, walk in zip(places, walks, strict=True) if walk is not None]
    if not found:
        ends = places[:1] if len(places) == 1 else (places[0], places[-1])
        span, whole = " to ".join(map(without_secrets, ends)), without_secrets(source)
        raise ConfigError(f"expected photos in {span}, of {whole} since then: there is none")
    base = fixed_part(source)

    def walk_all(selection: Selection, counts: Counts) -> Iterator[PhotoRef]:
        counts.partitions = len(found)
        for place, walk in found:
            yield from walk(_below(selection, place, base), counts)

    return walk_all


def _choose_if_there(place: str) -> _Walk | None:
    try:
        return _choose_walk(place)
    except ConfigError as error:
        cause = error.__cause__
        fault = getattr(cause, "fault", cause)  # of a bucket, behind the tries
        if fault is not None and is_missing(fault):
            return None
        raise


def _below(selection: Selection, place: str, base: str) -> Selection:
    """Have the globs see the paths that they would see if SOURCE were the part that is fixed."""
    above = place if base == "." else place.removeprefix(base)
    patterns = dataclasses.replace(selection.patterns, above=above.strip("/") + "/")
    return dataclasses.replace(selection, patterns=patterns)


def _choose_walk(source: str) -> _Walk:
    if source == "-":
        return _walk_of_list(lambda: sys.stdin.buffer)
    location = strip_file_scheme(source)
    return _choose_in_bucket(location) if is_url(location) else _choose_on_disk(location)


def _choose_on_disk(source: str) -> _Walk:
    path = absolute(source)
    try:
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode):
            os.scandir(path).close()  # asked now: a folder closed to us is no empty library
            return lambda selection, counts: walk_folder(path, selection, counts)
        if not stat.S_ISREG(status.st_mode):  # a pipe, as in: landmarks tag <(find ...)
            return _walk_of_list(lambda: Path(path).open("rb"))
        with Path(path).open("rb") as file:
            head = file.read(_PROBE_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{_EXPECTED}, got {source!r}: {reason}") from error
    if _is_list(source, head):
        if head.strip() and not names_photos(head):
            raise ConfigError(
                f"{_EXPECTED}, got {source!r}: a text of which no line names a file, a photo or a "
                "URL; expected a list with one path a line"
            )
        return _walk_of_list(lambda: Path(path).open("rb"))
    return _walk_of_one(local_ref(path, status), changed_us(status))


def _choose_in_bucket(source: str) -> _Walk:
    # fsspec takes a while to import, and folders do not need it.
    from landmark_core.library.buckets import walk_place
    from landmark_core.library.objects import ask_entry, open_stream, read_head
    from landmark_core.library.places import open_place

    place = open_place(source)
    entry = ask_entry(place)
    if entry["type"] == "directory":
        return lambda selection, counts: walk_place(place, selection, counts)
    if _is_list(source, read_head(place, entry, _PROBE_BYTES) or b""):
        return _walk_of_list(lambda: open_stream(place))
    return _walk_of_one(url_ref(source, entry), newest_us(entry))


def _walk_of_list(open_list: Callable[[], IO[bytes]]) -> _Walk:
    return lambda selection, counts: walk_list(open_list, _as_written(selection), counts)


def _walk_of_one(ref: PhotoRef, arrived_us: int | None) -> _Walk:
    def walk(selection: Selection, counts: Counts) -> Iterator[PhotoRef]:
        if not _as_written(selection).patterns.keeps(ref.uri.rpartition("/")[2]):
            counts.excluded += 1
        elif selection.is_older(arrived_us):
            counts.older += 1
        else:
            counts.photos += 1
            yield ref

    return walk


def _as_written(selection: Selection) -> Selection:
    """Have the globs see a list's entries and a photo's bare name, whatever stands above."""
    patterns = dataclasses.replace(selection.patterns, above="")
    return dataclasses.replace(selection, patterns=patterns)


def _is_list(source: str, head: bytes) -> bool:
    """Tell a list of photos from a photo by its content, and refuse what is neither."""
    name = (
        source.partition("?")[0].rpartition("/")[2] if is_url(source) else source.rpartition("/")[2]
    )
    if sniff(head) is not None or judge_name(name) == "photo":
        return False
    extension = extension_of(name)
    may_be_list = extension not in OTHER_EXTENSIONS or extension == "txt"
    if may_be_list and _is_text(head):
        return True
    raise ConfigError(
        f"{_EXPECTED}, got {without_secrets(source)!r}, which is neither a photo nor a text of "
        "paths"
    )


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a letter cut off at the end is fine
    except UnicodeDecodeError:
        return False
    return True
