"""A bucket (any fsspec URL) as a place for results: object stores put whole objects or none.

Faults that may pass (503, throttling, time-outs, dropped connections) are tried again with growing
pauses, within a number of tries and a time limit; a refusal (400, 403, 404) fails at once. There
are no unfinished files here to sweep. Who may write is `lease`.
"""

import contextlib
import logging
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from landmark_core.addresses import without_secrets
from landmark_core.backoff import pause_seconds
from landmark_core.errors import RunError
from landmark_core.library import describe_fault, is_passing
from landmark_core.tables.client import http_status, is_unknown_option, open_client

logger = logging.getLogger(__name__)

_IN_MEMORY = threading.Lock()  # the memory file system looks and writes in two steps
_NOT_OFFERED = 501  # HTTP: the store knows no conditional writes
_PRECONDITION_FAILED = 412

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to bear with a store that fails."""

    tries: int = 8
    limit_s: float = 120.0  # seconds from the first try; no further one begins after that


class Bucket:
    """Owns one fsspec URL; names are relative to it, with `/` between their parts."""

    def __init__(
        self,
        url: str,
        *,
        patience: Patience | None = None,
        before_write: Callable[[], None] = lambda: None,
        sleep: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Open the file system of a URL.

        Args:
            url: of the place.
            patience: null for the usual one.
            before_write: called before every try of a write; what it raises ends the write.
            sleep: waits so many seconds between two tries.
            draw: gives numbers in [0, 1) for the pauses.

        Raises:
            ConfigError: if nothing installed can open such URLs.
        """
        self.label = without_secrets(url)
        self._patience = patience or Patience()
        self._before_write = before_write
        self._sleep = sleep
        self._draw = draw
        self._fs, self._root = open_client(url)

    def put(self, name: str, data: bytes) -> None:
        """Write one whole object.

        Raises:
            RunError: if the store refuses it, or goes on failing.
        """
        self._write(name, lambda: self._fs.pipe_file(self._path(name), data))

    def put_new(self, name: str, data: bytes) -> bool:
        """Write one whole object where there is none of that name, as one step of the store's.

        Args:
            name: of the object.
            data: something that nobody else would write there, such as a text with a random token:
                where the answer to a write of ours was lost, the content tells whose object it is.

        Returns:
            Whether the object there is ours.

        Raises:
            RunError: if the store refuses it, or goes on failing.
        """
        if self._write(name, lambda: self._create(self._path(name), data)):
            return True
        # Ours all the same, where a try succeeded whose answer did not arrive.
        with contextlib.suppress(FileNotFoundError):
            return self.get(name) == data
        return False

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
            self._write(name, lambda: self._fs.put_file(str(path), self._path(name)))

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
        try:
            # Not isfile(), which takes every fault for a no.
            entry = self._try(name, lambda: self._fs.info(self._path(name)))
        except FileNotFoundError:
            return False
        return bool(entry["type"] == "file")

    def remove(self, name: str) -> None:
        """Remove an object if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self._write(name, lambda: self._fs.rm_file(self._path(name)))

    def remove_empty(self, folder: str) -> None:
        """Do nothing: a bucket has no folders but in the names of objects."""

    def list_names(self, folder: str, *, hidden: bool = False) -> list[str]:
        """Return the names of all objects below a folder, sorted.

        Args:
            folder: relative to this place.
            hidden: whether names with a part that begins with a dot are named too.
        """
        self._fs.invalidate_cache()
        found = self._try(folder, lambda: self._fs.find(self._path(folder)))
        names = map(self._relative, found)
        return sorted(name for name in names if hidden or not _is_hidden(name))

    def list_folders(self, folder: str) -> list[str]:
        """Return the names of the folders right in a folder, sorted."""
        self._fs.invalidate_cache()
        try:
            entries = self._try(folder, lambda: self._fs.ls(self._path(folder), detail=True))
        except FileNotFoundError:
            return []
        folders = (str(entry["name"]) for entry in entries if entry["type"] == "directory")
        return sorted(self._relative(name.rstrip("/")) for name in folders)

    def list_temporary(self, folder: str) -> list[str]:  # noqa: ARG002 (as a folder has it)
        """Return nothing: what is not whole is not there."""
        return []

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if self._root else name

    def _relative(self, path: str) -> str:
        return str(path)[len(self._path("")) if self._root else 0 :]

    def _create(self, path: str, data: bytes) -> bool:
        """Write an object on the condition that there is none; return whether it was written."""
        try:
            with _IN_MEMORY if "memory" in self._fs.protocol else contextlib.nullcontext():
                # S3 and Azure are sent If-None-Match, Google ifGenerationMatch=0.
                self._fs.pipe_file(path, data, mode="create")
        except FileExistsError:
            return False
        except Exception as error:  # each client raises its own kinds
            status = http_status(error)
            if status == _PRECONDITION_FAILED:
                return False
            if status != _NOT_OFFERED and not is_unknown_option(error):
                raise
            logger.warning("%s: no conditional writes here; start one run at a time", self.label)
            if self._fs.exists(path):
                return False
            self._fs.pipe_file(path, data)
        return True

    def _write(self, name: str, action: Callable[[], Result]) -> Result:
        def write() -> Result:
            self._before_write()
            return action()

        return self._try(name, write)

    def _try(self, name: str, action: Callable[[], Result]) -> Result:
        begun = time.monotonic()
        for attempt in range(1, self._patience.tries + 1):
            try:
                return action()
            except (FileNotFoundError, RunError):
                raise  # answers, for callers that look before they write; and our own stop
            # Every store's client has its own errors; all of them become one line here.
            except Exception as error:
                pause = pause_seconds(attempt, self._draw)
                late = time.monotonic() - begun + pause > self._patience.limit_s
                if attempt == self._patience.tries or late or not is_passing(error):
                    tried = f" (try {attempt} of {self._patience.tries})" if attempt > 1 else ""
                    reason = f"{describe_fault(error)}, at {name}{tried}"
                    raise RunError(f"{self.label}: {reason}") from error
                self._sleep(pause)
        raise AssertionError("the last try returns or raises")


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))
