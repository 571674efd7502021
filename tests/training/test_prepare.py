"""How many processes a training takes, and what is refused before one is begun."""

import os

import labelled_folder as drawn
import pytest

from landmark_core.errors import ConfigError
from landmark_core.judging import EvaluateConfig
from landmark_core.training import NoTrainProgress, TrainConfig, evaluate_model
from landmark_core.training.prepare import drawing_processes


@pytest.mark.parametrize(
    ("workers", "together", "expected"),
    [
        pytest.param("auto", 1, 15, id="alone"),
        pytest.param("auto", 5, 2, id="five-share-the-cores"),
        pytest.param("auto", 16, 0, id="one-core-each"),
        pytest.param("auto", 20, 0, id="more-than-cores"),
        pytest.param(3, 5, 3, id="as-asked"),
    ],
)
def test_trainings_side_by_side_share_the_cores(workers, together, expected, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    config = TrainConfig(data="d", out="o", workers=workers, device="cpu")
    assert drawing_processes(config, together) == expected


def test_an_evaluation_without_test_photos_says_what_to_give(tmp_path):
    for label, name in enumerate(drawn.SHAPES):
        drawn.write_photo(tmp_path / "data" / "train" / name / "0.jpg", label, 0)
    drawn.write_photo(tmp_path / "others" / "0.jpg", None, 0)
    config = EvaluateConfig(
        data=str(tmp_path / "data"),
        negatives=str(tmp_path / "others"),
        model="starter",
        out=str(tmp_path / "report"),
    )
    with pytest.raises(ConfigError, match=r"judge by in test/ of .* give a folder"):
        evaluate_model(config, NoTrainProgress())
