"""A training's summary as people read it on a terminal or a page, and as JSON. Pure."""

import shlex
from collections.abc import Mapping
from typing import Any

from landmark_core.judging import SIGNIFICANCE
from landmark_core.number_text import figure_text
from landmark_core.training.run import TrainSummary

# Figures that decide whether a model is of use: key, name, whether it is a share.
_FIGURES = (
    ("top1", "right tag, landmark photos", True),
    ("macro_f1", "macro F1", False),
    ("ece", "calibration error", False),
    ("auroc", "AUROC, landmark against other", False),
    ("tagged_precision", "right among `tagged`", True),
    ("landmarks_tagged", "landmark photos tagged", True),
    ("landmarks_lost", "landmark photos called no_landmark", True),
    ("others_tagged", "other photos tagged", True),
    ("others_review", "other photos sent to review", True),
)


def summary_to_text(summary: TrainSummary) -> str:
    """Return what a person wants to know after a training, one screen."""
    version, verdict = summary.version, summary.verdict
    metrics = version.record.metrics
    judged = f"{metrics.get('landmarks', 0):,.0f} landmark photos"
    if metrics.get("others"):
        judged += f" and {metrics['others']:,.0f} others"
    lines = [
        f"Version {version.name}, trained in {_duration(summary.seconds)}",
        f"Judged by {judged} that it had not seen:",
        *(f"  {name:<36}{_value(metrics, key, share)}" for key, name, share in _figures(metrics)),
        *summary.advice,
        f"{'Promoted' if verdict.promoted else 'Not promoted'}: {verdict.reason}",
        f"Report: {summary.report_path}",
        f"Model: {version.model_path}",
    ]
    return "\n".join([*lines, _next(summary)])


def summary_to_markdown(summary: TrainSummary) -> str:
    """Return the summary as a Markdown page, for an artifact."""
    version, verdict = summary.version, summary.verdict
    metrics = version.record.metrics
    rows = [f"| {name} | {_value(metrics, key, share)} |" for key, name, share in _figures(metrics)]
    decision = "Promoted" if verdict.promoted else "Not promoted"
    return "\n".join(
        [
            f"**Version** `{version.name}`, trained in {_duration(summary.seconds)}.",
            "",
            f"**{decision}:** {verdict.reason}",
            "",
            "| figure, on photos that it had not seen | |",
            "|---|---|",
            *rows,
            *(f"\n{line}" for line in summary.advice),
        ]
    )


def summary_to_json(summary: TrainSummary) -> dict[str, Any]:
    """Return the summary as plain JSON values."""
    version, verdict = summary.version, summary.verdict
    return {
        "version": version.name,
        "model": str(version.model_path),
        "model_id": version.model_id,
        "report": str(summary.report_path),
        "metrics": dict(version.record.metrics),
        "data_digest": version.record.data_digest,
        "promoted": verdict.promoted,
        "reason": verdict.reason,
        "advice": list(summary.advice),
        "champion": verdict.champion,
        "seconds": round(summary.seconds, 1),
    }


def _next(summary: TrainSummary) -> str:
    """Return the line that says what to type, quoted for the shell."""
    version = summary.version
    folder = shlex.quote(str(version.folder.parents[1]))
    if summary.verdict.promoted:
        return f"Use it: landmarks tag PHOTOS --out OUT --model {folder}"
    if _proved_worse(summary):
        return f"It stays beside the champion, which tags: landmarks models list {folder}"
    # --force: nothing else takes a version that did not prove better.
    return (
        f"To use it all the same: landmarks models promote {folder} {shlex.quote(version.name)} "
        '--reason "chosen by hand" --force'
    )


def _proved_worse(summary: TrainSummary) -> bool:
    """Whether the version lost one of the tests against the champion of now."""
    record = summary.version.record
    found = record.comparison
    if found is None or record.compared_with != summary.verdict.champion:
        return False
    uneven = found["mcnemar_p"] < SIGNIFICANCE and found["losses"] > found["wins"]
    return bool(uneven or found["gap_interval"][1] < 0)


def _figures(metrics: Mapping[str, float]) -> list[tuple[str, str, bool]]:
    return [figure for figure in _FIGURES if figure[0] in metrics]


def _value(metrics: Mapping[str, float], key: str, share: bool) -> str:
    return figure_text(metrics[key], is_share=share)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
