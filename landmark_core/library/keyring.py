"""What opens photos whose URLs carry a key, for as long as this process lives.

Plans and tables hold such a photo's address without its signature or password (`addresses`). The
planning process leaves the whole URL here, and whoever reads the plan in the same process gets it
back. In a database of SQLite's without a name (https://sqlite.org/inmemorydb.html#temp_db), which
goes with the process and spills to a file that nobody else can open: a list may hold millions.
"""

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import replace

from landmark_core.addresses import is_secret
from landmark_core.records import PhotoRef

_TABLE = "CREATE TABLE keys (photo_id TEXT PRIMARY KEY, location BLOB) WITHOUT ROWID"


class _Keyring:
    """Owns the database, from the first key on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None

    def keep(self, photo_id: str, location: str) -> None:
        """Remember what opens a photo, in the place of what it was."""
        with self._lock:
            if self._database is None:
                self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
                self._database.execute(_TABLE)
            insert = "INSERT OR REPLACE INTO keys VALUES (?, ?)"
            # surrogateescape: a list of URLs may hold bytes that are no text
            data = location.encode("utf-8", "surrogateescape")
            self._database.execute(insert, (photo_id, data))

    def find(self, photo_id: str) -> str | None:
        """Return what opens a photo; null where nothing was kept for it."""
        with self._lock:
            if self._database is None:
                return None
            query = "SELECT location FROM keys WHERE photo_id = ?"
            row = self._database.execute(query, (photo_id,)).fetchone()
            return None if row is None else bytes(row[0]).decode("utf-8", "surrogateescape")

    @property
    def is_empty(self) -> bool:
        """Whether no key was kept yet."""
        return self._database is None


_KEYRING = _Keyring()


def keep_key(ref: PhotoRef) -> bool:
    """Keep what opens a photo, if its location is a key; say whether it is one."""
    if not is_secret(ref.location):
        return False
    _KEYRING.keep(ref.photo_id, ref.location)
    return True


def with_keys(refs: Sequence[PhotoRef]) -> list[PhotoRef]:
    """Return photos of a plan with the locations that this process kept for them."""
    if _KEYRING.is_empty:
        return list(refs)
    found = ((ref, _KEYRING.find(ref.photo_id)) for ref in refs)
    return [ref if key is None else replace(ref, location=key) for ref, key in found]
