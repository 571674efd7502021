"""Try once what a run will do all night: list, read, write, read back, remove; say what is missing.

Each step is tried for real, against the real place, and a failure says in one line what happened
and what to type or to allow. Nothing is decoded, no model is loaded, and OUT is left as it was.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from landmark_core.checking_text import Step, advise
from landmark_core.errors import ConfigError, RunError
from landmark_core.library import Listing, first_bytes_of, is_url, open_listing
from landmark_core.records import PhotoRef
from landmark_core.tables import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One step that was tried."""

    step: Step
    place: str  # SOURCE or OUT as it was typed
    ok: bool
    said: str  # what was seen, or what went wrong
    advice: str | None  # what to do about it; null where it went well


def check_places(source: str, out: str) -> Iterator[Check]:
    """Yield each step as it has been tried; what a failure makes impossible is left out.

    Args:
        source: folder, photo, list or URL.
        out: folder or URL.
    """
    yield from _check_source(source)
    yield from _check_out(out)


def check_readable(ref: PhotoRef) -> None:
    """See that the bytes of a photo in a bucket can be read; local ones are read soon enough.

    Raises:
        ConfigError: they cannot be; says what to do. A photo that is gone is no reason.
    """
    if not is_url(ref.location):
        return
    try:
        first_bytes_of(ref)
    except ConfigError as error:
        advice = advise("read", ref.location, str(error))
        raise ConfigError(f"{error}; {advice}") from error


def _check_source(source: str) -> Iterator[Check]:
    found: list[Listing] = []
    opened = _try("open", source, lambda: found.append(open_listing(source)) or "is there")
    yield opened
    if not opened.ok:
        return
    photos: list[PhotoRef] = []
    listed = _try("list", source, lambda: _first_photo(found[0], photos))
    yield listed
    if photos:
        yield _try("read", source, lambda: _read_photo(photos[0]))


def _first_photo(listing: Listing, photos: list[PhotoRef]) -> str:
    photos += [photo for photo in [next(iter(listing), None)] if photo is not None]
    if not photos:
        raise ConfigError(f"no photos among {listing.counts.not_photos} files")
    return f"the first photo is {photos[0].uri}"


def _read_photo(photo: PhotoRef) -> str:
    return f"{first_bytes_of(photo)} bytes of it were read"


def _check_out(out: str) -> Iterator[Check]:
    stores: list[Store] = []
    opened = _try("open", out, lambda: stores.append(Store(out)) or "can be named")
    if not opened.ok:
        yield opened
        return
    for step, seen, work in stores[0].probe():
        done = _try(step, out, lambda work=work, seen=seen: work() or seen)  # type: ignore[misc]
        yield done
        if not done.ok:
            return


def _try(step: Step, place: str, work: Callable[[], str]) -> Check:
    try:
        return Check(step=step, place=place, ok=True, said=work(), advice=None)
    except (ConfigError, RunError, OSError) as error:
        said = " ".join(str(error).split())
        return Check(step=step, place=place, ok=False, said=said, advice=advise(step, place, said))
