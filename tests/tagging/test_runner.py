"""The one loop: a photo that cannot be scored is a row; a model that scores none is an error."""

import pandas
import pytest
import torch
from PIL import Image
from torch import Tensor

from landmark_core.cli import main
from landmark_core.model import ModelCard, PreprocessSettings, quiet_torchscript, save_model
from landmark_core.tagging.equipment import choose_workers


class BlindInTheDark(torch.nn.Module):
    """Gives NaN for photos darker than a limit."""

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = limit
        self.head = torch.nn.Linear(3, 2)

    def forward(self, pixels: Tensor) -> Tensor:
        means = pixels.mean(dim=(2, 3))  # (N, 3)
        dark = means.mean(dim=1, keepdim=True) < self.limit  # (N, 1)
        return self.head(means).masked_fill(dark, float("nan"))


@pytest.fixture
def tag(tmp_path):
    """Tag two bright and two black photos with a model that is blind below a limit."""

    def run(limit: float, *options: str) -> int:
        library = tmp_path / "library"
        library.mkdir(exist_ok=True)
        for number, shade in enumerate((200, 0, 220, 0)):
            Image.new("RGB", (40, 30), (shade,) * 3).save(library / f"{number}.png")
        torch.manual_seed(0)
        with quiet_torchscript():
            module = torch.jit.script(BlindInTheDark(limit).eval())
        settings = PreprocessSettings(resize_size=16, crop_size=16)
        card = ModelCard(name="blind", class_names=("A", "B"), preprocess=settings)
        save_model(module, card, tmp_path / "blind.pt")
        arguments = ["tag", str(library), "--out", str(tmp_path / "out"), "--no-progress"]
        return main([*arguments, "--model", str(tmp_path / "blind.pt"), "--workers", "0", *options])

    return run


@pytest.mark.parametrize("batch_size", ["4", "1"])
def test_a_photo_without_finite_scores_is_a_row_beside_its_neighbours(tag, tmp_path, batch_size):
    assert tag(-1.5, "--batch-size", batch_size) == 0
    rows = pandas.read_parquet(tmp_path / "out/tags").sort_values("uri")
    assert list(rows.status) == ["ok", "unsupported", "ok", "unsupported"]
    assert rows.error.dropna().unique().tolist() == [
        "the model gave no finite scores for this photo"
    ]
    assert rows.confidence.notna().tolist() == [True, False, True, False]


def test_a_model_that_scores_nothing_ends_the_run(tag, tmp_path, capsys):
    with torch.no_grad():
        assert tag(-1.5, "--include", "[13].png") == 1
    complained = capsys.readouterr().err
    assert "2 of 2 photos" in complained
    assert complained.count("\n") == 1
    assert not (tmp_path / "out/tags").exists()


def test_workers_are_as_many_as_asked_or_as_the_cores_allow():
    assert choose_workers(7, torch.device("cpu")) == 7
    assert 1 <= choose_workers("auto", torch.device("cpu")) <= 4
    assert choose_workers("auto", torch.device("cuda")) <= 16
