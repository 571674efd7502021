"""Turn a shard's report into plain JSON values and back, exactly: each part carries its own.

Pure. Floats keep every digit; text that UTF-8 cannot carry stays whole where the JSON is written
in ASCII, which is the default of `json.dumps`.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from landmark_core.json_text import finite_number, whole_number
from landmark_core.report import CONFIDENCE_BINS, Counts, Failure, ShardReport, StageSeconds


def shard_report_to_json(report: ShardReport) -> dict[str, Any]:
    """Return the report as dicts, lists, text and numbers."""
    values = dataclasses.asdict(report)
    values["tags"] = [list(tag) for tag in report.tags]
    values["failures"] = list(values["failures"])
    values["confidences"] = list(report.confidences)
    return values


def shard_report_from_json(value: Mapping[str, Any]) -> ShardReport:
    """Return the report that `shard_report_to_json` was given.

    Raises:
        ValueError: if the value is anything else.
    """
    try:
        report = ShardReport(
            shard=whole_number(value["shard"]),
            counts=Counts(**{name: whole_number(n) for name, n in dict(value["counts"]).items()}),
            tags=tuple((str(tag), whole_number(photos)) for tag, photos in value["tags"]),
            failures=tuple(_failure(failure) for failure in value["failures"]),
            stages=StageSeconds(**_known(value["stages"])),
            seconds=finite_number(value["seconds"]),
            confidences=tuple(whole_number(photos) for photos in value["confidences"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"expected the report of a shard, got other JSON ({reason})") from error
    if len(report.confidences) != CONFIDENCE_BINS:
        raise ValueError(f"expected {CONFIDENCE_BINS} bins, got {len(report.confidences)}")
    return report


def _failure(value: Mapping[str, Any]) -> Failure:
    failure = Failure(**value)
    if not all(isinstance(text, str) for text in dataclasses.astuple(failure)):
        raise TypeError(f"expected texts, got {str(value)[:60]}")
    return failure


def _known(stages: Mapping[str, Any]) -> dict[str, float]:
    """Leave out stages that a newer version may have written."""
    if not isinstance(stages, dict):
        raise TypeError("expected an object of stages")
    names = {field.name for field in dataclasses.fields(StageSeconds)}
    return {name: finite_number(seconds) for name, seconds in stages.items() if name in names}
