"""Scores for judgement: those of the model itself, in order, and what cannot be scored is said."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from landmark_core.library import open_listing
from landmark_core.model import (
    ModelCard,
    PreprocessSettings,
    load_model,
    quiet_torchscript,
    save_model,
)
from landmark_core.tagging import Claim, Scorer, score_photos
from landmark_core.tagging.score import to_logits


@pytest.fixture
def photos(tmp_path):
    """Five drawn photos, the third broken."""
    folder = tmp_path / "photos"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for number in range(5):
        pixels = generator.integers(0, 256, (80, 100, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:200])
    return sorted(open_listing(str(folder)), key=lambda ref: ref.uri)


def test_scores_are_the_models_own_in_the_order_given(photos, tiny_model):
    model = load_model(str(tiny_model))
    seen = []
    scored = list(
        score_photos(
            photos[::-1],
            model,
            device="cpu",
            precision="fp32",
            batch_size=2,
            workers=0,
            on_photos=seen.append,
        )
    )
    assert [one.photo.ref for one in scored] == photos[::-1]
    assert seen == [2, 2, 1]
    assert scored[2].logits is None
    assert scored[2].photo.status == "corrupt"
    first = Image.open(photos[4].location).convert("RGB")
    pixels = torch.from_numpy(model.preprocess.apply(first).copy()).permute(2, 0, 1)[None]
    with torch.inference_mode():
        expected = model.module(model.preprocess.normalise(pixels, torch.float32))[0]
    assert scored[0].logits == pytest.approx(expected.numpy(), abs=1e-4)


class BlindInTheDark(torch.nn.Module):
    """Gives NaN for photos that are black on average."""

    def __init__(self) -> None:
        super().__init__()
        self.head = torch.nn.Linear(3, 2)

    def forward(self, pixels: Tensor) -> Tensor:
        means = pixels.mean(dim=(2, 3))  # (N, 3)
        return self.head(means).masked_fill(means.mean(dim=1, keepdim=True) < -1.5, float("nan"))


def test_a_photo_without_finite_scores_says_so(tmp_path):
    for number, shade in enumerate((0, 200)):
        Image.new("RGB", (40, 30), (shade,) * 3).save(tmp_path / f"{number}.png")
    with quiet_torchscript():
        module = torch.jit.script(BlindInTheDark().eval())
    card = ModelCard(
        name="blind",
        class_names=("A", "B"),
        preprocess=PreprocessSettings(resize_size=16, crop_size=16),
    )
    save_model(module, card, tmp_path / "blind.pt")
    refs = sorted(open_listing(str(tmp_path)), key=lambda ref: ref.uri)
    model = load_model(str(tmp_path / "blind.pt"))
    dark, bright = score_photos(refs, model, device="cpu", workers=0)
    assert dark.logits is None
    assert (dark.photo.status, "finite" in dark.photo.error) == ("unsupported", True)
    assert np.isfinite(bright.logits).all()


def test_probabilities_become_finite_logarithms():
    logits = to_logits(torch.tensor([[0.25, 0.75], [1.0, 0.0], [1.5, -0.5]]), "probabilities")
    assert logits[0].exp().tolist() == pytest.approx([0.25, 0.75])
    assert logits[1].isfinite().all()
    assert logits[1].softmax(0).tolist() == pytest.approx([1, 0], abs=1e-30)
    assert logits[2].isnan().all()


def test_heatmaps_are_drawn_for_the_photos_that_can_be_read(photos, tiny_model):
    claims = {ref.photo_id: Claim(tag="Dome", confidence=0.9) for ref in photos}
    with Scorer(load_model(str(tiny_model)), device="cpu", workers=0) as scorer:
        drawn = scorer.draw(claims, photos)
        assert scorer.class_names == ("Arch", "Dome", "Pyramid", "Tower")
    assert set(drawn) == {ref.photo_id for ref in photos} - {photos[2].photo_id}
    picture = Image.open(io.BytesIO(drawn[photos[0].photo_id]))
    assert picture.size == (100, 80)
    assert b"Dome" in picture.info["comment"]


def test_another_tag_has_another_heatmap(photos, tiny_model):
    with Scorer(load_model(str(tiny_model)), device="cpu", workers=0) as scorer:
        one, other = (
            scorer.draw({photos[0].photo_id: Claim(tag=tag, confidence=0.5)}, photos[:1])
            for tag in ("Arch", "Tower")
        )
    pixels = [np.asarray(Image.open(io.BytesIO(*found.values()))) for found in (one, other)]
    assert not np.array_equal(*pixels)
