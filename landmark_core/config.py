"""Settings of a tagging run: read once, checked once, then only passed along."""

import math
import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from landmark_core.addresses import without_secrets
from landmark_core.errors import ConfigError
from landmark_core.since import parse_since, read_zone

Auto = Literal["auto"]
Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
_SHA256 = re.compile("[0-9a-fA-F]{64}")
_ADDRESSES = ("source", "out", "model", "classes")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """What one photo may cost; beyond it the photo becomes a row, not a crash."""

    max_bytes: int = 512 * 2**20  # file size
    max_pixels: int = 1_000_000_000  # width x height that the header declares
    max_decoded_pixels: int = 128_000_000  # bitmap held in memory, after DCT scaling
    fetch_attempts: int = 4  # tries per photo on faults that may pass
    fetch_timeout_s: float = 60.0  # seconds for one try
    fetch_concurrency: int = 8  # photos fetched at once by one worker, URLs only
    decode_timeout_s: float = 60.0  # processor seconds of one photo; not with 0 workers
    decode_memory: int = 4 * 2**30  # bytes that a process that reads may take beyond its start
    stall_timeout_s: float = 1800.0  # without any answer from the processes that read


def limits_from(texts: Iterable[str]) -> ReadLimits:
    """Build limits from NAME=VALUE texts, as in decode_timeout_s=120; what is not named stays.

    Raises:
        ConfigError: if a name is unknown or a value is no number above 0.
    """
    kinds: dict[str, type] = {name: type(value) for name, value in asdict(ReadLimits()).items()}
    values: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        expected = (
            f"--photo-limit: expected NAME=VALUE with one of {', '.join(kinds)}, got {text!r}"
        )
        if name not in kinds:
            raise ConfigError(expected)
        try:
            values[name] = kinds[name](float(value))
        except (ValueError, OverflowError) as error:
            raise ConfigError(expected) from error
        if not 0 < values[name] < math.inf:
            raise ConfigError(f"--photo-limit: {name} must be a number above 0, got {value}")
    return ReadLimits(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class TagConfig:
    """Everything one tagging run needs; equal configs over equal photos give equal rows."""

    source: str  # folder, photo, list file, "-" or fsspec URL
    out: str  # folder or fsspec URL
    model: str = "starter"  # file or the name of a model in the package
    model_sha256: str | None = None  # 64 hex digits that the model file must have
    classes: str | None = None  # file of class names, one a line, for models that carry none
    device: Device = "auto"
    precision: Precision = "auto"
    batch_size: int | Auto = "auto"  # photos per forward pass
    workers: int | Auto = "auto"  # decoding processes; 0 decodes in this one
    top_k: int = 5  # tags kept per photo
    review_below: float | None = None  # replaces the model's own threshold; 1 reviews everything
    include: tuple[str, ...] = ()  # globs over the path relative to SOURCE; none means all
    exclude: tuple[str, ...] = ()
    follow_links: bool = False  # symbolic links that leave SOURCE or name folders
    since: str | None = None  # age, day or moment; only photos that came or changed since then
    time_zone: str = "UTC"  # IANA name: whose days `since` and the date fields of SOURCE mean
    limit: int | None = None  # at most so many photos in this run
    shard_size: int = 2048  # photos per part file
    retry_failed: bool = False  # take up photos whose newest row is a failure
    limits: ReadLimits = ReadLimits()

    def __post_init__(self) -> None:
        _check_choice("--device", self.device, DEVICES)
        _check_choice("--precision", self.precision, PRECISIONS)
        for option, value, least in (
            ("--batch-size", self.batch_size, 1),
            ("--workers", self.workers, 0),
            ("--top-k", self.top_k, 1),
            ("--limit", self.limit, 1),
            ("--shard-size", self.shard_size, 1),
        ):
            if isinstance(value, int) and value < least:
                raise ConfigError(f"{option} must be at least {least}, got {value}")
        if self.review_below is not None and not (
            math.isfinite(self.review_below) and 0 <= self.review_below <= 1
        ):
            raise ConfigError(f"--review-below must be between 0 and 1, got {self.review_below}")
        if self.model_sha256 is not None and not _SHA256.fullmatch(self.model_sha256):
            raise ConfigError(
                "--model-sha256: expected the 64 hex digits that `sha256sum FILE` prints, "
                f"got {self.model_sha256!r}"
            )
        read_zone(self.time_zone)
        if self.since is not None:
            parse_since(self.since)
        for name, text in (("SOURCE", self.source), ("--out", self.out), ("--model", self.model)):
            if not text:
                raise ConfigError(f"{name} must not be empty")


def config_from_settings(settings: Mapping[str, Any]) -> TagConfig:
    """Build a config from plain values, as `dataclasses.asdict` and JSON leave them.

    Raises:
        ConfigError: if a setting is unknown or wrong.
    """
    values = dict(settings)
    try:
        _check_kinds(ReadLimits, values.get("limits", {}))
        values["limits"] = ReadLimits(**values.get("limits", {}))
        for name in ("include", "exclude"):
            values[name] = tuple(values.get(name, ()))
        _check_kinds(TagConfig, values)
        return TagConfig(**values)
    except (TypeError, AttributeError) as error:
        raise ConfigError(f"expected the settings of a tagging run: {error}") from error


def settings_to_keep(config: TagConfig) -> dict[str, Any]:
    """Return the settings as run files and plans hold them: no password, no signature in them."""
    values = asdict(config)
    for name in _ADDRESSES:
        if values[name] is not None:
            values[name] = without_secrets(values[name])
    return values


def _check_kinds(record: type, values: Mapping[str, Any]) -> None:
    """Raise TypeError where a value is of a kind that its field does not name."""
    hints = get_type_hints(record)
    for name, value in values.items():
        if name in hints and not _fits(value, hints[name]):
            raise TypeError(f"{name} is {str(value)[:40]!r}")


def _fits(value: object, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return isinstance(value, str)  # which words, the record checks by itself
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(isinstance(one, str) for one in value)
    if isinstance(hint, types.UnionType) or get_args(hint):
        return any(_fits(value, one) for one in get_args(hint))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, hint) and not (hint is int and isinstance(value, bool))


def _check_choice(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"{option} must be one of {', '.join(choices)}; got {value!r}")
