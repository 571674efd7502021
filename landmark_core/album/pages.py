"""Write the pages of an album: a cover with all landmarks, and pages for each of them.

Pages are written while their photos stream by, so that a landmark may have any number. Jinja
escapes every text (names come from outside); control and direction characters are shown escaped. No
script, no request: a page may show pictures of the place that it lies in, and nothing else.
"""

import hashlib
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from landmark_core.album.maps import map_of
from landmark_core.album.pictures import picture_name
from landmark_core.album.shelves import Band, Shelf, ShelfPhoto, list_bands, read_shelf
from landmark_core.album.style import STYLE
from landmark_core.album.template import COVER, SHELF
from landmark_core.library import is_url, location_of
from landmark_core.number_text import count_text, percent_text
from landmark_core.report_text import printable
from landmark_core.tables import Folder, Scratch

PAGES = "landmarks"
MOST_ON_PAGE = 10_000  # photos; more make a browser slow to open it
_BLOCK = 60  # photos that are laid out together; whole rows of 2, 4, 6 or 10 columns
_LETTERS = re.compile("[^a-z0-9]+")
_KINDS = {
    "person": "by people",
    "machine": "by the model",
    "waiting": "to review",
    "none": "no landmark",
}


def write_cover(
    folder: Folder,
    scratch: Scratch,
    shelves: Sequence[Shelf],
    *,
    out: str,
    unreadable: int,
    missing: int,
    now: datetime,
) -> None:
    """Write the page that leads to all others.

    Args:
        folder: of the album.
        scratch: with filled shelves and made pictures.
        shelves: all of them, in their order.
        out: how OUT was called.
        unreadable: photos that could not be read; they are on no shelf.
        missing: photos without a picture.
        now: UTC.
    """
    photos = sum(shelf.photos for shelf in shelves) + unreadable
    _write(
        folder,
        "index.html",
        COVER,
        title=count_text(photos, "photo"),
        photos=photos,
        shelves=[(shelf, page_names(shelf)[0]) for shelf in shelves],
        map=map_of(scratch),
        out=out,
        unreadable=unreadable,
        missing=missing,
        now=now,
    )


def write_shelf(folder: Folder, scratch: Scratch, shelf: Shelf) -> None:
    """Write the pages of one landmark."""
    names = page_names(shelf)
    photos = read_shelf(scratch, shelf.tag)
    bands = list_bands(scratch, shelf.tag)
    links = _links(bands, names)
    place = map_of(scratch, shelf.tag)
    for name in names:
        _write(
            folder,
            name,
            SHELF,
            title=shelf.tag or "No landmark",
            shelf=shelf,
            bands=links,
            pages=[Path(other).name for other in names],
            page=Path(name).name,
            map=place if name == names[0] else None,
            sections=_sections(itertools.islice(photos, MOST_ON_PAGE)),
        )


def page_names(shelf: Shelf) -> list[str]:
    """Return the names of a landmark's pages, relative to the album; the same in every album."""
    bare = _LETTERS.sub("-", shelf.tag.lower()).strip("-")[:60]
    # Tags of other scripts, or that differ in signs alone, are told apart by a digest.
    digest = hashlib.sha256(shelf.tag.encode()).hexdigest()[:8]
    pages = -(-shelf.photos // MOST_ON_PAGE)
    stem = f"{PAGES}/{bare or 'landmark'}-{digest}"
    return [f"{stem}.html", *(f"{stem}-{number}.html" for number in range(2, pages + 1))]


def _links(bands: Sequence[Band], names: Sequence[str]) -> dict[str, list[tuple[Band, str]]]:
    """Return where each band begins, by kind."""
    before, links = 0, dict[str, list[tuple[Band, str]]]()
    for band in bands:
        where = f"{Path(names[before // MOST_ON_PAGE]).name}#{_anchor(band)}"
        links.setdefault(_KINDS[band.kind], []).append((band, where))
        before += band.photos
    return links


def _sections(
    photos: Iterable[ShelfPhoto],
) -> Iterator[tuple[Band, Iterator[list[ShelfPhoto]]]]:
    """Yield the bands with their photos, in blocks."""
    for band, of_band in itertools.groupby(photos, key=_band):
        yield band, iter(partial(_block, of_band), [])


def _block(photos: Iterator[ShelfPhoto]) -> list[ShelfPhoto]:
    return list(itertools.islice(photos, _BLOCK))


def _band(photo: ShelfPhoto) -> Band:
    return Band(kind=photo.kind, tenth=photo.tenth, photos=0)


def _write(folder: Folder, name: str, template: str, **values: Any) -> None:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        shown=printable,
        units=_units,
        picture=picture_name,
        band=_band_title,
        range=_range,
        anchor=_anchor,
        link=_link,
        file_name=_file_name,
        percent=_percent,
        said=_said,
    )
    style = Markup(STYLE)  # noqa: S704  # our own text
    stream = environment.from_string(template).stream(style=style, number=count_text, **values)
    stream.enable_buffering(100)
    with folder.new_file(name) as path, path.open("w", encoding="utf-8") as file:
        file.writelines(stream)


def _band_title(band: Band) -> str:
    if band.kind in {"person", "none"}:
        return _KINDS[band.kind]
    return f"{_KINDS[band.kind]}, {_range(band)}"


def _range(band: Band) -> str:
    """Return the confidences of a band; where people decided, and of no landmark, all of them."""
    if band.kind in {"person", "none"}:
        return "all"
    return f"{10 * band.tenth}–{10 * band.tenth + 10} %"


def _anchor(band: Band) -> str:
    return f"{band.kind}-{band.tenth}"


def _link(photo: ShelfPhoto) -> str | None:
    """Return the address of a local photo; a page in a folder can open it."""
    location = location_of(photo.uri, photo.photo_id)
    return None if is_url(location) else "file://" + quote(os.fsencode(location))


def _file_name(uri: str) -> str:
    return printable(uri.rstrip("/").rpartition("/")[2])


def _said(photo: ShelfPhoto, shelf: str) -> str:
    """Return who decided what a photo shows, or how sure the model is of its best guess."""
    if photo.by_person:
        return "by a person"
    sure = _percent(photo.confidence)
    return sure if photo.guess == shelf else f"{printable(photo.guess)} {sure}".lstrip()


def _percent(share: float) -> str:
    return percent_text(share).replace(" ", "\N{NO-BREAK SPACE}")


def _units(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
