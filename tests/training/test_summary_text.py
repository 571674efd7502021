"""What a person reads after a training; figures by hand."""

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from landmark_core.model import TrainingRecord, Version
from landmark_core.training import (
    TrainSummary,
    Verdict,
    summary_to_json,
    summary_to_markdown,
    summary_to_text,
)

METRICS = {
    "landmarks": 1200,
    "others": 500,
    "top1": 0.8734,
    "macro_f1": 0.8651,
    "ece": 0.0314,
    "auroc": 0.9812,
    "tagged_precision": 0.971,
    "others_tagged": 0.012,
}


FOLDER = Path("/models/versions/v1")


def summary(
    *,
    promoted=True,
    metrics=METRICS,
    seconds=95.0,
    champion="v1",
    advice=(),
    folder=FOLDER,
    comparison=None,
) -> TrainSummary:
    record = TrainingRecord(
        version="v1",
        created_at=datetime(2026, 3, 1, tzinfo=UTC).isoformat(),
        arch="cnn",
        data_digest="0123456789abcdef",
        metrics=metrics,
        model_sha256="ab" * 32,
        files={"model.pt": "ab" * 32},
        compared_with="v0" if comparison else None,
        comparison=comparison,
    )
    return TrainSummary(
        version=Version(name="v1", folder=folder, record=record, state="champion", why=None),
        verdict=Verdict(promoted=promoted, reason="20 wins, 3 losses", champion=champion),
        data=None,
        seconds=seconds,
        advice=advice,
    )


def test_the_screen_says_what_to_know_and_what_to_type():
    lines = summary_to_text(summary()).splitlines()
    assert lines[0] == "Version v1, trained in 2 min"
    assert lines[1] == "Judged by 1,200 landmark photos and 500 others that it had not seen:"
    figures = {line[2:38].strip(): line[38:] for line in lines if line.startswith("  ")}
    assert figures == {
        "right tag, landmark photos": "87.3 %",
        "macro F1": "0.865",
        "calibration error": "0.031",
        "AUROC, landmark against other": "0.981",
        "right among `tagged`": "97.1 %",
        "other photos tagged": "1.2 %",
    }
    assert "Promoted: 20 wins, 3 losses" in lines
    assert "Report: /models/versions/v1/report/index.html" in lines
    assert lines[-1] == "Use it: landmarks tag PHOTOS --out OUT --model /models"


LEFT_OPEN = {
    "better": False,
    "mcnemar_p": 1.0,
    "wins": 0,
    "losses": 0,
    "gap_interval": [-1.0, 1.0],
}


@pytest.mark.parametrize(
    ("comparison", "champion", "is_worse"),
    [
        pytest.param(None, "v0", False, id="not-compared"),
        pytest.param(LEFT_OPEN, "v0", False, id="too-few-photos"),
        pytest.param({**LEFT_OPEN, "gap_interval": [-0.3, -0.1]}, "v0", True, id="worse-gap"),
        pytest.param({**LEFT_OPEN, "mcnemar_p": 0.01, "losses": 9}, "v0", True, id="more-losses"),
        pytest.param({**LEFT_OPEN, "mcnemar_p": 0.01, "wins": 9}, "v0", False, id="more-wins"),
        pytest.param({**LEFT_OPEN, "gap_interval": [-0.3, -0.1]}, "v9", False, id="other-champion"),
    ],
)
def test_without_a_promotion_the_screen_says_what_can_be_typed(comparison, champion, is_worse):
    folder = Path("/my models/versions/v1")
    told = summary(promoted=False, champion=champion, comparison=comparison, folder=folder)
    lines = summary_to_text(told).splitlines()
    assert "Not promoted: 20 wins, 3 losses" in lines
    said, _, command = lines[-1].partition(": ")
    assert said == (
        "It stays beside the champion, which tags" if is_worse else "To use it all the same"
    )
    expected = ["landmarks", "models", "list", "/my models"]
    if not is_worse:
        expected[2:] = ["promote", "/my models", "v1", "--reason", "chosen by hand", "--force"]
    assert shlex.split(command) == expected


def test_without_others_none_are_spoken_of():
    text = summary_to_text(summary(metrics={"landmarks": 12, "others": 0, "top1": 0.5}))
    assert "Judged by 12 landmark photos that it had not seen:" in text
    assert "AUROC" not in text


def test_what_it_never_decides_is_said_in_the_words_of_the_report():
    told = summary(advice=("It tags nothing.", "Nor that."))
    lines = summary_to_text(told).splitlines()
    assert lines[8:10] == ["It tags nothing.", "Nor that."]
    assert summary_to_markdown(told).endswith("|\n\nIt tags nothing.\n\nNor that.")
    assert summary_to_json(told)["advice"] == ["It tags nothing.", "Nor that."]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        pytest.param(89, "89 s", id="seconds"),
        pytest.param(91, "2 min", id="minutes"),
        pytest.param(5399, "90 min", id="many-minutes"),
        pytest.param(5400, "1.5 h", id="hours"),
    ],
)
def test_durations_are_read_at_a_glance(seconds, said):
    assert f"trained in {said}\n" in summary_to_text(summary(seconds=seconds))


def test_the_page_is_a_markdown_table_of_the_same_figures():
    lines = summary_to_markdown(summary(promoted=False)).splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    assert "| right tag, landmark photos | 87.3 % |" in rows
    assert all(line.count("|") == 3 for line in rows)
    assert "**Not promoted:** 20 wins, 3 losses" in lines


def test_the_object_is_plain_json():
    value = json.loads(json.dumps(summary_to_json(summary())))
    assert value["metrics"] == METRICS
    assert value["version"] == value["champion"] == "v1"
    assert value["model_id"] == "ab" * 8
    assert value["promoted"] is True
    assert value["seconds"] == 95.0
