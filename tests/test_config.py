"""Settings of a run: the documented defaults, every border, and the way back from plain values."""

import dataclasses
import json
import math

import pytest

from landmark_core.config import ReadLimits, TagConfig, config_from_settings
from landmark_core.errors import ConfigError

PLAIN = TagConfig(source="/photos", out="/out")


def test_defaults_are_those_of_the_help_and_the_docs():
    assert dataclasses.asdict(PLAIN) == {
        "source": "/photos",
        "out": "/out",
        "model": "starter",
        "model_sha256": None,
        "classes": None,
        "device": "auto",
        "precision": "auto",
        "batch_size": "auto",
        "workers": "auto",
        "top_k": 5,
        "review_below": None,
        "include": (),
        "exclude": (),
        "follow_links": False,
        "since": None,
        "time_zone": "UTC",
        "limit": None,
        "shard_size": 2048,
        "retry_failed": False,
        "limits": {
            "max_bytes": 536_870_912,  # 512 MiB
            "max_pixels": 1_000_000_000,
            "max_decoded_pixels": 128_000_000,
            "fetch_attempts": 4,
            "fetch_timeout_s": 60.0,
            "fetch_concurrency": 8,
            "decode_timeout_s": 60.0,
            "decode_memory": 4_294_967_296,  # 4 GiB
            "stall_timeout_s": 1800.0,
        },
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_size": 1, "workers": 0, "top_k": 1, "limit": 1, "shard_size": 1},
        {"review_below": 0.0},
        {"review_below": 1.0},
        {"model_sha256": "0aF" + "9" * 61},
        *({"device": device} for device in ("auto", "cpu", "cuda")),
        *({"precision": precision} for precision in ("auto", "fp32", "bf16", "fp16")),
    ],
)
def test_what_is_within_the_borders_is_taken(changes):
    assert dataclasses.replace(PLAIN, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 0}, "--batch-size must be at least 1, got 0"),
        ({"workers": -1}, "--workers must be at least 0, got -1"),
        ({"top_k": 0}, "--top-k must be at least 1, got 0"),
        ({"limit": 0}, "--limit must be at least 1, got 0"),
        ({"shard_size": 0}, "--shard-size must be at least 1, got 0"),
        ({"review_below": -0.01}, "--review-below must be between 0 and 1, got -0.01"),
        ({"review_below": 1.01}, "--review-below must be between 0 and 1, got 1.01"),
        ({"review_below": math.nan}, "--review-below must be between"),
        ({"review_below": math.inf}, "--review-below must be between"),
        ({"model_sha256": "a" * 63}, "--model-sha256: expected the 64 hex digits"),
        ({"model_sha256": "g" * 64}, "--model-sha256: expected the 64 hex digits"),
        ({"device": "tpu"}, "--device must be one of auto, cpu, cuda; got 'tpu'"),
        ({"precision": "fp8"}, "--precision must be one of auto, fp32, bf16, fp16; got 'fp8'"),
        ({"time_zone": "Mars/Olympus"}, "--time-zone"),
        ({"since": "yesterday"}, "--since"),
        ({"source": ""}, "SOURCE must not be empty"),
        ({"out": ""}, "--out must not be empty"),
        ({"model": ""}, "--model must not be empty"),
    ],
)
def test_what_is_beyond_a_border_is_refused_by_name(changes, message):
    with pytest.raises(ConfigError, match=message):
        dataclasses.replace(PLAIN, **changes)


def test_settings_come_back_from_a_run_file():
    config = dataclasses.replace(
        PLAIN,
        include=("*.jpg",),
        exclude=("raw", "*.tif"),
        limits=ReadLimits(fetch_attempts=1),
        review_below=0.5,
    )
    assert config_from_settings(json.loads(json.dumps(dataclasses.asdict(config)))) == config


def test_settings_that_an_old_run_file_lacks_keep_their_defaults():
    assert config_from_settings({"source": "/photos", "out": "/out"}) == PLAIN


def test_settings_of_something_else_are_refused():
    with pytest.raises(ConfigError, match=r"expected the settings of a tagging run: .*'colour'"):
        config_from_settings({"source": "/photos", "out": "/out", "colour": "red"})
