"""A web server that opens its photos to whoever has a key, and an environment full of keys."""

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import fsspec
import pytest
from draw_library import draw_scene, encode

# Every secret has the word `planted` in it.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAPLANTEDKEYID",
    "AWS_SECRET_ACCESS_KEY": "planted-aws-secret",
    "AWS_SESSION_TOKEN": "planted-aws-session",
    "AZURE_STORAGE_ACCOUNT_KEY": "cGxhbnRlZA-planted",
    "GOOGLE_APPLICATION_CREDENTIALS": "/nowhere/planted.json",
    "LABEL_STUDIO_API_KEY": "planted-label-studio",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_MAX_ATTEMPTS": "1",
}
USER = "ann:planted-password"
PHOTO = encode(draw_scene(3, (120, 90)), "jpg")
REFUSAL = (
    b'<?xml version="1.0"?><Error><Code>InvalidAccessKeyId</Code><Message>The key AKIAPLANTEDKEYID '
    b"does not exist</Message><AWSAccessKeyId>AKIAPLANTEDKEYID</AWSAccessKeyId>"
    b"<SignatureProvided>planted</SignatureProvided></Error>"
)


class _Door(BaseHTTPRequestHandler):
    """Photos for whoever has a key; the answers of a store that knows nobody for all others."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        password = base64.b64encode(USER.encode()).decode()
        is_signed = "planted-signature" in query.get("X-Amz-Signature", []) or "sig" in query
        if is_signed or self.headers.get("Authorization") == f"Basic {password}":
            is_missing = "missing" in self.path
            self._answer(404 if is_missing else 200, b"" if is_missing else PHOTO, "image/jpeg")
        else:
            self._answer(403, REFUSAL, "application/xml")

    do_HEAD = do_GET  # noqa: N815 (the server's name for it)

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def door() -> Iterator[str]:
    """Host and port of the server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Door)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def planted(door: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The environment full of keys, and S3 at the door; names the door."""
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    pytest.importorskip("aiohttp", reason="aiohttp is not installed")
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{door}")
    kinds = [fsspec.get_filesystem_class(name) for name in ("s3", "http")]
    for kind in kinds:
        kind.clear_instance_cache()
    yield door
    for kind in kinds:
        kind.clear_instance_cache()
