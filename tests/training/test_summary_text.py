"""What a person reads after a training; figures by hand."""

import json
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


def summary(
    *, promoted=True, metrics=METRICS, seconds=95.0, champion="v1", advice=()
) -> TrainSummary:
    folder = Path("/models/versions/v1")
    record = TrainingRecord(
        version="v1",
        created_at=datetime(2026, 3, 1, tzinfo=UTC).isoformat(),
        arch="cnn",
        data_digest="0123456789abcdef",
        metrics=metrics,
        model_sha256="ab" * 32,
        files={"model.pt": "ab" * 32},
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


def test_without_a_promotion_nothing_is_offered_for_use():
    text = summary_to_text(summary(promoted=False, champion="v0"))
    assert "Not promoted: 20 wins, 3 losses" in text
    assert "Use it" not in text


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
