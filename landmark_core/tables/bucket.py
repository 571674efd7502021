"""A bucket (any fsspec URL) as a place for results: object stores put whole objects or none.

Faults that may pass are tried again with growing pauses. There is no lock and no sweep here:
object stores have neither a portable lock nor temporary names.
"""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import fsspec
from fsspec.core import url_to_fs

from landmark_core.errors import ConfigError, RunError
from landmark_core.protocols import extra_for

_PAUSES = (0.5, 2.0, 8.0)  # seconds before each further try
_FINAL = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)

Result = TypeVar("Result")


class Bucket:
    """Owns one fsspec URL; names are relative to it, with `/` between their parts."""

    def __init__(self, url: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Open the file system of a URL.

        Raises:
            ConfigError: if nothing installed can open such URLs.
        """
        self.label = url
        self._sleep = sleep
        self._fs, self._root = _open_file_system(url)

    def put(self, name: str, data: bytes) -> None:
        """Write one whole object.

        Raises:
            RunError: if the store refuses it, or goes on failing.
        """
        self._try(name, lambda: self._fs.pipe_file(self._path(name), data))

    def put_unsettled(self, name: str, data: bytes) -> None:
        """Write one whole object: a bucket makes every one of them durable."""
        self.put(name, data)

    def settle(self, folder: str) -> None:
        """Do nothing: objects are durable once they are there."""

    @contextlib.contextmanager
    def new_file(self, name: str) -> Iterator[Path]:
        """Lend a local path to write to; it is uploaded as `name` when the block ends well."""
        with tempfile.TemporaryDirectory(prefix="landmarks-") as folder:
            path = Path(folder, "upload")
            yield path
            self._try(name, lambda: self._fs.put_file(str(path), self._path(name)))

    def get(self, name: str) -> bytes:
        """Return an object's content; FileNotFoundError where there is none."""
        return bytes(self._try(name, lambda: self._fs.cat_file(self._path(name))))

    def open(self, name: str) -> BinaryIO:
        """Open an object for reading at any position, by range requests."""
        opened = self._try(name, lambda: self._fs.open(self._path(name), "rb", cache_type="none"))
        return cast("BinaryIO", opened)

    def exists(self, name: str) -> bool:
        """Whether an object of this name is there."""
        self._fs.invalidate_cache()  # others write here too
        return bool(self._try(name, lambda: self._fs.isfile(self._path(name))))

    def remove(self, name: str) -> None:
        """Remove an object if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self._try(name, lambda: self._fs.rm_file(self._path(name)))

    def list_names(self, folder: str) -> list[str]:
        """Return the names of all objects below a folder, sorted; hidden ones are left out."""
        self._fs.invalidate_cache()
        found = self._try(folder, lambda: self._fs.find(self._path(folder)))
        start = len(self._path("")) if self._root else 0
        names = (str(path)[start:] for path in found)
        return sorted(name for name in names if not _is_hidden(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if self._root else name

    def _try(self, name: str, action: Callable[[], Result]) -> Result:
        for pause in (*_PAUSES, None):
            try:
                return action()
            except FileNotFoundError:
                raise  # an answer, for callers that look before they write
            # Every store's client has its own errors; all of them become one line here.
            except Exception as error:
                if pause is None or isinstance(error, _FINAL):
                    raise RunError(f"{self.label}: {_first_line(error)}, at {name}") from error
                self._sleep(pause)
        raise AssertionError("the last try returns or raises")


def _open_file_system(url: str) -> tuple[fsspec.AbstractFileSystem, str]:
    scheme = url.partition("://")[0]
    try:
        # Listings are asked anew: other runs and people write to the same place.
        file_system, root = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        extra = extra_for(scheme)
        needed = f"landmark-tagger[{extra}]" if extra else f"the fsspec package for {scheme}://"
        raise ConfigError(f"cannot open {url}: pip install '{needed}'") from error
    except ValueError as error:
        raise ConfigError(f"cannot open {url}: {_first_line(error)}") from error
    return file_system, str(root).rstrip("/")


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _first_line(error: BaseException) -> str:
    lines: list[Any] = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
