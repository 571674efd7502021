"""A proxy before an object store that breaks answers by rule and seed, and keeps a log of it all.

What it does to a request follows from the seed, the request and how often it came, not from the
order in which requests of many threads arrive: the same run meets the same faults.
"""

import contextlib
import hashlib
import http.client
import http.server
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

Fault = Literal["slow_down", "internal", "reset", "stall", "truncated", "trickle", "expired"]

_TRICKLE_S = 0.02  # seconds between two pieces
_OWN_HEADERS = {"transfer-encoding", "connection", "content-length", "keep-alive"}


@dataclass(frozen=True)
class Rule:
    """Which requests meet which fault."""

    fault: Fault
    share: float = 1.0  # of the requests that match
    matches: Callable[[str, str], bool] = lambda _method, _path: True
    times: int | None = None  # so many requests at most; null for all


@dataclass(frozen=True)
class Exchange:
    """One request as the proxy saw it."""

    method: str
    path: str  # with the query
    range: str | None
    status: int
    fault: Fault | None


@dataclass
class Proxy:
    """A running proxy; rules may be changed while it runs."""

    url: str
    rules: Sequence[Rule] = ()
    seed: int = 0
    in_a_row: int = 2  # faults of one request until it is let through, whatever the rules say
    stall_s: float = 3.0
    log: list[Exchange] = field(default_factory=list)
    refusal: Callable[[Fault], tuple[int, bytes, str]] = lambda fault: s3_refusal(fault)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: Counter[str] = Counter()
        self._row: Counter[str] = Counter()
        self._used: Counter[int] = Counter()

    def reset(self, *rules: Rule, seed: int = 0) -> None:
        """Forget what happened and begin with other rules."""
        with self._lock:
            self.rules, self.seed = rules, seed
            self.log.clear()
            for counts in (self._seen, self._row, self._used):
                counts.clear()

    def choose(self, method: str, path: str) -> Fault | None:
        """Return what happens to this request."""
        name = f"{method} {path}"
        with self._lock:
            self._seen[name] += 1
            for number, rule in enumerate(self.rules):
                if not rule.matches(method, path):
                    continue
                if rule.times is not None and self._used[number] >= rule.times:
                    continue
                if rule.times is None and self._row[name] >= self.in_a_row:
                    continue
                if self._draw(f"{number} {name} {self._seen[name]}") < rule.share:
                    self._used[number] += 1
                    self._row[name] += 1
                    return rule.fault
            self._row[name] = 0
            return None

    def _draw(self, text: str) -> float:
        digest = hashlib.sha256(f"{self.seed} {text}".encode()).digest()
        return int.from_bytes(digest[:8]) / 2**64

    def faults(self) -> Counter[str]:
        """Return how often each fault was met."""
        return Counter(one.fault for one in self.log if one.fault)

    def unanswered(self) -> list[Exchange]:
        """Return the faults after which the same object was never asked for again."""
        last = {urlsplit(one.path).path + one.path.partition("?")[2]: one for one in self.log}
        return [one for one in last.values() if one.fault not in (None, "trickle")]


def s3_refusal(fault: Fault) -> tuple[int, bytes, str]:
    """Return status, body and type of an answer as S3 gives it."""
    code, status = {
        "slow_down": ("SlowDown", 503),
        "internal": ("InternalError", 500),
        "expired": ("ExpiredToken", 403),
    }[fault]
    return status, _xml(code), "application/xml"


def azure_refusal(fault: Fault) -> tuple[int, bytes, str]:
    """Return status, body and type of an answer as Azure gives it."""
    code, status = {
        "slow_down": ("ServerBusy", 503),
        "internal": ("InternalError", 500),
        "expired": ("AuthenticationFailed", 403),
    }[fault]
    return status, _xml(code), "application/xml"


def google_refusal(fault: Fault) -> tuple[int, bytes, str]:
    """Return status, body and type of an answer as Google gives it."""
    status = {"slow_down": 503, "internal": 500, "expired": 401}[fault]
    body = '{"error": {"code": %d, "message": "Invalid Credentials token=secret"}}' % status
    return status, body.encode(), "application/json"


def _xml(code: str) -> bytes:
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code>"
    return (text + "<Message>signature=secret</Message></Error>").encode()


@contextlib.contextmanager
def faulty_proxy(
    upstream: str, refusal: Callable[[Fault], tuple[int, bytes, str]] = s3_refusal
) -> Iterator[Proxy]:
    """Run a proxy before a server for the length of the block."""
    target = urlsplit(upstream)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Expect"):
                self.send_response_only(100)
            fault = proxy.choose(self.command, self.path)
            if fault in ("slow_down", "internal", "expired"):
                return self._send(*proxy.refusal(fault), fault=fault)
            if fault == "reset":
                return self._break_off(fault)
            if fault == "stall":
                self._note(0, fault)
                time.sleep(proxy.stall_s)
                self.close_connection = True
                return None
            answer, content = self._forward(body)
            self._note(answer.status, fault)
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OWN_HEADERS:
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            self._send_body(content, fault)
            return None

        def _forward(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
            connection = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
            try:
                connection.putrequest(
                    self.command, self.path, skip_host=True, skip_accept_encoding=True
                )
                for name, value in self.headers.items():
                    if name.lower() not in ("connection", "expect", "content-length"):
                        connection.putheader(name, value)
                connection.putheader("Content-Length", str(len(body)))
                connection.endheaders(body)
                answer = connection.getresponse()
                return answer, answer.read()
            finally:
                connection.close()

        def _send_body(self, content: bytes, fault: Fault | None) -> None:
            if fault == "truncated":
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
            elif fault == "trickle":
                step = len(content) // 10 + 1
                for start in range(0, len(content), step):
                    self.wfile.write(content[start : start + step])
                    time.sleep(_TRICKLE_S)
            else:
                self.wfile.write(content)

        def _send(self, status: int, body: bytes, kind: str, *, fault: Fault) -> None:
            self._note(status, fault)
            self.send_response_only(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def _break_off(self, fault: Fault) -> None:
            self._note(0, fault)
            # Closed with unsent time to linger of zero: the other side gets a reset, no end.
            option = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
            self.connection.close()
            self.close_connection = True
            self.wfile = open("/dev/null", "wb")  # noqa: SIM115 (what is flushed at the end)

        def _note(self, status: int, fault: Fault | None) -> None:
            asked = self.headers.get("Range") or self.headers.get("x-ms-range")
            proxy.log.append(Exchange(self.command, self.path, asked, status, fault))

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _answer

        def log_message(self, *_: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            pass  # clients that went away are part of the game

    with Server(("127.0.0.1", 0), Handler) as server:
        proxy = Proxy(f"http://127.0.0.1:{server.server_port}", refusal=refusal)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield proxy
        server.shutdown()
