"""Write a report: report.json for machines, index.html for people, both of the same figures."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from landmark_core.judging.calibration import Calibration
from landmark_core.judging.curves import risk_coverage
from landmark_core.judging.files import write_whole
from landmark_core.judging.judgement import Report
from landmark_core.judging.metrics import Spread, class_list, confused_pairs, confusion
from landmark_core.judging.page import render_page
from landmark_core.judging.verdicts import Verdicts

FORMAT_VERSION = 1
PAGE, FIGURES = "index.html", "report.json"
_MOST_ROWS = 1000  # classes up to which the JSON holds the confusion matrix
_POINTS = 101  # of the risk-coverage curve that the JSON keeps


def write_report(report: Report, folder: Path) -> Path:
    """Write index.html and report.json into a folder, each complete or not at all.

    Returns:
        The path of the page.

    Raises:
        RunError: if the folder cannot be written.
    """
    values = json.dumps(report_to_json(report), indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(folder / FIGURES, values.encode())
    write_whole(folder / PAGE, render_page(report).encode())
    return folder / PAGE


def report_to_json(report: Report) -> dict[str, Any]:
    """Return every figure of the report as plain JSON values."""
    judgement = report.judgement
    verdicts = judgement.verdicts
    released = report.released or judgement.calibrations[0]
    return {
        "format_version": FORMAT_VERSION,
        "title": report.title,
        "made_at": report.made_at.isoformat(),
        "facts": dict(report.facts),
        "notes": list(report.notes),
        "advice": list(report.advice),
        "figures": dataclasses.asdict(judgement.figures),
        "folds": [dataclasses.asdict(one) for one in judgement.folds],
        "mean_over_folds": _plain(judgement.spread),
        "calibration": _calibration(released),
        "calibration_of_folds": [
            _calibration(one) for one in judgement.calibrations if len(judgement.calibrations) > 1
        ],
        "classes": [dataclasses.asdict(one) for one in judgement.classes],
        "confusion": _confusion(verdicts),
        "reliability": [dataclasses.asdict(one) for one in judgement.bins],
        "risk_coverage": _risk_coverage(verdicts),
        "worst_errors": [dataclasses.asdict(one) for one in judgement.errors],
        "suspicious_labels": [dataclasses.asdict(one) for one in judgement.doubts],
        "comparison": None if report.comparison is None else dataclasses.asdict(report.comparison),
        "history": [dataclasses.asdict(one) for one in report.history],
        "failures": [{"uri": uri, "reason": reason} for uri, reason in report.failures],
        "data_report": report.data_report,
    }


def _confusion(verdicts: Verdicts) -> dict[str, Any]:
    """Return who is taken for whom: all pairs, and the whole matrix where it is small."""
    names = class_list(verdicts)
    pairs = [
        {"truth": names[truth], "tag": names[tag], "photos": photos}
        for truth, tag, photos in confused_pairs(verdicts)
    ]
    rows = confusion(verdicts).tolist() if len(names) <= _MOST_ROWS else None
    return {"names": names, "rows": rows, "pairs": pairs}


def _plain(spread: Mapping[str, Spread]) -> dict[str, dict[str, float]]:
    return {name: dataclasses.asdict(one) for name, one in spread.items()}


def _calibration(calibration: Calibration) -> dict[str, Any]:
    thresholds = dataclasses.asdict(calibration.thresholds)
    return {"temperature": calibration.temperature, "thresholds": thresholds}


def _risk_coverage(verdicts: Verdicts) -> list[dict[str, float]]:
    """Return at most _POINTS points of the curve over landmark photos."""
    landmark = ~verdicts.other
    coverage, risk = risk_coverage(verdicts.confidence[landmark], verdicts.right[landmark])
    chosen = np.unique(np.linspace(0, max(len(coverage) - 1, 0), _POINTS).round().astype(int))
    return [
        {"coverage": float(coverage[n]), "risk": float(risk[n])}
        for n in chosen.tolist()
        if n < len(coverage)
    ]
