"""What one photo may cost can be set by name; what is wrong is said before anything begins."""

import pytest

from landmark_core.cli import main
from landmark_core.config import ReadLimits, limits_from
from landmark_core.errors import ConfigError


def test_what_is_not_named_stays():
    limits = limits_from(["decode_timeout_s=2.5", "max_bytes=1e6", "fetch_attempts=9"])
    assert limits == ReadLimits(decode_timeout_s=2.5, max_bytes=1_000_000, fetch_attempts=9)
    assert isinstance(limits.max_bytes, int)
    assert limits_from([]) == ReadLimits()


@pytest.mark.parametrize(
    "text", ["decode=3", "max_bytes", "max_bytes=", "max_bytes=many", "=3", "max_bytes=inf"]
)
def test_what_is_no_limit_is_refused_with_the_names(text):
    with pytest.raises(ConfigError, match=r"NAME=VALUE with one of max_bytes, .*stall_timeout_s"):
        limits_from([text])


@pytest.mark.parametrize("text", ["max_bytes=0", "stall_timeout_s=-1", "decode_timeout_s=nan"])
def test_limits_are_above_zero(text):
    with pytest.raises(ConfigError, match="must be a number above 0"):
        limits_from([text])


def test_the_command_takes_them(drawn_library, tiny_model, tmp_path, capsys):
    arguments = ["tag", str(drawn_library), "--out", str(tmp_path), "--model", str(tiny_model)]
    arguments += ["--workers", "0", "--no-progress", "--photo-limit", "max_bytes=2000"]
    assert main(arguments) == 0
    assert "more than 2,000 bytes" in capsys.readouterr().out
