"""Which photos judge a model file, and what is said of it."""

import json
from pathlib import Path

import labelled_folder as drawn
import pytest

from landmark_core.errors import ConfigError
from landmark_core.training import (
    EvaluateConfig,
    NoTrainProgress,
    evaluate_model,
    evaluation_to_json,
    evaluation_to_text,
)

QUIET = NoTrainProgress()


def config(folder: Path, model: Path, **changes) -> EvaluateConfig:
    options = {"data": str(folder / "data"), "negatives": str(folder / drawn.OTHERS)}
    options |= {"out": str(folder / "report"), "model": str(model), "workers": 0, "device": "cpu"}
    return EvaluateConfig(**options | changes)


def split(folder: Path, *sides: str) -> None:
    """Put three photos of each class and another class's number into each side."""
    for first, side in enumerate(sides):
        drawn.draw_folder(folder / side, each=3, others=0, first=10 * first)
        (folder / "data").mkdir(exist_ok=True)
        (folder / side / "data").rename(folder / "data" / side)


def judged(folder: Path) -> dict:
    return json.loads((folder / "report/report.json").read_text())["figures"]


def test_all_photos_judge_where_data_is_not_split(tiny_model, tmp_path):
    drawn.draw_folder(tmp_path, each=3, others=5)
    evaluation = evaluate_model(config(tmp_path, tiny_model), QUIET)
    assert evaluation.photos == 3 * 3 + 5
    assert (judged(tmp_path)["landmarks"], judged(tmp_path)["others"]) == (9, 5)


def test_test_photos_and_others_alone_judge_where_data_comes_split(tiny_model, tmp_path):
    split(tmp_path, "train", "test")
    drawn.write_photo(tmp_path / drawn.OTHERS / "1.jpg", None, 1)
    evaluation = evaluate_model(config(tmp_path, tiny_model), QUIET)
    assert (judged(tmp_path)["landmarks"], judged(tmp_path)["others"]) == (9, 1)
    assert evaluation.photos == 10


def test_a_split_without_test_photos_is_refused(tiny_model, tmp_path):
    split(tmp_path, "train", "val")
    with pytest.raises(ConfigError, match="test") as caught:
        evaluate_model(config(tmp_path, tiny_model, negatives=None), QUIET)
    assert "\n" not in str(caught.value)


def test_broken_photos_are_counted_and_named(tiny_model, tmp_path):
    drawn.draw_folder(tmp_path, each=3, others=2)
    broken = tmp_path / "data/00.Arch/0.jpg"
    broken.write_bytes(broken.read_bytes()[:50])
    evaluation = evaluate_model(config(tmp_path, tiny_model), QUIET)
    assert evaluation.photos == 3 * 3 + 2 - 1
    assert [uri for uri, _ in evaluation.failures] == [str(broken)]
    text = evaluation_to_text(evaluation).splitlines()
    assert text[0] == "10 photos judged"
    assert "1 photo could not be judged; the report lists them" in text
    assert text[-1] == f"Report: {evaluation.report}"
    value = json.loads(json.dumps(evaluation_to_json(evaluation)))
    assert value["photos"] == 10
    assert value["figures"] == judged(tmp_path)
    assert value["failures"][0]["uri"] == str(broken)
