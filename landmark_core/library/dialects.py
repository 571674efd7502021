"""What the stores' clients do not offer alike: one page of a flat listing, one resumable read.

`s3_dialect`, `gs_dialect` and `az_dialect` say it for their client; a store without a dialect is
listed folder by folder and read in one piece. Everything that this project needs of the clients
beyond what fsspec promises stands in these modules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

import fsspec

from landmark_core.library.transfer import Transfer

# One object as a store lists it: name, size, type and the store's own keys.
Entry = Mapping[str, Any]

_MODULES = {
    "s3": "s3_dialect",
    "s3a": "s3_dialect",
    "gs": "gs_dialect",
    "gcs": "gs_dialect",
    "az": "az_dialect",
    "abfs": "az_dialect",
    "abfss": "az_dialect",
}


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to a listing."""

    entries: list[Entry]
    token: str | None  # asks for the next page; null after the last


class Dialect(Protocol):
    """A module that speaks to one kind of client; its coroutines run on the client's loop."""

    def settle(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options of a client that leaves all retries to us."""
        ...

    def quiet(self, store: fsspec.AbstractFileSystem) -> None:
        """Turn off what retries its options cannot."""
        ...

    async def list_page(
        self, store: fsspec.AbstractFileSystem, path: str, token: str | None, size: int
    ) -> Page:
        """Return one page of all objects below a path, in key order."""
        ...

    async def read(self, store: fsspec.AbstractFileSystem, path: str, transfer: Transfer) -> None:
        """Add the bytes that a transfer lacks; those that came stay where it breaks off."""
        ...


def dialect_of(protocol: str) -> Dialect | None:
    """Return the dialect of a URL's protocol; null where there is none."""
    name = _MODULES.get(protocol)
    return None if name is None else cast("Dialect", import_module(f"landmark_core.library.{name}"))


def prefix_of(key: str) -> str:
    """Return what all keys below a folder begin with."""
    return key.rstrip("/") + "/" if key else ""
