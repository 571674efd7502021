"""One folder of photos in a bucket: its sidecars read, replaced whole, removed.

Stores put whole objects or none. Right before that the object's mark is compared with that of the
bytes that were read; between the two another program could still write: no store's client here
offers to replace an object on that condition.
"""

import threading
from collections.abc import Mapping
from typing import Any

from landmark_core.errors import RunError
from landmark_core.export import version_text
from landmark_core.library import StoreError, is_missing, persist, url_ref
from landmark_core.sidecars.elements import MAX_BYTES, UnfitError
from landmark_core.sidecars.found import ChangedError, Found, choose

Entry = Mapping[str, Any]


class BucketFolder:
    """Owns one folder in a bucket; several threads may use it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._entries: Mapping[str, Entry] | None = None

    def find(self, base: str) -> str | None:
        """Return the name of a sidecar as it is there: `.xmp` in any case; null for none."""
        return choose(base, self._look())

    def version_of(self, photo: str) -> str | None:
        """Return a photo's version as the tables have it; null where it is gone."""
        entry = self._look().get(photo)
        if entry is None:
            return None
        ref = url_ref(self._join(photo), entry)
        return version_text(ref.etag, ref.size_bytes, ref.modified_us)

    def read(self, name: str) -> Found:
        """Read a sidecar.

        Raises:
            UnfitError: if it cannot be read, or is too large.
            ChangedError: if it is gone.
        """
        url = self._join(name)
        entry = _ask(url)
        if entry is None:
            raise ChangedError
        if (entry.get("size") or 0) > MAX_BYTES:
            raise UnfitError(f"the sidecar is over {MAX_BYTES // 2**20} MiB")
        try:
            data = bytes(persist(url, lambda place: place.store.cat_file(place.path)))
        except StoreError as error:
            if is_missing(error.fault):
                raise ChangedError from error
            raise UnfitError(f"the sidecar cannot be read: {error}") from error
        return Found(data=data, version=_version(url, entry), path=url)

    def put(self, base: str, found: Found | None, data: bytes) -> None:
        """Write a sidecar whole.

        Args:
            base: its name without `.xmp`, where it is new.
            found: what it was; null where there was none.
            data: what it becomes.

        Raises:
            ChangedError: if it is no longer what was found; it stays as it is.
            UnfitError: if it cannot be written there.
        """
        url = self._join(f"{base}.xmp") if found is None else found.path
        _check(url, found)
        _change(url, lambda place: place.store.pipe_file(place.path, data))

    def remove(self, found: Found) -> None:
        """Remove a sidecar; raises as `put` does."""
        _check(found.path, found)
        _change(found.path, lambda place: place.store.rm_file(place.path))

    def settle(self) -> None:
        """Do nothing: objects are durable once they are there."""

    def look_again(self) -> None:
        """Forget what was in the folder."""
        with self._lock:
            self._entries = None

    def _look(self) -> Mapping[str, Entry]:
        with self._lock:
            if self._entries is None:
                self._entries = _list(self._url)
            return self._entries

    def _join(self, name: str) -> str:
        return f"{self._url}/{name}"


def _list(url: str) -> Mapping[str, Entry]:
    """Return the objects right in a folder by name.

    Raises:
        RunError: if the store does not say; without it every photo would seem to be gone.
    """
    try:
        entries = persist(url, lambda place: place.store.ls(place.path, detail=True))
    except StoreError as error:
        if is_missing(error.fault):
            return {}
        raise RunError(f"{url} cannot be listed: {error}") from error
    files = (entry for entry in entries if entry["type"] == "file")
    return {str(entry["name"]).rpartition("/")[2]: entry for entry in files}


def _ask(url: str) -> Entry | None:
    """Return what the store says of an object; null where there is none."""
    try:
        entry: Entry = persist(url, lambda place: place.store.info(place.path))
    except StoreError as error:
        if is_missing(error.fault):
            return None
        raise UnfitError(f"the sidecar cannot be read: {error}") from error
    return entry if entry["type"] == "file" else None


def _check(url: str, found: Found | None) -> None:
    entry = _ask(url)
    now = None if entry is None else _version(url, entry)
    if now != (None if found is None else found.version):
        raise ChangedError


def _change(url: str, action: Any) -> None:
    try:
        persist(url, action)
    except StoreError as error:
        raise UnfitError(f"the sidecar cannot be written: {error}") from error


def _version(url: str, entry: Entry) -> tuple[object, ...]:
    ref = url_ref(url, entry)
    return ref.etag, ref.size_bytes, ref.modified_us
