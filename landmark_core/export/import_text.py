"""What became of an imported file, as text for people and as JSON for scripts. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from landmark_core.export.fates import Fate
from landmark_core.export.importing import ImportReport
from landmark_core.number_text import count_text

_WORDS: Mapping[Fate, str] = {
    "same": "stand already",
    "newer": "kept: decided here after the file was written (export again to change them)",
    "changed": "not imported: the photo has changed since",
    "unreadable": "not imported: the photo could not be read",
    "repeated": "said once more in the file",
}
_TAGS_NAMED = 10


def import_to_text(report: ImportReport, *, is_dry: bool) -> str:
    """Return some lines that say what was decided, what was not, and why."""
    new = report.fates["new"]
    saved = count_text(new if is_dry else report.saved, "decision")
    done = f"{saved} would be saved" if is_dry else f"{saved} saved"
    lines = [f"{done}, from {count_text(report.entries, 'row')}" + _of_them_silent(report)]
    for fate, words in _WORDS.items():
        if report.fates[fate]:
            lines.append(f"  {report.fates[fate]:>9,}  {words}")
    if report.unread:
        lines.append(f"  {report.unread:>9,}  not read: final_tag or final_decision was changed")
    if report.respelled:
        lines.append(f"Spelled as here: {_listed(_respelled(report))}")
    if report.new_tags:
        new_tags = [f"{tag} {count:,}{_near(tag, report)}" for tag, count in report.new_tags]
        lines.append(f"Tags that were not used here before: {_listed(new_tags)}")
    return "\n".join(lines)


def unread_to_text(report: ImportReport) -> str | None:
    """Return one line on what was changed where nothing is read; null where nothing was."""
    if not report.unread:
        return None
    return (
        f"{count_text(report.unread, 'row')} changed final_tag or final_decision, which import "
        "does not read: change person_tag and person_decision"
    )


def import_to_json(report: ImportReport) -> dict[str, Any]:
    """Return the report as one JSON object."""
    counts = {"rows": report.entries, "nothing_said": report.silent, "saved": report.saved}
    fates = {str(fate): count for fate, count in report.fates.items()}
    return {
        "format": report.format,
        **counts,
        **fates,
        "unread": report.unread,
        "new_tags": dict(report.new_tags),
        "near_tags": dict(report.near),
        "respelled": {tag: known for tag, known, _ in report.respelled},
    }


def _respelled(report: ImportReport) -> list[str]:
    return [f"{tag} → {known} {count:,}" for tag, known, count in report.respelled]


def _near(tag: str, report: ImportReport) -> str:
    return f" (near: {report.near[tag]})" if tag in report.near else ""


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_TAGS_NAMED]) + (", ..." if len(texts) > _TAGS_NAMED else "")


def _of_them_silent(report: ImportReport) -> str:
    return f" ({report.silent:,} of them say nothing)" if report.silent else ""
