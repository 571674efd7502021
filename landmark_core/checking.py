"""Try once what a run will do all night: list, read, write, read back, create, remove.

Each step is tried for real at the real place; a failure says in one line what happened, and what to
type or to allow. Nothing is decoded, no model is loaded, and OUT is left as it was.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from landmark_core.addresses import clean_text, without_secrets
from landmark_core.errors import ConfigError, LandmarkError, RunError
from landmark_core.library import (
    Listing,
    Step,
    advise,
    ask_first_bytes,
    describe_fault,
    is_url,
    open_listing,
)
from landmark_core.records import PhotoRef
from landmark_core.tables import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One step that was tried."""

    step: Step
    place: str  # SOURCE or OUT as it was typed
    ok: bool
    said: str  # what was seen, or what went wrong
    advice: str | None  # what to do about it; null where it went well, or nothing better is known


def check_places(source: str, out: str) -> Iterator[Check]:
    """Yield each step once it has been tried; what a failure makes impossible is not tried.

    Args:
        source: folder, photo, list or URL.
        out: folder or URL.
    """
    yield from check_source(source)
    yield from check_out(out)


def check_source(source: str) -> Iterator[Check]:
    """Yield whether SOURCE is there, its first page can be listed and its first photo read."""
    listings: list[Listing] = []
    photos: list[PhotoRef] = []

    def open_it() -> str:
        listings.append(open_listing(source))
        return "it is there"

    def list_it() -> str:
        photos.append(_first_photo(listings[0]))
        return f"the first photo is {photos[0].uri}"

    def read_it() -> str:
        return f"{len(ask_first_bytes(photos[0]))} bytes of it came"

    yield from _try_all(source, (("open", open_it), ("list", list_it), ("read", read_it)))


def check_out(out: str) -> Iterator[Check]:
    """Yield whether a file in OUT can be written, read back, created only once, and removed."""
    name, token = f"runs/.probe-{secrets.token_hex(4)}", secrets.token_bytes(16)
    stores: list[Store] = []

    def write_it() -> str:
        stores.append(Store(out))
        stores[0].place.put(name, token)
        return f"{name} was written"

    def read_it() -> str:
        if stores[0].place.get(name) != token:
            raise ConfigError(f"{out} returns other bytes than it got")
        return "the same bytes came back"

    def create_it() -> str:
        # Two runs at once know of each other only where a file cannot be created twice.
        if stores[0].place.put_new(name, secrets.token_bytes(16)):
            raise ConfigError(
                f"{out} creates a file that is there already: runs cannot keep out of each "
                "other's way; start one at a time"
            )
        return "a file that is there was not created again"

    def remove_it() -> str:
        stores[0].place.remove(name)
        if stores[0].place.exists(name):
            raise ConfigError(f"{out} keeps a file that was removed")
        return "it was removed"

    steps: tuple[tuple[Step, Callable[[], str]], ...] = (
        ("write", write_it),
        ("read back", read_it),
        ("create", create_it),
    )
    yield from _try_all(out, steps)
    if stores:  # also after a failure: the probe may be there
        yield from _try_all(out, (("remove", remove_it),))


def _try_all(place: str, steps: "tuple[tuple[Step, Callable[[], str]], ...]") -> Iterator[Check]:
    """Try steps until one fails."""
    for step, work in steps:
        try:
            said = work()
        except (LandmarkError, OSError) as error:
            said = _say(error, place)
            advice = advise(step, place, error, os.environ)
            yield Check(step=step, place=without_secrets(place), ok=False, said=said, advice=advice)
            return
        yield Check(step=step, place=without_secrets(place), ok=True, said=said, advice=None)


def _say(error: Exception, place: str) -> str:
    """Say what went wrong; what a store's client said of it may quote signed URLs and keys."""
    if is_url(place) and isinstance(error, RunError) and error.__cause__ is not None:
        return describe_fault(error.__cause__)
    return clean_text(" ".join(str(error).split()))


def _first_photo(listing: Listing) -> PhotoRef:
    photo = next(iter(listing), None)
    if photo is None:
        raise ConfigError(f"no photos among {listing.counts.not_photos} files")
    return photo
