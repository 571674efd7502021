"""Turn models and their versions into what `landmarks models` prints: text, and plain JSON values.

Names, reasons and paths come from outside: control and direction characters are shown escaped.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from landmark_core.model import LoadedModel, PackagedModel, PreprocessSettings, Version
from landmark_core.number_text import figure_text
from landmark_core.report_text import printable

_CLASSES_SHOWN = 60
_NUMBERS = (  # title, name among the metrics, whether it is a share
    ("top-1", "top1", True),
    ("ECE", "ece", False),
    ("AUROC", "auroc", False),
    ("others tagged", "others_tagged", True),
)


def model_to_text(model: LoadedModel) -> str:
    """Return what a person wants to know of a model file."""
    card, settings, limits = model.card, model.card.preprocess, model.card.thresholds
    lines = [
        f"{card.name}: {card.architecture or 'architecture not stated'}",
        f"  file        {printable(model.path)} ({model.size_bytes / 1e6:.1f} MB)",
        f"  model_id    {model.model_id}, preprocess_id {model.preprocess_id}",
        f"  input       {_input(settings)}",
        f"  output      {card.output}, temperature {card.temperature:g}",
        f"  tagged      from a confidence of {limits.tagged_from:g}",
    ]
    if limits.per_class:
        own = ", ".join(f"{name} {limit:g}" for name, limit in sorted(limits.per_class.items()))
        lines.append(f"              {own}")
    if limits.no_landmark_below is not None:
        lines.append(f"  no landmark below a confidence of {limits.no_landmark_below:g}")
    if limits.no_landmark_energy_above is not None:
        lines.append(f"  no landmark above an energy of {limits.no_landmark_energy_above:g}")
    if card.licence:
        lines.append(f"  licence     {printable(card.licence)}")
    lines.append(f"{len(card.class_names):,} classes: {_classes(card.class_names)}")
    lines += [f"  {name}: {value:g}" for name, value in sorted(card.metrics.items())]
    lines += [f"Note: {printable(note)}" for note in model.notes]
    return "\n".join(lines)


def _input(settings: PreprocessSettings) -> str:
    side, rule = settings.crop_size, settings.resize_rule.replace("_", " ")
    return (
        f"{side} x {side} pixels, centre of a {rule} of {settings.resize_size}, "
        f"{settings.interpolation}"
    )


def _classes(names: tuple[str, ...]) -> str:
    shown = ", ".join(printable(name) for name in names[:_CLASSES_SHOWN])
    hidden = len(names) - _CLASSES_SHOWN
    return f"{shown} and {hidden:,} more (--json has them all)" if hidden > 0 else shown


def versions_to_text(versions: Sequence[Version], problems: Sequence[str]) -> str:
    """Return the table of a model folder's versions, oldest first; * marks the champion."""
    heads = ["", "version", "trained (UTC)", "network", "classes", *(n[0] for n in _NUMBERS), "why"]
    rows = [
        [
            "*" if version.state == "champion" else "",
            version.name,
            version.record.created_at[:16].replace("T", " "),
            _network(version),
            f"{len(version.record.class_names):,}",
            *_numbers(version.record.metrics),
            _state(version),
        ]
        for version in versions
    ]
    lines = _table(heads, rows) if rows else ["no versions yet"]
    return "\n".join([*lines, *(f"Note: {printable(problem)}" for problem in problems)])


def packaged_to_text(models: Sequence[PackagedModel]) -> str:
    """Return the table of the models that this installation carries."""
    heads = ["name", "model_id", "network", "classes", *(n[0] for n in _NUMBERS)]
    rows = [
        [
            model.name,
            model.model_id,
            printable(model.card.architecture or "not stated"),
            f"{len(model.card.class_names):,}",
            *_numbers(model.card.metrics),
        ]
        for model in models
    ]
    return "\n".join(_table(heads, rows)) if rows else "no models in this installation"


def version_to_text(version: Version, shown: Mapping[str, float]) -> str:
    """Return what was recorded of a version's training, and what became of it.

    Args:
        version: to be described.
        shown: figures that the reader has seen in its card; those that are the same are left out.
    """
    record = version.record
    lines = [
        f"Version {version.name}: {_state(version)}",
        f"  trained     {record.created_at}, {_network(version)}, seed {record.seed}",
        f"  data        {record.data_digest or 'not recorded'}",
        f"  code        {record.code_digest or 'not recorded'}, recipe {record.recipe_digest}",
    ]
    if record.packages:
        named = ", ".join(f"{name} {number}" for name, number in sorted(record.packages.items()))
        lines.append(f"  packages    {printable(named)}")
    if record.comparison is not None:
        verdict = "better" if record.comparison["better"] else "not better"
        reason = printable(str(record.comparison.get("reason", "")))
        lines.append(f"  compared    {verdict} than {record.compared_with}: {reason}")
    lines += [
        f"  {name}: {value:g}"
        for name, value in sorted(record.metrics.items())
        if shown.get(name) != value
    ]
    return "\n".join(lines)


def version_to_json(version: Version) -> dict[str, Any]:
    """Return a version as plain JSON values."""
    return {
        "version": version.name,
        "state": version.state,
        "why": version.why,
        "model_id": version.model_id,
        "path": str(version.model_path),
        "training": dataclasses.asdict(version.record),
    }


def packaged_to_json(model: PackagedModel) -> dict[str, Any]:
    """Return a packaged model as plain JSON values."""
    return {
        "name": model.name,
        "model_id": model.model_id,
        "path": model.path,
        "architecture": model.card.architecture,
        "class_names": list(model.card.class_names),
        "metrics": dict(model.card.metrics),
    }


def _network(version: Version) -> str:
    return printable(" ".join(filter(None, (version.record.arch, version.record.backbone))))


def _state(version: Version) -> str:
    says = {"former": "former champion", "kept": "not promoted", "challenger": "not decided on"}
    state = says.get(version.state, version.state)
    return f"{state}: {printable(version.why)}" if version.why else state


def _numbers(metrics: Mapping[str, float]) -> list[str]:
    return [
        figure_text(metrics[name], is_share=is_share) if name in metrics else ""
        for _, name, is_share in _NUMBERS
    ]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heads, *rows)
    ]
