"""Reach one spot in a bucket: make its client and know its path there.

Everything that this project asks of fsspec for photos goes through here, `objects` and the
dialects. Nothing is asked of the store itself.
"""

import threading
from dataclasses import dataclass

import fsspec

from landmark_core.addresses import clean_text
from landmark_core.errors import ConfigError
from landmark_core.library.dialects import Dialect, dialect_of
from landmark_core.protocols import extra_for

_renewal = threading.Lock()


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a bucket: the client that reaches it and its path there."""

    store: fsspec.AbstractFileSystem
    path: str
    url: str  # as the user wrote it, without slashes at its end

    @property
    def dialect(self) -> Dialect | None:
        """What this place's client can do beyond fsspec; null where that is nothing."""
        return dialect_of(self.url.partition("://")[0])

    def url_of(self, name: str) -> str:
        """Return the URL of an object below this place; keeps the user's scheme and account."""
        return self.url + name[len(self.path.rstrip("/")) :]


def open_place(url: str, *, is_patient: bool = False) -> Place:
    """Make the client for a URL, or take the one that is there; the store is not asked anything.

    Args:
        url: of a bucket, a folder in it or an object.
        is_patient: leave it to the client to try again what fails; by default all tries are ours.

    Raises:
        ConfigError: the protocol is unknown, or its client is not installed or not set up.
    """
    protocol, _, rest = url.partition("://")
    protocol = protocol.lower()
    try:
        kind = fsspec.get_filesystem_class(protocol)
        # Not url_to_fs: it reads "::" inside a key as a chain of stores.
        options = kind._get_kwargs_from_urls(url)  # noqa: SLF001 (what url_to_fs itself calls)
        dialect = None if is_patient else dialect_of(protocol)
        if dialect is not None:
            options = dialect.settle(options)
        # Without the cache of listings, which grows with the library and hides changed photos.
        store = kind(**{**options, "use_listings_cache": False})
        if dialect is not None:
            dialect.quiet(store)
        path = str(kind._strip_protocol(url))  # noqa: SLF001
        return Place(store, path, protocol + "://" + rest.rstrip("/"))
    except ImportError as error:
        extra = extra_for(protocol)
        remedy = f"pip install 'landmark-tagger[{extra}]'" if extra else f"install {error.name}"
        raise ConfigError(f"{protocol}:// needs a client that is missing: {remedy}") from error
    except ValueError as error:
        known = "a folder, a photo, a list file, s3://, gs://, az:// or memory://"
        reason = clean_text(str(error))
        raise ConfigError(f"cannot open {protocol}://: {reason}; expected {known}") from error


def renew_client(place: Place) -> None:
    """Let the next `open_place` make a new client, unless another thread has done so.

    It reads the environment, credential files, profiles and roles again, which somebody may have
    refreshed since.
    """
    with _renewal:
        if open_place(place.url).store is place.store:
            type(place.store).clear_instance_cache()
