"""Turn a shard's report into plain JSON values and back, exactly: each part carries its own.

Pure. Floats keep every digit; text that UTF-8 cannot carry stays whole where the JSON is written
in ASCII, which is the default of `json.dumps`.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

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
            shard=int(value["shard"]),
            counts=Counts(**value["counts"]),
            tags=tuple((str(tag), int(photos)) for tag, photos in value["tags"]),
            failures=tuple(Failure(**failure) for failure in value["failures"]),
            stages=StageSeconds(**_known(value["stages"])),
            seconds=float(value["seconds"]),
            confidences=tuple(int(photos) for photos in value["confidences"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"expected the report of a shard, got other JSON ({reason})") from error
    if len(report.confidences) != CONFIDENCE_BINS:
        raise ValueError(f"expected {CONFIDENCE_BINS} bins, got {len(report.confidences)}")
    return report


def _known(stages: Mapping[str, float]) -> dict[str, float]:
    """Leave out stages that a newer version may have written."""
    names = {field.name for field in dataclasses.fields(StageSeconds)}
    return {name: float(seconds) for name, seconds in stages.items() if name in names}
