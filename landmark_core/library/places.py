"""Reach one spot in a bucket: make its client, ask what is there, read bytes.

Everything that this project asks of fsspec for photos goes through here, so the few private names
that it needs of it stand in one module. Faults are passed on; `faults` judges them.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import fsspec
from fsspec.asyn import AsyncFileSystem, sync

from landmark_core.errors import ConfigError
from landmark_core.library.faults import describe_fault, hide_secrets
from landmark_core.library.kinds import HEAD_BYTES
from landmark_core.protocols import extra_for

logger = logging.getLogger(__name__)


Entry = Mapping[
    str, Any
]  # one object as fsspec lists it: name, size, type and the store's own keys


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a bucket: the client that reaches it and its path there."""

    store: fsspec.AbstractFileSystem
    path: str
    url: str  # as the user wrote it, without slashes at its end

    def url_of(self, name: str) -> str:
        """Return the URL of an object below this place; keeps the user's scheme and account."""
        return self.url + name[len(self.path.rstrip("/")) :]


def open_place(url: str) -> Place:
    """Make the client for a URL, without asking the store anything.

    Raises:
        ConfigError: the protocol is unknown, or its client is not installed or not set up.
    """
    protocol, _, rest = url.partition("://")
    protocol = protocol.lower()
    try:
        kind = fsspec.get_filesystem_class(protocol)
        # Not url_to_fs: it reads "::" inside a key as a chain of stores.
        options = kind._get_kwargs_from_urls(url)  # noqa: SLF001 (what url_to_fs itself calls)
        # Without the cache of listings, which grows with the library and hides changed photos.
        store = kind(**{**options, "use_listings_cache": False})
        path = str(kind._strip_protocol(url))  # noqa: SLF001
        return Place(store, path, protocol + "://" + rest.rstrip("/"))
    except ImportError as error:
        extra = extra_for(protocol)
        remedy = f"pip install 'landmark-tagger[{extra}]'" if extra else f"install {error.name}"
        raise ConfigError(f"{protocol}:// needs a client that is missing: {remedy}") from error
    except ValueError as error:
        known = "a folder, a photo, a list file, s3://, gs://, az:// or memory://"
        raise ConfigError(f"cannot open {protocol}://: {error}; expected {known}") from error


def read_head(store: fsspec.AbstractFileSystem, entry: Entry, length: int = HEAD_BYTES) -> bytes:
    """Return an object's first bytes; none where it is empty or cannot be read."""
    if not entry.get("size"):
        return b""  # a range request for an empty object is an error in most stores
    try:
        return bytes(store.cat_file(entry["name"], start=0, end=length))
    except Exception as error:  # noqa: BLE001 (each client raises its own kinds)
        logger.warning("not taken for a photo: %r: %s", entry["name"], describe_fault(error))
        return b""


def ask_entry(place: Place) -> Entry:
    """Return what the store says of the object or folder at a place.

    Raises:
        ConfigError: there is nothing, or the store does not let us see it.
    """
    try:
        entry: Entry = place.store.info(place.path)
    except Exception as error:  # each client raises its own kinds
        reason = "there is none" if isinstance(error, FileNotFoundError) else describe_fault(error)
        raise ConfigError(
            f"expected a folder or an object at {hide_secrets(place.url)}: {reason}"
        ) from error
    return entry


def read_object(place: Place, size: int | None, limit: int, timeout_s: float) -> bytes:
    """Return an object's bytes, at most `limit` of them.

    Args:
        place: the object.
        size: bytes as listed; null where unknown.
        limit: where to stop.
        timeout_s: seconds for the whole transfer; only asynchronous clients keep it.

    Raises:
        Exception: whatever the store's client raises; `faults` judges it.
    """
    store = place.store
    if not size:  # unknown, or empty: a range request for an empty object is an error
        with store.open(place.path, "rb") as file:
            return bytes(file.read(limit))
    if isinstance(store, AsyncFileSystem):
        read = store._cat_file  # noqa: SLF001 (the public twin takes no timeout)
        return bytes(sync(store.loop, read, place.path, start=0, end=limit, timeout=timeout_s))
    return bytes(store.cat_file(place.path, start=0, end=limit))
