"""Turn a data report into what people and machines read: one screen of text, JSON.

Pure. Names of files come from outside: control and direction characters are shown escaped.
"""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

from landmark_core.dataset.report import ClassCount, DataReport, Disagreement
from landmark_core.report_text import printable

_CLASSES_SHOWN = 20  # a screen; more are in the JSON
_EXAMPLES = 3
_NAME_WIDTH = 28


def report_to_json(report: DataReport) -> dict[str, Any]:
    """Return everything as plain JSON values."""
    return {
        "format_version": 1,
        **dataclasses.asdict(report),
        "warnings": list(report.warnings),
    }


def report_to_text(report: DataReport) -> str:
    """Return what a person reads before a training."""
    landmarks = sum(count.usable for count in report.classes)
    others = f"{report.others.usable:,} of other things"
    where = f"in {printable(report.data)} (data {report.digest})"
    lines = [
        f"{landmarks:,} photos of {len(report.classes)} landmarks and {others}, {where}",
        _row("", ("found", "usable", "training", "validation", "test")),
        *_class_lines(report.classes),
        _count_line("other things", report.others),
        *_aside("copies with equal bytes, used once", report.duplicates),
        *_aside("of these, in train/ and in test/ at once: kept out of training", report.across),
        *_aside(f"near-duplicates, in {report.groups:,} groups kept on one side", report.grouped),
        *_aside("left out, for near-duplicates of theirs are held out", report.quarantined),
        *_listed("left out, for equal bytes have several labels", report.conflicts),
        *_listed(
            "groups of near-duplicates with several labels, used as labelled", report.doubtful
        ),
        *_broken_lines(report),
        *_review_lines(report),
        *_ignored_lines(report),
        *(f"Warning: {printable(line)}" for line in report.warnings),
    ]
    return "\n".join(lines)


def _class_lines(classes: Sequence[ClassCount]) -> list[str]:
    """Return a line for each class; of many, for the smallest, which need a look the most."""
    if len(classes) <= _CLASSES_SHOWN:
        return [_count_line(str(count.name), count) for count in classes]
    smallest = sorted(classes, key=lambda count: count.usable)[: _CLASSES_SHOWN - 1]
    rest = [count for count in classes if count not in smallest]
    total = ClassCount(
        name=None,
        **{name: sum(getattr(count, name) for count in rest) for name in _COLUMNS},
    )
    lines = [_count_line(str(count.name), count) for count in smallest]
    return [*lines, _count_line(f"{len(rest):,} larger classes", total)]


_COLUMNS = ("found", "usable", "training", "validation", "test")


def _count_line(name: str, count: ClassCount) -> str:
    return _row(name, tuple(f"{getattr(count, column):,}" for column in _COLUMNS))


def _row(name: str, cells: Sequence[str]) -> str:
    shown = printable(name)
    if len(shown) > _NAME_WIDTH:
        shown = shown[: _NAME_WIDTH - 1] + "…"
    return f"  {shown:<{_NAME_WIDTH}}" + "".join(f"{cell:>11}" for cell in cells)


def _listed(what: str, items: Sequence[Disagreement]) -> list[str]:
    lines = _aside(what, len(items))
    for item in items[:_EXAMPLES]:
        names = " / ".join("no landmark" if name is None else name for name in item.names)
        lines.append(f"    {printable(names)}: {printable(', '.join(item.uris[:2]))}")
    return lines + _more(len(items))


def _broken_lines(report: DataReport) -> list[str]:
    lines = []
    for status, many in sorted(Counter(file.status for file in report.broken).items()):
        example = next(file for file in report.broken if file.status == status)
        shown = f"{printable(example.uri)}: {printable(example.reason)}"
        lines.append(f"  {status}: {many:,}, for example {shown}")
    return lines


def _review_lines(report: DataReport) -> list[str]:
    reviews = report.reviews
    tags = ", ".join(tag for tag, _ in reviews.rare_tags[:_EXAMPLES])
    return [
        *_aside("labels from reviews", reviews.labels),
        *_aside("of these, against the folder's label", reviews.overruled),
        *_aside("reviewed photos left out, for they changed since", reviews.changed),
        *_aside("reviewed photos left out, for they are gone", reviews.gone),
        *_aside(
            f"new classes, by reviews: {_names(reviews.new_classes)}", len(reviews.new_classes)
        ),
        *_aside(f"reviewed tags that are no class, too few: {tags}", len(reviews.rare_tags)),
    ]


def _ignored_lines(report: DataReport) -> list[str]:
    ignored = report.ignored
    return [
        *_aside("photos in no class folder, left alone", ignored.loose),
        *_aside("other files, left alone", ignored.other_files),
        *_aside("hidden files and folders, left alone", ignored.hidden),
        *_aside("symbolic links that lead nowhere", ignored.links),
        *_aside("folders that could not be opened", ignored.unreadable_folders),
    ]


def _names(names: Sequence[str]) -> str:
    return ", ".join(names[:_EXAMPLES]) + (", …" if len(names) > _EXAMPLES else "")


def _more(many: int) -> list[str]:
    return [f"    … and {many - _EXAMPLES:,} more"] if many > _EXAMPLES else []


def _aside(what: str, number: int) -> list[str]:
    return [f"  {printable(what)}: {number:,}"] if number else []
