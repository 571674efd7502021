"""What every request to the review server has to pass, and what every answer carries.

Pure ASGI (https://asgi.readthedocs.io/en/latest/specs/www.html), in front of the application:

    host      bound to loopback, only loopback's own names are served: a foreign name that was made
              to point here (DNS rebinding) is refused
    token     bound to anything else, a token is needed; the address that is printed once carries it
              and changes it for a cookie that scripts cannot read and other sites do not send
    origin    a write comes from the own page or from no page at all; a read is not embedded by
              another site (https://www.w3.org/TR/fetch-metadata/)
    sizes     of the address and of the body, also of one that does not say how long it is
    headers   a Content-Security-Policy that allows nothing but our own files

A refusal is one line of JSON and names what was expected.
"""

import asyncio
import contextlib
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from landmark_core.review.refusals import RefusedError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_BODY = 256 * 1024  # bytes
MOST_ADDRESS = 2048  # bytes, path and query
MOST_DRAINED = 4 * MOST_BODY  # bytes of a refused body
DRAIN_S = 2.0  # seconds for them
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
COOKIE = "landmarks_review"

_READS = frozenset({"GET", "HEAD"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), interest-cohort=()"),
)
_NO_STORE = (b"cache-control", b"no-store")


@dataclass(frozen=True, slots=True)
class Guard:
    """The application behind its checks."""

    app: App
    token: str | None  # null: bound to loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # nothing here speaks WebSocket; the server closes it
        guarded_send = _with_headers(send)
        body = _Body(receive)
        try:
            headers = _headers_of(scope)
            _check_address(scope)
            if await self._admit(scope, headers, guarded_send):
                _check_origin(scope, headers)
                await self.app(scope, _bounded(scope, headers, body.receive), guarded_send)
        except RefusedError as refusal:
            await body.drain()
            await _refuse(guarded_send, refusal)

    async def _admit(self, scope: Scope, headers: dict[str, str], send: Send) -> bool:
        """Check host or token; false where the request was answered already."""
        if self.token is None:
            if _host_name(headers.get("host", "")) not in LOOPBACK:
                raise RefusedError(403, "host", "expected a request to 127.0.0.1 or localhost")
            return True
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if given and scope["path"] == "/" and self._is_token(given):
            await _let_in(send, self.token)
            return False
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if not (self._is_token(_cookie_of(headers)) or self._is_token(bearer)):
            raise RefusedError(
                401, "token", "open the address with ?token=... that `landmarks review` printed"
            )
        return True

    def _is_token(self, given: str) -> bool:
        assert self.token is not None
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())


@dataclass(slots=True)
class _Body:
    """What a request says after its headers; knows whether anything is left of it."""

    read: Receive
    is_over: bool = False

    async def receive(self) -> Message:
        """Return the next message of ASGI."""
        message = await self.read()
        self.is_over = not message.get("more_body", False)  # a disconnection has none either
        return message

    async def drain(self) -> None:
        """Read what is left, within bounds.

        A connection that is closed over unread bytes is reset, and its client may never see the
        answer (https://www.rfc-editor.org/rfc/rfc9112, section 9.6).
        """
        left = MOST_DRAINED
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while left > 0 and not self.is_over:
                    left -= len((await self.receive()).get("body", b""))


def _headers_of(scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        if key in found and key in {"host", "origin", "content-length", "content-type"}:
            raise RefusedError(400, "header", f"expected one {key} header, got several")
        found[key] = value.decode("latin-1")
    return found


def _check_address(scope: Scope) -> None:
    length = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
    if length > MOST_ADDRESS:
        raise RefusedError(414, "address", f"expected at most {MOST_ADDRESS} bytes, got {length}")


def _check_origin(scope: Scope, headers: dict[str, str]) -> None:
    site = headers.get("sec-fetch-site", "same-origin")
    if scope["method"] in _READS:
        opens_page = headers.get("sec-fetch-mode") == "navigate" and scope["path"] in (
            *("/", "/summary"),
        )
        if site in ("cross-site", "same-site") and not opens_page:
            raise RefusedError(403, "origin", "expected a request from this page, not from another")
        return
    origin = headers.get("origin")
    own = origin is None or urlsplit(origin).netloc == headers.get("host")
    if site not in ("same-origin", "none") or not own:
        raise RefusedError(403, "origin", "expected a request from this page, not from another")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError(
            415, "content-type", f"expected application/json, got {kind or 'nothing'}"
        )


def _bounded(scope: Scope, headers: dict[str, str], receive: Receive) -> Receive:
    """Return what reads the body, and stops where it becomes too large."""
    if scope["method"] in _READS:
        return receive
    stated = headers.get("content-length", "0")
    if not stated.isdecimal() or int(stated) > MOST_BODY:
        raise _too_large()
    read = 0

    async def receive_some() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > MOST_BODY:
            raise _too_large()
        return message

    return receive_some


def _too_large() -> RefusedError:
    return RefusedError(413, "body", f"expected a body of at most {MOST_BODY} bytes, got more")


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _cookie_of(headers: dict[str, str]) -> str:
    try:
        cookie = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookie[COOKIE].value if COOKIE in cookie else ""


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            if not any(name.lower() == b"cache-control" for name, _ in headers):
                headers.append(_NO_STORE)
            message = {**message, "headers": [*headers, *_HEADERS]}
        await send(message)

    return send_with_headers


async def _let_in(send: Send, token: str) -> None:
    """Change the token in the address for a cookie: addresses end up in histories."""
    cookie = f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict"
    headers = [(b"location", b"/"), (b"set-cookie", cookie.encode()), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _refuse(send: Send, refusal: RefusedError) -> None:
    body = json.dumps({"error": refusal.error, "kind": refusal.kind}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),  # what is left of a body that is too large is not read
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
