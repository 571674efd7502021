"""Compare tonight's run with the nights before it: shares, the distribution of confidences, limits.

Pure. A night is a finished run that had photos. Confidences are compared within one model and one
preprocessing only: another model's confidences are another scale.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from landmark_core.drift import merge_sparse, noise_level, stability_index
from landmark_core.errors import ConfigError
from landmark_core.json_text import moment_of, whole_number
from landmark_core.report import CONFIDENCE_BINS, RunSummary, add_confidences
from landmark_core.report_text import to_json

LimitName = Literal["failures", "review", "drift"]
ShareName = Literal["tagged", "review", "no_landmark", "failed"]

SHARES: tuple[ShareName, ...] = ("tagged", "review", "no_landmark", "failed")
NIGHTS = 30  # nights that tonight is compared with
FEW_NIGHTS = 3  # of tonight's model; with fewer, shares are compared with those of other models too
_COUNTS = ("photos", "ok", "tagged", "review", "no_landmark")  # that are read of a run file


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What is compared of one finished run; tagged, review, no_landmark and failed make photos."""

    run_id: str
    finished_at: datetime  # UTC
    model_id: str
    preprocess_id: str
    photos: int
    tagged: int
    review: int
    no_landmark: int
    failed: int
    confidences: tuple[int, ...] | None  # null in run files that do not have them yet

    def share(self, name: ShareName) -> float:
        """Return the share of the photos that ended this way, in [0, 1]."""
        number: int = getattr(self, name)
        return number / self.photos if self.photos else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Where the values of the past nights lie."""

    low: float  # lower end of the middle half
    median: float
    high: float  # upper end of the middle half


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One share tonight and before."""

    name: ShareName
    tonight: float  # in [0, 1]
    past: Spread | None  # null where there is no night to compare with


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far tonight's confidences are from those of the past nights together."""

    value: float  # population stability index, >= 0
    noise: float  # what chance alone stays below, at drift.CERTAINTY
    nights: int  # that have confidences of the same model
    past: tuple[int, ...]  # their histogram, added up
    usual: Spread | None  # each past night against the others; null below two


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Tonight beside the nights before."""

    tonight: Night
    nights: int  # whose shares were compared
    model_changed: bool  # the night before had another model or preprocessing
    other_models: bool  # nights of other models are among those compared
    shares: tuple[Share, ...]  # in the order of SHARES
    drift: Drift | None  # null without photos or confidences of this model on both sides


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an ordinary night keeps to."""

    max_failures: float = 0.05  # share of the photos that could not be read
    max_review: float = 0.5  # share of the photos that a person must look at
    max_drift: float = 0.25  # population stability index of the confidences
    min_photos: int = 50  # a night with fewer passes no limit

    def __post_init__(self) -> None:
        for name in ("max_failures", "max_review"):
            if not 0 <= getattr(self, name) <= 1:  # written this way round, NaN is refused too
                raise ConfigError(f"{name} must be between 0 and 1, got {getattr(self, name)}")
        if not self.max_drift >= 0:
            raise ConfigError(f"max_drift must be at least 0, got {self.max_drift}")
        if self.min_photos < 1:
            raise ConfigError(f"min_photos must be at least 1, got {self.min_photos}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedLimit:
    """A limit that tonight is beyond."""

    limit: LimitName
    value: float
    allowed: float  # drift: never below what chance makes


def read_night(values: Mapping[str, Any]) -> Night:
    """Return a night from the content of its run file.

    Raises:
        ValueError: if the values are not those of a run file.
    """
    try:
        counts = {name: whole_number(values["counts"][name]) for name in _COUNTS}
        night = Night(
            run_id=str(values["run_id"]),
            finished_at=moment_of(values["finished_at"]),
            model_id=str(values["model"]["model_id"]),
            preprocess_id=str(values["model"]["preprocess_id"]),
            photos=counts["photos"],
            tagged=counts["tagged"],
            review=counts["review"],
            no_landmark=counts["no_landmark"],
            failed=counts["photos"] - counts["ok"],
            confidences=_histogram(values.get("confidences") or ()),
        )
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"expected the content of a run file, got other JSON ({reason})"
        ) from error
    if night.failed < 0:
        raise ValueError(f"expected at most {night.photos} photos that are ok, got {counts['ok']}")
    return night


def _histogram(values: Sequence[object]) -> tuple[int, ...] | None:
    """Read confidences; null where they are those of another version."""
    if not isinstance(values, list | tuple):
        raise TypeError(f"expected a list of confidences, got {type(values).__name__}")
    known = len(values) == CONFIDENCE_BINS
    return tuple(whole_number(photos) for photos in values) if known else None


def night_of(summary: RunSummary) -> Night:
    """Return the night of a run that has just finished."""
    return read_night(to_json(summary))


def compare(tonight: Night, past: Sequence[Night]) -> Comparison:
    """Put tonight beside the nights before.

    Args:
        tonight: may be without photos; its shares are 0 then.
        past: nights with photos, oldest first; the last NIGHTS count.
    """
    past = past[-NIGHTS:]
    same = [night for night in past if _model(night) == _model(tonight)]
    compared = same if len(same) >= min(FEW_NIGHTS, len(past)) else past
    return Comparison(
        tonight=tonight,
        nights=len(compared),
        model_changed=bool(past) and _model(past[-1]) != _model(tonight),
        other_models=len(compared) > len(same),
        shares=tuple(
            Share(
                name=name,
                tonight=tonight.share(name),
                past=_spread([night.share(name) for night in compared]),
            )
            for name in SHARES
        ),
        drift=_drift(tonight.confidences, [night.confidences for night in same]),
    )


def passed_limits(comparison: Comparison, limits: Limits) -> tuple[PassedLimit, ...]:
    """Return the limits that tonight is beyond: failures, review, drift."""
    tonight, drift = comparison.tonight, comparison.drift
    if tonight.photos < limits.min_photos:
        return ()
    held: list[tuple[LimitName, float, float]] = [
        ("failures", tonight.share("failed"), limits.max_failures),
        ("review", tonight.share("review"), limits.max_review),
    ]
    if drift is not None and sum(tonight.confidences or ()) >= limits.min_photos:
        held.append(("drift", drift.value, max(limits.max_drift, drift.noise)))
    return tuple(
        PassedLimit(limit=name, value=value, allowed=allowed)
        for name, value, allowed in held
        if value > allowed
    )


def _drift(
    tonight: tuple[int, ...] | None, nights: Sequence[tuple[int, ...] | None]
) -> Drift | None:
    known = [one for one in nights if one and sum(one)]
    if not known or not tonight or not sum(tonight):
        return None
    past = add_confidences(known)
    one, other = merge_sparse(tonight, past)
    return Drift(
        value=stability_index(one, other),
        noise=noise_level(sum(one), sum(other), len(one)),
        nights=len(known),
        past=past,
        usual=_spread(list(_each_against_the_others(known, past))),
    )


def _each_against_the_others(
    nights: Sequence[tuple[int, ...]], together: tuple[int, ...]
) -> Iterator[float]:
    if len(nights) < 2:
        return
    for night in nights:
        rest = tuple(whole - part for whole, part in zip(together, night, strict=True))
        yield stability_index(*merge_sparse(night, rest))


def _spread(values: Sequence[float]) -> Spread | None:
    """Return quartiles by linear interpolation, as NumPy and pandas do."""
    if not values:
        return None
    if len(values) == 1:
        return Spread(low=values[0], median=values[0], high=values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(low=low, median=median, high=high)


def _model(night: Night) -> tuple[str, str]:
    return night.model_id, night.preprocess_id
