"""What every test may use: the place of the real photos, where they are present."""

from collections.abc import Iterator
from pathlib import Path

import pytest

DRAWN_PHOTOS = 32
SHARED_DATA = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real third-party photos beside the project; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no real photos here: the folder ../shared/data is absent")
    return SHARED_DATA


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file of our own format: a small seeded CNN with four classes, 64 pixels."""
    import torch

    from landmark_core.model import (
        ModelCard,
        PreprocessSettings,
        Thresholds,
        quiet_torchscript,
        save_model,
    )

    torch.manual_seed(5)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 5, stride=2),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 16, 3, stride=2),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(16, 4),
    ).eval()
    with torch.no_grad():  # spread the logits, so that drawn photos end in every decision
        network[-1].weight *= 40
    with quiet_torchscript():
        scripted = torch.jit.script(network)
    card = ModelCard(
        name="tiny",
        class_names=("Arch", "Dome", "Pyramid", "Tower"),
        preprocess=PreprocessSettings(resize_size=72, crop_size=64),
        thresholds=Thresholds(tagged_from=0.6, no_landmark_below=0.35),
    )
    path = tmp_path_factory.mktemp("model") / "tiny.pt"
    save_model(scripted, card, path)
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
