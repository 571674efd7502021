"""Find the photos of a library: SOURCE in, a lazy listing of `PhotoRef`s out.

SOURCE is a folder, one photo, a text file of paths and URLs (one a line, or NUL-separated as
`find -print0` writes them), "-" for such a text on standard input, or an fsspec URL of a folder, an
object or a list. A file is told from a list by its content. No photo is decoded here and no library
is ever held whole: ten million photos stream by. Neither torch nor, for local folders, fsspec is
imported, so that planning starts at once.
"""

import codecs
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from landmark_core.errors import ConfigError
from landmark_core.library.folders import walk_folder
from landmark_core.library.identity import absolute, is_url, local_ref, strip_file_scheme, url_ref
from landmark_core.library.kinds import OTHER_EXTENSIONS, extension_of, judge_name, sniff
from landmark_core.library.lists import walk_list
from landmark_core.library.patterns import compile_patterns
from landmark_core.library.selection import Counts, Selection
from landmark_core.records import PhotoRef

_PROBE_BYTES = 65536  # of a file that may be a list

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
) -> Listing:
    """Open SOURCE and return its photos lazily, ordered by the bytes of their relative paths.

    Args:
        source: see the module's first lines.
        include: globs of photos to keep, by the rule in `patterns`; none keeps all.
        exclude: globs of photos and folders to leave out.
        follow_links: enter symbolic links to folders and take those that leave SOURCE; without
            it a link counts as a photo only where it names a file inside SOURCE.
        skip: folders and URLs never entered, such as OUT inside SOURCE. SOURCE itself is always
            entered: where OUT is SOURCE, name the folders within it.

    Raises:
        ConfigError: SOURCE is missing, unreadable or neither photos nor a list, a glob is wrong,
            or the protocol's client is not installed.
    """
    selection = Selection(
        patterns=compile_patterns(include, exclude),
        follow_links=follow_links,
        skip=tuple(location if is_url(location) else absolute(location) for location in skip),
    )
    return Listing(_choose_walk(source), selection)


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
        return _walk_of_list(lambda: Path(path).open("rb"))
    return _walk_of_one(local_ref(path, status))


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
    return _walk_of_one(url_ref(source, entry))


def _walk_of_list(open_list: Callable[[], IO[bytes]]) -> _Walk:
    return lambda selection, counts: walk_list(open_list, selection, counts)


def _walk_of_one(ref: PhotoRef) -> _Walk:
    def walk(selection: Selection, counts: Counts) -> Iterator[PhotoRef]:
        if selection.patterns.keeps(ref.uri.rpartition("/")[2]):
            counts.photos += 1
            yield ref
        else:
            counts.excluded += 1

    return walk


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
    raise ConfigError(f"{_EXPECTED}, got {source!r}, which is neither a photo nor a text of paths")


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a letter cut off at the end is fine
    except UnicodeDecodeError:
        return False
    return True
