"""Read the first bytes of one photo, wherever it lies, for a check before a run."""

from pathlib import Path

from landmark_core.errors import ConfigError
from landmark_core.library.identity import is_url
from landmark_core.library.kinds import HEAD_BYTES
from landmark_core.records import PhotoRef


def ask_first_bytes(ref: PhotoRef) -> bytes:
    """Return up to 64 bytes; faults that may pass are tried again.

    Raises:
        ConfigError: they cannot be read; its cause is what the store's client raised.
    """
    if not is_url(ref.location):
        try:
            with Path(ref.location).open("rb") as file:
                return file.read(HEAD_BYTES)
        except OSError as error:
            raise ConfigError(f"{ref.uri}: {error.strerror}") from error
    # fsspec takes a while to import, and folders do not need it.
    from landmark_core.library.objects import ask_head
    from landmark_core.library.persistence import StoreError
    from landmark_core.library.places import open_place

    place = open_place(ref.location)
    try:
        return ask_head(place, {"name": place.path, "size": ref.size_bytes or HEAD_BYTES})
    except StoreError as error:
        raise ConfigError(f"{ref.uri}: {error}") from error
