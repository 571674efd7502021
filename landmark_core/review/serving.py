"""Serve the review page of one OUT until it is ended: a socket, a browser, a clean end."""

import contextlib
import os
import random
import secrets
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType

import numpy as np
import pyarrow.compute as pc
import uvicorn

from landmark_core.errors import ConfigError
from landmark_core.library import is_url
from landmark_core.report_text import printable
from landmark_core.review.catalogue import MOST_WAITING, Catalogue, open_catalogue
from landmark_core.review.decisions import DecisionLog
from landmark_core.review.desk import Desk
from landmark_core.review.groups import LookAlikes
from landmark_core.review.guard import LOOPBACK
from landmark_core.review.look_finder import LookFinder
from landmark_core.review.memory import give_freed_memory_back
from landmark_core.review.past import judged
from landmark_core.review.pictures import Pictures
from landmark_core.review.server import Front, build_app
from landmark_core.review.summary import summarise
from landmark_core.review.wire import MOST_REVIEWER
from landmark_core.tables import Store

FIRST_PORT = 8765
_PORTS_TRIED = 20
_LOOK_SIDE = 64  # pixels: what a look is taken from
_GRACE_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """Where and for whom the page is served."""

    host: str = "127.0.0.1"
    port: int | None = None  # null: 8765, or the next free one
    reviewer: str
    opens_browser: bool = True
    most_waiting: int = MOST_WAITING  # photos laid out at once

    def __post_init__(self) -> None:
        if not 1 <= len(self.reviewer) <= MOST_REVIEWER or not self.reviewer.isprintable():
            raise ConfigError(
                f"--reviewer: expected 1 to {MOST_REVIEWER} printable characters, "
                f"got {printable(self.reviewer)[:70]!r}"
            )
        if self.port is not None and not 1 <= self.port <= 65_535:
            raise ConfigError(f"--port: expected 1 to 65535, got {self.port}")
        if self.most_waiting < 1:
            raise ConfigError(f"--max-photos: expected 1 or more, got {self.most_waiting}")


def serve(
    out: str,
    options: ServeOptions,
    *,
    clock: Callable[[], datetime],
    rng: random.Random,
    announce: Callable[[str], None],
) -> None:
    """Serve until SIGINT or SIGTERM comes; every decision is saved when it is answered.

    Args:
        out: OUT.
        options: where and for whom.
        clock: tells the time, UTC.
        rng: for identifiers.
        announce: gets each line that a person should read.

    Raises:
        ConfigError: if OUT is broken, foreign, empty or not writable, or the port is taken.
        RunError: if scratch room runs out.
    """
    give_freed_memory_back()
    store = Store(out)
    log = DecisionLog(store, clock=clock, rng=rng)
    log.load()
    with contextlib.ExitStack() as stack:
        catalogue = stack.enter_context(
            open_catalogue(store, log.photo_ids(), most_waiting=options.most_waiting)
        )
        store.check_writable()
        listener = stack.enter_context(_listen(options))
        pictures = Pictures(store)
        looks = _looks(catalogue, pictures)
        stack.callback(looks.stop)
        further_tags = tuple(
            dict.fromkeys(name for run in store.read_runs() for name in run.class_names)
        )
        desk = Desk(store, catalogue, log, looks, further_tags=further_tags, clock=clock, rng=rng)
        token = None if options.host in LOOPBACK else secrets.token_urlsafe(24)
        front = Front(
            desk=desk,
            pictures=pictures,
            summarise=lambda: summarise(judged(log), audit_pool=catalogue.machine_settled),
            out=store.out if is_url(out) else str(Path(out).resolve()),
            reviewer=options.reviewer,
            runs=catalogue.runs,
            token=token,
        )
        address = _address(options.host, listener.getsockname()[1], token)

        def begin() -> None:
            _announce(announce, address, catalogue)
            looks.start()
            if options.opens_browser:
                _open_browser(address)

        config = uvicorn.Config(
            build_app(front),
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        _Server(config, begin).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Ends well on SIGINT and SIGTERM, instead of passing them on to the process afterwards."""

    def __init__(self, config: uvicorn.Config, begin: Callable[[], None]) -> None:
        super().__init__(config)
        self._begin = begin

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._begin()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._end) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, _: int, __: FrameType | None) -> None:
        self.force_exit = self.should_exit  # asked a second time: now
        self.should_exit = True


def _looks(catalogue: Catalogue, pictures: Pictures) -> LookFinder:
    """Prepare the search for look-alikes: the same bytes are known already."""
    groups = LookAlikes(len(catalogue), moments=catalogue.moment, folders=catalogue.folder)
    digests = pc.dictionary_encode(catalogue.rows["content_sha256"].combine_chunks())
    codes = pc.fill_null(digests.indices, -1).to_numpy(zero_copy_only=False)
    by_code = np.argsort(codes, kind="stable")
    same = (codes[by_code][1:] == codes[by_code][:-1]) & (codes[by_code][1:] >= 0)
    for place in np.flatnonzero(same).tolist():
        groups.join(int(by_code[place]), int(by_code[place + 1]))
    # Neighbours in a folder are read one after the other.
    order = np.lexsort((catalogue.moment, catalogue.folder))
    return LookFinder(
        groups, order, lambda number: pictures.read_small(catalogue.item(number), _LOOK_SIDE)
    )


def _listen(options: ServeOptions) -> socket.socket:
    ports = range(FIRST_PORT, FIRST_PORT + _PORTS_TRIED) if options.port is None else [options.port]
    for port in ports:
        try:
            family, *_, address = socket.getaddrinfo(
                options.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            return _bind(family, address)
        except OSError as error:
            reason = error.strerror or str(error)
            if port == ports[-1]:
                raise ConfigError(
                    f"cannot listen on {options.host} port {port} ({reason}); "
                    "give another --port or --host"
                ) from error
    raise AssertionError("there is a port to try")


def _bind(family: int, address: object) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # a killed server's port can be taken again at once
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)  # type: ignore[arg-type]
        listener.listen(128)  # here, so that a port in use is known before anything is said
    except OSError:
        listener.close()
        raise
    return listener


def _address(host: str, port: int, token: str | None) -> str:
    name = socket.gethostname() if host in ("0.0.0.0", "::") else host  # noqa: S104
    name = f"[{name}]" if ":" in name else name
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")


def _announce(announce: Callable[[str], None], address: str, catalogue: Catalogue) -> None:
    if catalogue.waiting_left_out:
        announce(
            f"{catalogue.waiting_left_out} more photos wait than are shown at once; "
            "they come up after a restart, or with --max-photos N"
        )
    announce(f"Review at {address} (Ctrl-C ends it; every decision is saved at once)")


def _open_browser(address: str) -> None:
    """Open the page where there is a screen; else a text browser would take the terminal."""
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if has_screen or sys.platform in ("darwin", "win32"):
        threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
