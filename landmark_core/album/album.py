"""OUT → a folder of pages with small pictures, by landmark and confidence; it opens anywhere.

In order: photos onto shelves, pictures that are missing, pages, then what is no longer used goes. A
second time, only new photos cost anything but their pages. The folder is the album's alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from landmark_core.album.pages import PAGES, page_names, write_cover, write_shelf
from landmark_core.album.pictures import Pictures, make_pictures, remove_unused
from landmark_core.album.shelves import State, fill_shelves, list_shelves
from landmark_core.album.sources import list_sources
from landmark_core.errors import ConfigError
from landmark_core.report_text import printable
from landmark_core.tables import Folder, Store, open_scratch

_MARK = ".landmarks-gallery"  # a folder with this file is ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """What was written."""

    photos: int  # on its pages
    unreadable: int  # that could not be read when they were tagged
    landmarks: int
    pictures: Pictures
    removed: int  # pictures of photos that are no longer in it


def write_album(
    store: Store,
    root: Path,
    *,
    state: State,
    now: datetime,
    progress: Callable[[int], object] = lambda _more: None,
) -> Album:
    """Write the album of a library, or bring it up to date.

    Args:
        store: OUT; only read.
        root: absolute path of a folder that is the album's, new or empty.
        state: which photos, as in every export.
        now: UTC; the cover says when it was made.
        progress: told how many more pictures are done.

    Raises:
        ConfigError: if nothing was tagged, the folder is somebody else's or in one that is
            searched for photos, or a table is broken.
        RunError: if the folder or the scratch room is full.
    """
    if not store.list_parts():
        raise ConfigError(f"nothing was tagged in {store.out}; give the --out of a run")
    folder = Folder(root)
    with open_scratch() as scratch:
        _refuse_sources(root, list_sources(store, scratch))
        _claim(folder)
        filled = fill_shelves(store, scratch, state)
        pictures = make_pictures(root, scratch, progress)
        shelves = list_shelves(scratch)
        for shelf in shelves:
            write_shelf(folder, scratch, shelf)
        write_cover(
            folder,
            scratch,
            shelves,
            out=store.out,
            unreadable=filled.unreadable,
            missing=pictures.missing,
            now=now,
        )
        _remove_pages(folder, {name for shelf in shelves for name in page_names(shelf)})
        return Album(
            photos=filled.photos,
            unreadable=filled.unreadable,
            landmarks=sum(bool(shelf.tag) for shelf in shelves),
            pictures=pictures,
            removed=remove_unused(root, scratch),
        )


def _refuse_sources(root: Path, sources: Sequence[Path]) -> None:
    """Raise ConfigError where the next run would tag the album's pictures as photos."""
    for source in sources:
        if root.resolve().is_relative_to(source.resolve()):
            raise ConfigError(
                f"{printable(str(root))} lies in {printable(str(source))}, which is searched for "
                "photos: the next run would tag the gallery's pictures; name another folder (--to)"
            )


def _claim(folder: Folder) -> None:
    """Make sure that the folder is the album's.

    Raises:
        ConfigError: if somebody else's files are in it.
    """
    root = folder.root
    if root.exists() and not root.is_dir():
        raise ConfigError(f"{root} is a file; name a folder for the gallery")
    if root.is_dir() and any(root.iterdir()) and not folder.exists(_MARK):
        raise ConfigError(f"{root} has other files; name a new or empty folder for the gallery")
    folder.put(_MARK, b"made by landmarks export --format gallery\n")


def _remove_pages(folder: Folder, written: set[str]) -> None:
    """Remove the pages of landmarks that are gone."""
    for name in folder.list_names(PAGES):
        if name not in written and name.endswith(".html"):
            folder.remove(name)
