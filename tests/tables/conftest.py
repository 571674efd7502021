"""A file system that is small enough to fill, and an S3 that does one thing at a time."""

import io
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for `nights`


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """Mount a file system of 2 MB; skips where that is not allowed."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]
        try:
            subprocess.run(mount, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("a small tmpfs cannot be mounted here: it needs root")
        yield Path(folder)
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture(scope="session")
def atomic_s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real S3 API over HTTP that does one thing at a time.

    moto looks and writes in two steps; with a thread for each request, two conditional writes at
    once could both pass, which no store that offers them allows.
    """
    server_module = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    from werkzeug.serving import make_server

    app = server_module.DomainDispatcherApplication(server_module.create_backend_app)
    one_at_a_time = threading.Lock()

    def serve(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        # The body first: its sender may stop for a while, and the others must not wait for it.
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        with one_at_a_time:
            return list(app({**environ, "wsgi.input": io.BytesIO(body)}, start_response))

    server = make_server("127.0.0.1", 0, serve, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def atomic_s3(
    atomic_s3_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """An empty bucket on it; the credentials stand in the environment, for processes too."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", atomic_s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    _close_clients()  # they may know another server
    s3 = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    name = f"bucket-{uuid.uuid4().hex}"
    s3.mkdir(name)
    yield f"s3://{name}"
    s3.rm(name, recursive=True)
    _close_clients(s3)


def _close_clients(*others: fsspec.AbstractFileSystem) -> None:
    """Close the clients that fsspec keeps, so that none is collected with its sockets open."""
    kind = fsspec.get_filesystem_class("s3")
    for client in (*kind._cache.values(), *others):
        if client._s3 is not None:
            kind.close_session(client.loop, client._s3)
    kind.clear_instance_cache()
