"""What every test may use: the place of the real photos, where they are present."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says what else the machine does, and nothing of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

DRAWN_PHOTOS = 32
SHARED_DATA = Path(__file__).parents[1].parent / "shared" / "data"

# What takes minutes begins first, or two cores wait for one of them at the end. Those that wait for
# Prefect take turns with those that compute; a worker takes two at once, so that a short one comes
# after the first four.
_LONGEST = (
    "test_deaths", "test_commands", "test_backfill_pool", "test_deployments_page",
    "test_fuzzing", "test_nights_postgres", "test_tutorial", "test_backfill_dask",
    "test_review_browser", "test_tag_through_faults", "test_automations",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest modules first; the order within a module stays."""
    ranks = {name: rank for rank, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real third-party photos beside the project; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no real photos here: the folder ../shared/data is absent")
    return SHARED_DATA


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file of our own format: a small seeded CNN with four classes, 64 pixels."""
    from draw_model import save_tiny_model

    path = tmp_path_factory.mktemp("model") / "tiny.pt"
    save_tiny_model(path)
    return path


@pytest.fixture(scope="session")
def drawn_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 32 drawn photos, some odd, two broken, and a text file."""
    from draw_library import draw_library

    folder = tmp_path_factory.mktemp("library")
    assert draw_library(folder) == DRAWN_PHOTOS
    return folder


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real S3 API over HTTP; the credentials and the endpoint stand in the environment."""
    server_module = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    patch = pytest.MonkeyPatch()
    patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    patch.setenv("AWS_ACCESS_KEY_ID", "testing")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_CONFIG_FILE", str(tmp_path_factory.mktemp("aws") / "none"))
    yield f"http://{host}:{port}"
    patch.undo()
    server.stop()


@pytest.fixture(scope="session")
def tagged_out(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """An OUT of 80 drawn photos and some odd ones, all of which wait for a person; do not write."""
    from draw_library import draw_library, draw_scene

    folder = tmp_path_factory.mktemp("reviewed")
    draw_library(folder / "photos", scenes=8)  # one in each format; HEIC takes a second to write
    for number in range(72):
        draw_scene(100 + number).save(folder / "photos" / f"photo-{number:02d}.jpg")
    # A process of its own: beside other tests, the threads of this one would wait by spinning.
    command = [sys.executable, "-m", "landmark_core.cli", "tag", str(folder / "photos")]
    command += ["--out", str(folder / "out"), "--model", str(tiny_model), "--review-below", "1"]
    subprocess.run([*command, "--workers", "1", "--no-progress"], check=True, capture_output=True)
    return folder / "out"


@pytest.fixture
def review_out(tagged_out: Path, tmp_path: Path) -> Path:
    """An OUT of one's own, in which nobody has decided anything."""
    return Path(shutil.copytree(tagged_out, tmp_path / "out"))


@dataclass(frozen=True)
class ReviewServer:
    """`landmarks review` as a process of its own."""

    process: "subprocess.Popen[str]"
    url: str  # with the token where there is one


StartReview = Callable[..., ReviewServer]


@pytest.fixture
def start_review() -> Iterator[StartReview]:
    """Start `landmarks review OUT`; ends with the test, also where a test killed it."""
    yield from _review_servers()


@pytest.fixture(scope="module")
def start_for_all() -> Iterator[StartReview]:
    """The same for all tests of a module."""
    yield from _review_servers()


def _review_servers() -> Iterator[StartReview]:
    started: list[subprocess.Popen[str]] = []

    def start(out: Path | str, *options: str) -> ReviewServer:
        command = [sys.executable, "-m", "landmark_core.cli", "review", str(out)]
        command += ["--no-browser", "--reviewer", "ann", *options]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
        started.append(process)
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://\S+", line)
        assert found, line
        return ReviewServer(process, found[0])

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=20)
        assert process.stderr is not None
        process.stderr.close()
