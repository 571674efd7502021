"""A proxy before an object store that breaks answers by rule and seed, and keeps a log of it all.

What it does to a request follows from the seed, the request and how often it came, not from the
order in which requests of many threads arrive: the same run meets the same faults.
"""

import contextlib
import hashlib
import http.client
import http.server
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

Fault = Literal[
    *("slow_down", "internal", "reset", "stall", "truncated", "trickle"),
    "unanswered",  # done, and the answer does not arrive
    *("expired", "denied", "elsewhere"),
]
REFUSALS = ("slow_down", "internal", "expired", "denied", "elsewhere")

_TRICKLE_S = 0.02  # seconds between two pieces
_OWN_HEADERS = {"transfer-encoding", "connection", "content-length", "keep-alive"}


@dataclass(frozen=True)
class Request:
    """One request as it comes in."""

    method: str
    path: str  # with the query
    range: str | None
    authorization: str

    @property
    def is_object(self) -> bool:
        """Whether it asks for the content of one object, of any of the three stores."""
        lists = ("list-type=", "comp=list", "/o?", "restype=container")
        return self.method == "GET" and not any(mark in self.path for mark in lists)


@dataclass(frozen=True)
class Rule:
    """Which requests meet which fault."""

    fault: Fault
    share: float = 1.0  # of the requests that match
    matches: Callable[[Request], bool] = lambda _: True
    times: int | None = None  # so many requests at most; null for all


@dataclass(frozen=True)
class Exchange:
    """One request and what became of it."""

    request: Request
    status: int  # 0 where there was no answer
    fault: Fault | None


@dataclass
class Proxy:
    """A running proxy; rules may be changed while it runs."""

    url: str
    rules: Sequence[Rule] = ()
    seed: int = 0
    in_a_row: int = 2  # faults of one request until it is let through, where a share is met
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

    def choose(self, request: Request) -> Fault | None:
        """Return what happens to this request."""
        name = f"{request.method} {request.path}"
        with self._lock:
            self._seen[name] += 1
            for number, rule in enumerate(self.rules):
                is_spent = rule.times is not None and self._used[number] >= rule.times
                if is_spent or not rule.matches(request):
                    continue
                if request.method == "HEAD" and rule.fault in ("truncated", "trickle"):
                    continue  # there is no body to do it to
                if self._row[name] >= self.in_a_row and rule.share < 1:
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

    def not_tried_again(self) -> list[Request]:
        """Return what met a fault and was never asked for again."""
        last = {(one.request.method, one.request.path): one for one in self.log}
        return [one.request for one in last.values() if one.fault not in (None, "trickle")]

    def asked_for(self, name: str) -> list[Request]:
        """Return the requests for an object's content, in order."""
        found = (one.request for one in self.log if one.request.is_object)
        return [one for one in found if name in unquote(one.path)]


def s3_refusal(fault: Fault) -> tuple[int, bytes, str]:
    """Return status, body and type of an answer as S3 gives it."""
    code, status = {
        "slow_down": ("SlowDown", 503),
        "internal": ("InternalError", 500),
        "expired": ("ExpiredToken", 403),
        "denied": ("AccessDenied", 403),
        "elsewhere": ("AuthorizationHeaderMalformed", 400),
    }[fault]
    return status, _xml(code), "application/xml"


def azure_refusal(fault: Fault) -> tuple[int, bytes, str]:
    """Return status, body and type of an answer as Azure gives it."""
    code, status = {
        "slow_down": ("ServerBusy", 503),
        "internal": ("InternalError", 500),
        "expired": ("AuthenticationFailed", 403),
        "denied": ("AuthorizationPermissionMismatch", 403),
    }[fault]
    return status, _xml(code), "application/xml"


def google_refusal(fault: Fault) -> tuple[int, bytes, str]:
    """Return status, body and type of an answer as Google gives it."""
    status = {"slow_down": 503, "internal": 500, "expired": 401, "denied": 403}[fault]
    error = {"code": status, "message": "Invalid Credentials token=secret"}
    return status, json.dumps({"error": error}).encode(), "application/json"


def _xml(code: str) -> bytes:
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code>"
    return (text + "<Message>signature=secret</Message></Error>").encode()


@contextlib.contextmanager
def faulty_proxy(
    upstream: str, refusal: Callable[[Fault], tuple[int, bytes, str]] = s3_refusal
) -> Iterator[Proxy]:
    """Run a proxy before a server for the length of the block."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        proxy = Proxy(f"http://127.0.0.1:{server.server_port}", refusal=refusal)
        server.proxy, server.target = proxy, urlsplit(upstream)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield proxy
        server.shutdown()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    proxy: Proxy
    target: SplitResult

    def handle_error(self, *_: object) -> None:
        pass  # clients that went away are part of the game


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: _Server

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        proxy = self.server.proxy
        fault = proxy.choose(self.request_seen())
        if fault in REFUSALS:
            status, content, kind = proxy.refusal(fault)
            self.note(status, fault)
            headers = [("Content-Type", kind)]
        elif fault in ("reset", "stall", "unanswered"):
            if fault == "unanswered":
                self.forward(body)
            self.note(0, fault)
            self.break_off(proxy.stall_s if fault == "stall" else 0.0)
            return
        else:
            status, headers, content = self.forward(body)
            fault = fault if content else None  # nothing can be cut off nothing
            self.note(status, fault)
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        is_head = self.command == "HEAD" and lengths
        self.send_header("Content-Length", lengths[0] if is_head else str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.send_body(content, fault)

    # The names that http.server calls.
    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = answer  # noqa: N815

    def forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        target = self.server.target
        connection = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
        with contextlib.closing(connection):
            connection.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect", "content-length"):
                    connection.putheader(name, value)
            if body or self.command in ("PUT", "POST"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def send_body(self, content: bytes, fault: Fault | None) -> None:
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

    def break_off(self, after_s: float) -> None:
        time.sleep(after_s)
        self.close_connection = True
        # With a linger time of zero the other side gets a reset, not an end.
        option = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)

    def request_seen(self) -> Request:
        asked = self.headers.get("Range") or self.headers.get("x-ms-range")
        who = self.headers.get("Authorization", "")
        return Request(self.command, self.path, asked, who)

    def note(self, status: int, fault: Fault | None) -> None:
        self.server.proxy.log.append(Exchange(self.request_seen(), status, fault))

    def log_message(self, *_: object) -> None:
        pass
