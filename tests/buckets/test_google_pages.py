"""Pages of Google's listing, which the emulator does not have: a server written by hand."""

import http.server
import json
import threading
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from landmark_core.library import open_listing

PAGES = {
    "": ([("2026/a.jpg", "3"), ("2026/b.jpg", "4")], "second"),
    "second": ([], "third"),  # a page may be empty and not the last
    "third": ([("2026/c/d.jpg", "5"), ("2026/c/", "0")], None),
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if query.get("delimiter"):  # gcsfs asks whether there is such a folder
            return self.send({"prefixes": ["2026/"], "items": []})
        if "/o/" in self.path:
            return self.send({"error": {"code": 404, "message": "none"}}, 404)
        assert query["prefix"] == ["2026/"]
        items, token = PAGES[query.get("pageToken", [""])[0]]
        moment = "2026-11-24T22:22:12.122Z"
        found = [{"name": n, "size": s, "etag": f"e{s}", "updated": moment} for n, s in items]
        return self.send({"items": found} | ({"nextPageToken": token} if token else {}))

    def send(self, content: object, status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def google_pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("gcsfs", reason="gcsfs is not installed")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        monkeypatch.setitem(fsspec.config.conf, "gs", {"token": "anon", "endpoint_url": url})
        yield url
        server.shutdown()


def test_pages_of_google_are_followed_to_the_last(google_pages):
    found = [(r.location, r.size_bytes, r.etag) for r in open_listing("gs://library/2026")]
    assert found == [
        ("gs://library/2026/a.jpg", 3, "e3"),
        ("gs://library/2026/b.jpg", 4, "e4"),
        ("gs://library/2026/c/d.jpg", 5, "e5"),
    ]
