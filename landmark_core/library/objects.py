"""Ask a store about one object: what it is, its first bytes, all of its bytes.

Faults that may pass are tried again for the small questions; `fetch` does so itself for whole
photos. No call waits for ever, whatever the client.
"""

import functools
import logging
import threading
from collections.abc import Callable
from typing import IO, TypeVar, cast

from fsspec.asyn import AsyncFileSystem, sync

from landmark_core.errors import ConfigError
from landmark_core.library.dialects import Entry
from landmark_core.library.faults import code_of, hide_secrets, is_missing, is_passing, is_refused
from landmark_core.library.kinds import HEAD_BYTES
from landmark_core.library.persistence import StoreError, persist
from landmark_core.library.places import Place, open_place
from landmark_core.library.transfer import Transfer

logger = logging.getLogger(__name__)

_ANSWER_S = 60.0  # seconds for one answer

Answer = TypeVar("Answer")


def ask_entry(place: Place) -> Entry:
    """Return what the store says of the object or folder at a place.

    Raises:
        ConfigError: there is nothing, or the store does not let us see it.
    """
    try:
        return persist(place.url, _ask)
    except StoreError as error:
        reason = "there is none" if is_missing(error.fault) else str(error)
        raise ConfigError(
            f"expected a folder or an object at {hide_secrets(place.url)}: {reason}"
        ) from error


def read_head(place: Place, entry: Entry, length: int = HEAD_BYTES) -> bytes | None:
    """Return the first bytes of an object, to see what it is.

    Args:
        place: any in the same store.
        entry: the object.
        length: how many bytes.

    Returns:
        The bytes; none where it is empty or closed to us. Null where the store did not answer for
        all our tries, so that nothing is known of it.
    """
    try:
        return ask_head(place, entry, length)
    except StoreError as error:
        if is_passing(error.fault) or is_refused(error.fault):
            logger.warning("taken for a photo: %r: %s", hide_secrets(entry["name"]), error)
            return None
        logger.warning("not taken for a photo: %r: %s", hide_secrets(entry["name"]), error)
        return b""


def ask_head(place: Place, entry: Entry, length: int = HEAD_BYTES) -> bytes:
    """Return the first bytes of an object.

    Args:
        place: any in the same store.
        entry: the object.
        length: how many bytes.

    Raises:
        StoreError: it cannot be read.
    """
    size = entry.get("size")
    if not size:
        return b""  # a range request for an empty object is an error in most stores

    def read(now: Place) -> bytes:
        transfer = Transfer(size=size, etag=None, limit=min(size, length))
        read_object(now, entry["name"], transfer, _ANSWER_S)
        return bytes(transfer.data)

    return persist(place.url, read)


def open_stream(place: Place) -> IO[bytes]:
    """Open an object for reading from its start to its end; the client tries again by itself."""
    patient = open_place(place.url, is_patient=True)
    return cast("IO[bytes]", patient.store.open(patient.path, "rb"))


def read_object(place: Place, path: str, transfer: Transfer, timeout_s: float) -> None:
    """Add to a transfer what it lacks, in one try.

    Args:
        place: any in the same store.
        path: of the object, as the store's client calls it.
        transfer: keeps what came before the try failed, where the store can go on from there.
        timeout_s: seconds for the try, whatever the client.

    Raises:
        Exception: whatever the store's client raises; `faults` judges it.
    """
    store = place.store
    if place.dialect is not None:
        sync(store.loop, place.dialect.read, store, path, transfer, timeout=timeout_s)
        return
    transfer.data.clear()
    if not transfer.size:  # unknown, or empty: a range request for an empty object is an error
        data = within(timeout_s, functools.partial(_read_from_start, place, path, transfer.limit))
    elif isinstance(store, AsyncFileSystem):
        read = store._cat_file  # noqa: SLF001 (the public twin takes no timeout)
        data = sync(store.loop, read, path, start=0, end=transfer.limit, timeout=timeout_s)
    else:
        cat = functools.partial(store.cat_file, path, start=0, end=transfer.limit)
        data = within(timeout_s, cat)
    transfer.take(data)


def _read_from_start(place: Place, path: str, limit: int) -> bytes:
    with place.store.open(path, "rb") as file:
        return bytes(file.read(limit))


def _ask(place: Place) -> Entry:
    try:
        return _ask_client(place)
    except Exception as fault:
        is_told = is_missing(fault) or is_passing(fault) or not (code_of(fault) or "0").isdigit()
        if place.dialect is None or is_told:
            raise
        # The answer to a HEAD has no body that would say why; that to a listing has one.
        store, one = place.store, 1
        sync(store.loop, place.dialect.list_page, store, place.path, None, one, timeout=_ANSWER_S)
        raise


def _ask_client(place: Place) -> Entry:
    store = place.store
    if isinstance(store, AsyncFileSystem):
        ask = store._info  # noqa: SLF001 (the public twin takes no timeout)
        return cast("Entry", sync(store.loop, ask, place.path, timeout=_ANSWER_S))
    return cast("Entry", within(_ANSWER_S, functools.partial(store.info, place.path)))


def within(timeout_s: float, action: Callable[[], Answer]) -> Answer:
    """Do something that cannot be told to stop, and wait for it no longer than so many seconds.

    Raises:
        TimeoutError: it goes on by itself; nothing waits for it, not even the process's end.
    """
    answers: list[Answer] = []
    faults: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(action())
        except BaseException as fault:  # noqa: BLE001 (raised again by who waits)
            faults.append(fault)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(timeout_s)
    if faults:
        raise faults[0]
    if not answers:
        raise TimeoutError
    return answers[0]
