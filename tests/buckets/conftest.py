"""Object stores as processes of their own, each behind a proxy that breaks answers."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import fsspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from faulty_proxy import Proxy, azure_refusal, faulty_proxy, google_refusal, s3_refusal

# The account and the key of every Azurite; its documentation prints them.
AZURITE_ACCOUNT = "devstoreaccount1"
AZURITE_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
START_S = 60.0  # seconds a server may take


@dataclass(frozen=True)
class Bucket:
    """An empty bucket behind a proxy; the environment leads every client there."""

    url: str  # s3://name and the like
    proxy: Proxy
    direct: fsspec.AbstractFileSystem  # a client of the test's own; meets the faults as well
    name: str

    @property
    def kind(self) -> str:
        """Which store it is: s3, az or gs."""
        return self.url.partition("://")[0]


@pytest.fixture(scope="session")
def moto_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """moto's server behind a proxy: a real S3 API over HTTP."""
    pytest.importorskip("moto.server", reason="moto[server] is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (
        running(command, port, tmp_path_factory.mktemp("moto")),
        faulty_proxy(f"http://127.0.0.1:{port}", s3_refusal) as proxy,
    ):
        yield proxy


@pytest.fixture(scope="session")
def azurite_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Azurite, Microsoft's own emulator of Azure Blob Storage, behind a proxy."""
    pytest.importorskip("adlfs", reason="adlfs is not installed")
    program = shutil.which("azurite-blob", path=os.environ.get("AZURITE_BIN"))
    if program is None or shutil.which("node") is None:
        pytest.skip("Azurite is absent: AZURITE_BIN names the folder that holds azurite-blob")
    port, folder = free_port(), tmp_path_factory.mktemp("azurite")
    command = [program, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent"]
    command += ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]
    with (
        running(command, port, folder),
        faulty_proxy(f"http://127.0.0.1:{port}", azure_refusal) as proxy,
    ):
        yield proxy


@pytest.fixture(scope="session")
def google_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """An emulator of Google Cloud Storage behind a proxy."""
    # Before gcsfs is imported; or it asks another service, for a minute, what kind of bucket it is.
    os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"
    pytest.importorskip("gcsfs", reason="gcsfs is not installed")
    pytest.importorskip("gcp_storage_emulator", reason="gcp-storage-emulator is not installed")
    port, folder = free_port(), tmp_path_factory.mktemp("google")
    command = [sys.executable, "-m", "gcp_storage_emulator", "start", "--in-memory"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    with (
        running(command, port, folder),
        faulty_proxy(f"http://127.0.0.1:{port}", google_refusal) as proxy,
    ):
        yield proxy


@pytest.fixture
def s3(
    moto_process: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Bucket]:
    """An empty S3 bucket behind a proxy."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_process.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden-key")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("FSSPEC_S3", '{"config_kwargs": {"read_timeout": 2, "connect_timeout": 2}}')
    yield from _bucket("s3", moto_process, request.node.nodeid)


@pytest.fixture
def az(
    azurite_process: Proxy, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Bucket]:
    """An empty Azure container behind a proxy."""
    endpoint = f"BlobEndpoint={azurite_process.url}/{AZURITE_ACCOUNT}"
    account = f"AccountName={AZURITE_ACCOUNT};AccountKey={AZURITE_KEY}"
    connection = f"DefaultEndpointsProtocol=http;{account};{endpoint};"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
    yield from _bucket("az", azurite_process, request.node.nodeid)


@pytest.fixture
def gs(
    google_process: Proxy, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Bucket]:
    """An empty Google bucket behind a proxy."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", google_process.url)
    monkeypatch.setenv("FSSPEC_GS_TOKEN", "anon")
    monkeypatch.setitem(fsspec.config.conf, "gs", {"token": "anon"})
    yield from _bucket("gs", google_process, request.node.nodeid)


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Bucket:
    """The bucket whose fixture a test names: `store` is parametrised indirectly."""
    bucket: Bucket = request.getfixturevalue(request.param)
    return bucket


def _bucket(protocol: str, proxy: Proxy, test: str) -> Iterator[Bucket]:
    proxy.reset()
    kind = fsspec.get_filesystem_class(protocol)
    kind.clear_instance_cache()  # made under another environment
    direct = kind(use_listings_cache=False, skip_instance_cache=True)
    # One for each test, of the same name in every run: the faults follow from it.
    name = f"photos-{hashlib.sha256(test.encode()).hexdigest()[:12]}"
    direct.mkdir(name)
    yield Bucket(f"{protocol}://{name}", proxy, direct, name)
    proxy.reset()
    kind.clear_instance_cache()


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """Run a server for the length of the block, from when it answers."""
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            _wait_for(server, port, folder / "log")
            yield
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait_for(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(int(START_S / 0.1)):
        assert server.poll() is None, log.read_text()
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"no answer within {START_S:.0f} s: {log.read_text()}")


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
