"""An edited CSV of `csv_out` → what it says: the rows whose person_* cells were changed.

Spreadsheets write files in their own way: other columns beside ours, any order, `;` or tabs
between cells, a mark in front of UTF-8, blank rows, empty last cells left out. All of that is read.
What cannot be understood is refused with its line, whole: nothing of such a file is used.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from landmark_core.errors import ConfigError
from landmark_core.export.cells import from_cell
from landmark_core.export.claims import (
    UNREAD,
    Answer,
    Claim,
    Entry,
    checked_reviewer,
    checked_tag,
    printable,
)
from landmark_core.export.csv_out import person_cells
from landmark_core.export.moments import from_text
from landmark_core.finding import fold

NEEDED = (
    *("photo_id", "uri", "tag", "final_decision", "final_tag", "settled_by", "reviewer"),
    *("decided_at", "person_decision", "person_tag", "version", "exported_at"),
)
_MODEL_DECISION = "decision"  # tells whether final_decision was changed; may be missing
_SEPARATORS = ",;\t"
_PHOTO_ID = re.compile("[0-9a-f]{32}")
# Our own words, those of the reviews table and of the column final_decision.
_ANSWERS: Mapping[str, Answer] = {
    "tag": "tag",
    "tagged": "tag",
    "accepted": "tag",
    "corrected": "tag",
    "not_a_landmark": "not_a_landmark",
    "no_landmark": "not_a_landmark",
    "skip": "skip",
    "skipped": "skip",
}


def read_csv(path: Path, reviewer: str) -> Iterator[Entry]:
    """Yield what each row says, in the order of the file; UNREAD or null where it says nothing.

    Args:
        path: the file.
        reviewer: who changed the rows that were changed.

    Raises:
        ConfigError: while reading, naming the line that cannot be understood.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, cells in _rows(file, path):
                yield _claim(cells, f"{printable(path)}, line {line}", reviewer)
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not UTF-8 text ({error.reason}); save it as CSV UTF-8"
        ) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error


def _rows(file: TextIO, path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield each row with the line on which it begins."""
    separator, header = _header(file, path)
    file.seek(0)
    reader = csv.reader(file, delimiter=separator)
    line = 1
    try:
        for number, row in enumerate(reader):
            if number and any(row):
                yield line, _named(row, header, f"{path}, line {line}")
            line = reader.line_num + 1
    except csv.Error as error:
        raise ConfigError(f"{path}, line {line}: {error}; is a quotation mark open?") from error


def _header(file: TextIO, path: Path) -> tuple[str, list[str]]:
    """Find the separator by which the first row holds our columns."""
    found: list[str] = []
    for separator in _SEPARATORS:
        file.seek(0)
        try:
            row = next(csv.reader(file, delimiter=separator), [])
        except csv.Error:
            row = []
        if set(NEEDED) <= set(row):
            return separator, row
        found = max(found, row, key=len)
    missing = [name for name in NEEDED if name not in found]
    raise ConfigError(
        f"{path}, line 1: expected the columns of `landmarks export --format csv`, "
        f"{', '.join(missing)} missing; give a file that was exported, with all its columns"
    )


def _named(row: list[str], header: list[str], place: str) -> Mapping[str, str]:
    if len(row) > len(header):
        raise ConfigError(f"{place}: expected {len(header)} cells, got {len(row)}")
    if any("\0" in cell for cell in row):
        raise ConfigError(f"{place} has a NUL character: the file is damaged or no CSV")
    cells = dict.fromkeys(header, "") | dict(zip(header, row, strict=False))
    return {name: from_cell(cells.get(name, "")) for name in (*NEEDED, _MODEL_DECISION)}


def _claim(cells: Mapping[str, str], place: str, reviewer: str) -> Entry:
    exported = person_cells(
        *(cells[name] for name in ("settled_by", "final_decision", "final_tag", "reviewer"))
    )
    person = cells["person_decision"], cells["person_tag"]
    changed = person != exported
    answer, tag = _answer(person, exported, cells["tag"], place)
    is_settled = cells["settled_by"] == "person"
    if answer is None:
        return UNREAD if not is_settled and _final_is_changed(cells) else None
    # An unchanged row repeats a decision: one microsecond earlier, so that the decision itself,
    # where it is known, is the later word.
    moment = _moment(cells, "exported_at" if changed else "decided_at", place) - (not changed)
    known = _PHOTO_ID.fullmatch(cells["photo_id"])  # a spreadsheet may have made a number of it
    if not known and not cells["uri"]:
        raise ConfigError(f"{place}: expected a photo_id of 32 hex digits or a uri")
    if not cells["version"]:
        raise ConfigError(f"{place}: the cell version is empty; leave it as it was exported")
    return Claim(
        place=place,
        photo_id=cells["photo_id"] if known else None,
        uri=cells["uri"],
        version=cells["version"],
        reviewer=reviewer if changed else checked_reviewer(cells["reviewer"], place),
        answer=answer,
        tag=checked_tag(tag, place) if answer == "tag" else None,
        seconds=None,
        said_us=moment,
        source=None,
        for_all=True,
        # Where somebody has settled the photo, only OUT can tell which of the two was changed.
        has_unread=(
            answer != "skip" and _letters(answer, tag) != _letters(*exported)
            if is_settled
            else _final_is_changed(cells)
        ),
    )


def _answer(
    person: tuple[str, str], exported: tuple[str, str], model_tag: str, place: str
) -> tuple[Answer | None, str]:
    """Read the two cells of a person; a cell that was left alone gives way to one that was not."""
    typed, tag = person[0].strip(), person[1].strip()
    word = typed.lower().replace(" ", "_").replace("-", "_")
    answer = _ANSWERS.get(word)
    if word and answer is None:
        raise ConfigError(
            f"{place}: expected person_decision tag, not_a_landmark or skip, got {typed[:40]!r}"
        )
    if tag and answer != "tag":
        if answer is None or person[0] == exported[0]:
            return "tag", tag
        if person[1] != exported[1]:
            raise ConfigError(f"{place} says {typed} and names the tag {tag[:40]!r}; clear one")
    if answer == "tag" and not tag:
        if word == "accepted" and model_tag:
            return answer, model_tag
        raise ConfigError(f"{place}: person_decision is {typed}, and person_tag is empty")
    return answer, tag


def _letters(answer: str, tag: str) -> tuple[str, str]:
    return answer, fold(tag)  # another spelling of the same tag is no change


def _final_is_changed(cells: Mapping[str, str]) -> bool:
    """Return whether a row that nobody has settled ends otherwise than its model decided."""
    ended = cells["final_decision"], cells["final_tag"]
    decision = cells[_MODEL_DECISION] or ended[0]
    return ended != (decision, cells["tag"] if decision == "tagged" else "")


def _moment(cells: Mapping[str, str], name: str, place: str) -> int:
    try:
        return from_text(cells[name])
    except (ValueError, OverflowError):
        raise ConfigError(
            f"{place}: expected {name} as it was exported (2026-11-24 00:05:38.123456 UTC), "
            f"got {cells[name][:40]!r}"
        ) from None
