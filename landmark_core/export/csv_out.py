"""Photos as CSV (RFC 4180, UTF-8): one row a photo, with two cells for a person to fill in.

`person_decision` and `person_tag` begin with what a person has decided, so that a file says the
same to whoever reads it; `csv_in` takes the rows in which they were changed.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TextIO

from landmark_core.export.cells import to_cell
from landmark_core.export.moments import to_text
from landmark_core.export.photos import StandingPhoto
from landmark_core.records import TagScore

COLUMNS = (
    *("photo_id", "uri", "status", "decision", "tag", "confidence", "tags"),
    *("final_decision", "final_tag", "settled_by", "reviewer", "decided_at"),
    *("person_decision", "person_tag", "version", "exported_at"),
)
TAGS_SHOWN = 10  # of the top-k: a cell is read by people


def write_csv(photos: Iterable[StandingPhoto], file: TextIO, *, exported_at: datetime) -> int:
    """Write the photos, in their order; return how many there were.

    Args:
        photos: a stream.
        file: opened with newline="".
        exported_at: UTC; decisions that are taken later than that outlive the file's import.
    """
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    moment, count = to_text(exported_at), 0
    for photo in photos:
        writer.writerow([to_cell(cell) for cell in _cells(photo, moment)])
        count += 1
    return count


def person_cells(
    settled_by: str, final_decision: str, final_tag: str, reviewer: str
) -> tuple[str, str]:
    """Return person_decision and person_tag as they are exported, from other cells of the row.

    Args:
        settled_by: person, machine or empty.
        final_decision: with the next, what stands.
        final_tag: empty unless final_decision is tagged.
        reviewer: who settled the photo, or left it to others; empty where nobody looked.
    """
    if settled_by != "person":
        return ("skip" if reviewer else "", "")
    return ("tag", final_tag) if final_decision == "tagged" else ("not_a_landmark", "")


def _cells(photo: StandingPhoto, exported_at: str) -> list[str]:
    by_person = photo.settled_by == "person"
    said = photo.reviews.settled if by_person else photo.reviews.skipped
    reviewer = said.reviewer if said else ""
    final_tag = photo.final_tag or ""
    best = photo.best
    person = person_cells(photo.settled_by or "", photo.final_decision or "", final_tag, reviewer)
    return [
        *(photo.photo_id, photo.uri, photo.status, photo.decision or ""),
        *(best.tag if best else "", f"{best.confidence:.4f}" if best else ""),
        shown_tags(photo.tags),
        *(photo.final_decision or "", final_tag, photo.settled_by or ""),
        *(reviewer, to_text(said.decided_at) if said else ""),
        *(*person, photo.version, exported_at),
    ]


def shown_tags(tags: Sequence[TagScore]) -> str:
    """Return the best tags for a person to read: `Petra 0.81; Pisa 0.10`; no 0.00 but the first."""
    likely = [score for place, score in enumerate(tags) if not place or score.confidence >= 0.005]
    return "; ".join(f"{score.tag} {score.confidence:.2f}" for score in likely[:TAGS_SHOWN])
