"""What became of an imported file, as text for people and as JSON for scripts. Pure."""

from collections.abc import Mapping
from typing import Any

from landmark_core.export.fates import Fate
from landmark_core.export.importing import ImportReport

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
    done = f"{new:,} decisions would be saved" if is_dry else f"{report.saved:,} decisions saved"
    lines = [f"{done}, from {report.entries:,} rows" + _of_them_silent(report)]
    for fate, words in _WORDS.items():
        if report.fates[fate]:
            lines.append(f"  {report.fates[fate]:>9,}  {words}")
    if report.new_tags:
        named = ", ".join(f"{tag} {count:,}" for tag, count in report.new_tags[:_TAGS_NAMED])
        more = ", ..." if len(report.new_tags) > _TAGS_NAMED else ""
        lines.append(f"Tags that were not used here before: {named}{more}")
    return "\n".join(lines)


def import_to_json(report: ImportReport) -> dict[str, Any]:
    """Return the report as one JSON object."""
    counts = {"rows": report.entries, "nothing_said": report.silent, "saved": report.saved}
    fates = {str(fate): count for fate, count in report.fates.items()}
    return {"format": report.format, **counts, **fates, "new_tags": dict(report.new_tags)}


def _of_them_silent(report: ImportReport) -> str:
    return f" ({report.silent:,} of them say nothing)" if report.silent else ""
