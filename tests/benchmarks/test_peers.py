"""The plain script gives the rows that its own steps give, one photo after the other."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import center_crop, normalize, resize, to_tensor

from benchmarks.comparison.cases import Photos
from benchmarks.comparison.photos import draw_pictures, link_library
from benchmarks.peers.interface import MEAN, STD
from landmark_core.model import quiet_torchscript

pytestmark = pytest.mark.orchestration

ROOT = Path(__file__).parents[2]
PHOTOS = Photos(name="tiny", files=(((64, 48), "jpg"), ((48, 64), "png")))


class Colours(torch.nn.Module):
    """Seven scores from the mean colour: small, and different for every photo."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear = torch.nn.Linear(3, 7)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.linear(pixels.mean(dim=(2, 3)))


def expected_row(path: Path, model: torch.nn.Module) -> tuple[list[str], list[float]]:
    """Five classes and their probabilities of one photo, step by step."""
    with Image.open(path) as image:
        pixels = to_tensor(center_crop(resize(image.convert("RGB"), 32), 24))
    with torch.inference_mode():
        scores, best = model(normalize(pixels, MEAN, STD)[None]).softmax(1)[0].topk(5)
    return [f"class {n}" for n in best.tolist()], scores.tolist()


def test_plain_script_tags_every_photo_once(tmp_path):
    library = link_library(tmp_path / "photos", draw_pictures(tmp_path / "pictures", PHOTOS), 6)
    model = Colours().eval()
    with quiet_torchscript():
        torch.jit.script(model).save(tmp_path / "model.pt")
    (tmp_path / "classes.txt").write_text("".join(f"class {n}\n" for n in range(7)))
    out = tmp_path / "rows.parquet"
    command = [sys.executable, "-m", "benchmarks.peers.plain", str(library), "--out", str(out)]
    command += ["--model", str(tmp_path / "model.pt"), "--classes", str(tmp_path / "classes.txt")]
    command += ["--resize", "32", "--crop", "24", "--batch", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["photos"] == 6
    assert answer["versions"]["torch"].partition("+")[0] == torch.__version__.partition("+")[0]
    rows = pd.read_parquet(out)
    paths = sorted(library.iterdir())
    assert rows.path.tolist() == [str(path) for path in paths]
    for row, path in zip(rows.itertuples(), paths, strict=True):
        tags, scores = expected_row(path, model)
        assert list(row.tags) == tags
        assert list(row.scores) == pytest.approx(scores, abs=1e-6)


def test_library_is_links_to_few_pictures(tmp_path):
    pictures = draw_pictures(tmp_path / "pictures", PHOTOS)
    library = link_library(tmp_path / "photos", pictures, 5)
    assert [path.suffix for path in sorted(library.iterdir())] == [".jpg", ".png"] * 2 + [".jpg"]
    assert pictures[0].stat().st_nlink == 4
    assert link_library(tmp_path / "photos", pictures, 5) == library  # as it is
