"""Evaluation of a model file: photos in, report out; names meet, broken photos are listed."""

import json
from datetime import UTC, datetime

import numpy as np
import pandas
import pytest
from PIL import Image

from landmark_core.errors import ConfigError
from landmark_core.judging import EvaluateConfig, LabelledRef, evaluate_photos, load_answers
from landmark_core.library import open_listing
from landmark_core.model import load_model
from landmark_core.tagging import tag_library

NOW = datetime(2026, 5, 4, tzinfo=UTC)


class Counter:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.total = self.done = 0

    def reading(self, total: int) -> None:
        self.total = total

    def read(self, photos: int) -> None:
        self.done += photos


@pytest.fixture
def data(tmp_path):
    """Six noisy photos in two classes, four of other things, one broken, one copied."""
    generator = np.random.default_rng(0)
    for number in range(10):
        name = ("01.arch", "02.great_dome", "others")[number % 3]
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True, exist_ok=True)
        base = generator.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(base).resize((96, 72)).save(folder / f"{number}.png")
    (tmp_path / "data/01.arch/broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    copy = (tmp_path / "data/01.arch/0.png").read_bytes()
    (tmp_path / "data/01.arch/again.png").write_bytes(copy)
    return tmp_path / "data"


def found_in(folder, names):
    """Every photo below a folder, labelled by its own folder."""
    return [
        LabelledRef(ref=ref, label=names[ref.uri.split("/")[-2]])
        for ref in sorted(open_listing(str(folder)), key=lambda ref: ref.uri)
    ]


@pytest.fixture
def evaluate(data, tmp_path, tiny_model):
    def run(names, **more):
        out = tmp_path / "report"
        config = EvaluateConfig(
            data=str(data), model=str(tiny_model), out=str(out), device="cpu", workers=0
        )
        progress = Counter()
        model = load_model(config.model)
        found = evaluate_photos(
            config, found_in(data, names), model, now=NOW, progress=progress, **more
        )
        return found, progress, out

    return run


NAMES = {"01.arch": "01.ARCH", "02.great_dome": "Dome", "others": None}


def test_a_report_is_written_and_broken_photos_are_listed(evaluate):
    found, progress, out = evaluate(NAMES)
    assert (progress.total, progress.done) == (12, 12)
    assert found.photos == 10
    ((uri, reason),) = found.failures
    assert uri.endswith("broken.png")
    assert reason
    assert any("1 copies" in note for note in found.notes)
    assert (found.figures.landmarks, found.figures.others, found.figures.unknown) == (7, 3, 0)
    values = json.loads((out / "report.json").read_text())
    assert values["figures"]["photos"] == 10
    page = (out / "index.html").read_text()
    assert "broken.png" in page
    assert page.count("data:image/jpeg") >= 2 * len(values["worst_errors"])  # photo and heatmap
    assert len(load_answers(out / "answers.parquet").photos) == 10


def test_the_answers_are_those_of_landmarks_tag(evaluate, data, tiny_model, tmp_path):
    from landmark_core.config import TagConfig
    from landmark_core.judging import decide
    from landmark_core.judging.calibration import Calibration

    _, _, out = evaluate(NAMES)
    card = load_model(str(tiny_model)).card
    calibration = Calibration(temperature=card.temperature, thresholds=card.thresholds)
    verdicts = decide(load_answers(out / "answers.parquet"), calibration)
    tag_library(
        TagConfig(source=str(data), out=str(tmp_path / "out"), model=str(tiny_model), workers=0)
    )
    rows = pandas.read_parquet(tmp_path / "out/tags").set_index("uri")
    for photo, decision, confidence in zip(
        verdicts.answers.photos, verdicts.decisions, verdicts.confidence, strict=True
    ):
        assert rows.loc[photo.uri, "decision"] == decision
        assert rows.loc[photo.uri, "confidence"] == pytest.approx(confidence, abs=1e-5)


def test_a_folder_that_the_model_lacks_counts_as_wrong_and_is_told(evaluate):
    found, _, _ = evaluate(NAMES | {"02.great_dome": "Bridge"})
    assert found.figures.unknown == 3
    assert any("no class for Bridge" in note for note in found.notes)


def test_no_common_class_is_refused_with_both_lists(evaluate):
    with pytest.raises(ConfigError, match="Arch, Dome, Pyramid, Tower") as caught:
        evaluate({"01.arch": "Bridge", "02.great_dome": "Well", "others": None})
    assert "Bridge, Well" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_photo_with_two_labels_is_left_out(evaluate, data):
    copy = (data / "01.arch/0.png").read_bytes()
    (data / "others/arch.png").write_bytes(copy)
    found, _, _ = evaluate(NAMES)
    assert found.photos == 9
    assert any("two labels" in note for note in found.notes)


def test_only_broken_photos_are_refused(evaluate, data):
    for path in data.rglob("*.png"):
        path.write_bytes(b"\x89PNG\r\n\x1a\nno more")
    with pytest.raises(ConfigError, match="none of 12 photos can be judged"):
        evaluate(NAMES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"out": ""}, "--out must not be empty", id="no-out"),
        pytest.param({"out": "s3://bucket/x"}, "local folder", id="bucket"),
        pytest.param({"batch_size": 0}, "--batch-size", id="batch"),
    ],
)
def test_settings_that_cannot_be_are_refused(change, message):
    settings = {"data": "d", "model": "m", "out": "o"} | change
    with pytest.raises(ConfigError, match=message):
        EvaluateConfig(**settings)
