"""Promote or keep: what the comparison of the training says about the champion of now."""

import dataclasses
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from landmark_core.errors import ConfigError
from landmark_core.model import Registry, TrainingRecord, file_digests, write_training_record
from landmark_core.training import TrainConfig, decide

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BETTER = {"better": True, "reason": "20 wins against 3 losses"}
WORSE = {"better": False, "reason": "no significant difference"}


@pytest.fixture
def config(tmp_path):
    return TrainConfig(data="photos", out=str(tmp_path / "models"))


def add(config: TrainConfig, name: str, *, against: str | None = None, found=None) -> str:
    """Add a version as a training leaves it, found to be so against a champion."""
    root = Path(config.out)
    work = root / "work" / name
    work.mkdir(parents=True)
    (work / "model.pt").write_bytes(name.encode())
    record = TrainingRecord(
        version=name,
        created_at="2026-03-01T00:00:00Z",
        arch="cnn",
        model_sha256=hashlib.sha256(name.encode()).hexdigest(),
        files=file_digests(work),
        metrics={"top1": 0.5},
        compared_with=against,
        comparison=found,
    )
    write_training_record(record, work)
    return Registry(root).add_version(work).name


def verdict_on(config: TrainConfig, name: str, minutes: int = 0):
    return decide(config, name, by="a test", now=NOW + timedelta(minutes=minutes))


def actions(config):
    return [(entry.action, entry.version) for entry in Registry(Path(config.out)).history()]


def test_the_first_version_becomes_champion(config):
    verdict = verdict_on(config, add(config, "one"))
    assert verdict.promoted
    assert verdict.champion == "one"
    assert "no champion to compare" in verdict.reason
    assert actions(config) == [("promotion", "one")]


@pytest.mark.parametrize(
    ("found", "promoted"),
    [pytest.param(BETTER, True, id="better"), pytest.param(WORSE, False, id="not-better")],
)
def test_a_challenger_is_promoted_where_it_was_found_better(config, found, promoted):
    verdict_on(config, add(config, "one"))
    verdict = verdict_on(config, add(config, "two", against="one", found=found), 1)
    assert verdict.promoted is promoted
    assert verdict.reason == found["reason"]
    assert verdict.champion == Registry(Path(config.out)).champion().name
    assert verdict.champion == ("two" if promoted else "one")
    last = Registry(Path(config.out)).history()[-1]
    assert (last.action, last.by) == ("promotion" if promoted else "refusal", "a test")
    assert last.when == "2026-03-01T00:01:00Z"


def test_a_challenger_of_a_champion_that_is_none_any_more_is_kept(config):
    verdict_on(config, add(config, "one"))
    add(config, "late", against="one", found=BETTER)
    verdict_on(config, add(config, "two", against="one", found=BETTER))
    verdict = verdict_on(config, "late")
    assert not verdict.promoted
    assert verdict.reason == "two became champion while this version was trained"
    assert verdict.champion == "two"


def test_a_version_that_was_not_compared_is_kept(config):
    verdict_on(config, add(config, "one"))
    assert not verdict_on(config, add(config, "two")).promoted


def test_promote_never_decides_nothing(config):
    undecided = dataclasses.replace(config, promote="never")
    verdict = verdict_on(undecided, add(config, "one"))
    assert not verdict.promoted
    assert verdict.champion is None
    assert "--promote never" in verdict.reason
    assert actions(config) == []


def test_a_version_that_is_damaged_or_absent_is_refused(config):
    with pytest.raises(ConfigError, match="nowhere"):
        verdict_on(config, "nowhere")
    add(config, "one")
    (Path(config.out) / "versions/one/model.pt").write_bytes(b"other bytes")
    with pytest.raises(ConfigError, match=r"model\.pt"):
        verdict_on(config, "one")
    assert actions(config) == []
