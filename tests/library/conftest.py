"""Stores that are real and small: an S3 server and a web server on this machine."""

import http.server
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import fsspec
import pytest


@pytest.fixture
def bucket() -> Iterator[str]:
    """An empty folder of fsspec's in-memory store."""
    store = fsspec.filesystem("memory")
    path = f"/lib-{uuid.uuid4().hex}"
    store.mkdir(path)
    yield f"memory:/{path}"
    store.rm(path, recursive=True)


@dataclass
class Web:
    """A web server: what it answers, by path, and what it was asked."""

    url: str
    answers: dict[str, Callable[[http.server.BaseHTTPRequestHandler], None]]
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server whose answers each test writes."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            site.answers[self.path.partition("?")[0]](self)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        site = Web(f"http://127.0.0.1:{server.server_port}", {})
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield site
        server.shutdown()
