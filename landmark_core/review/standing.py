"""What stands of the decisions on one version of a photo: who says what, and which word counts.

    settled     the newest decision that is not a skip; it is the photo's current tag
    skipped     the newest decision where that is a skip: somebody left the photo to others
    opinions    the newest decision of each reviewer, skips left out
    disagree    two opinions name different things; accepting a tag and correcting to it agree

Undone decisions never come here. `tables.current_tags` keeps the same rules over whole libraries.
Pure: no files, no clock.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from landmark_core.records import Decision, ReviewItem, Verdict

Version = tuple[str | None, int | None, int | None]  # etag, bytes, modified in µs since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One decision of a person, without what names the photo."""

    decision_id: str
    action_id: str  # its own decision_id in files that have none
    reviewer: str
    verdict: Verdict
    tag: str | None  # what the person says it is; null for not_a_landmark and skipped
    decided_at: datetime  # UTC
    model_tag: str | None  # what the person saw
    model_confidence: float | None
    model_decision: Decision | None
    shown_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoReviews:
    """What people say of one version of a photo."""

    settled: Opinion | None = None
    skipped: Opinion | None = None  # null as soon as a later decision settles the photo
    opinions: tuple[Opinion, ...] = ()  # one of each reviewer, newest first
    disagree: bool = False


def version_of(etag: str | None, size_bytes: int | None, modified_us: int | None) -> Version:
    """Return what tells a photo's versions apart: its etag, else its size and time."""
    return (None, size_bytes, modified_us) if etag is None else (etag, None, None)


def version_of_item(item: ReviewItem) -> Version:
    """Return the version that a person is asked about."""
    return version_of(item.ref.etag, item.ref.size_bytes, item.ref.modified_us)


def version_token(version: Version) -> str:
    """Return a version as 16 hex digits: for addresses, and to tell that a photo has changed."""
    return hashlib.sha256(repr(version).encode()).hexdigest()[:16]


def was_right(opinion: Opinion) -> bool:
    """Whether the model had said what the person says.

    Where the model had found no landmark, it is right if the person finds none either; else its
    best tag has to be the person's.
    """
    if opinion.model_decision == "no_landmark":
        return opinion.verdict == "not_a_landmark"
    return opinion.tag is not None and opinion.tag == opinion.model_tag


def weigh(opinions: Sequence[Opinion]) -> PhotoReviews:
    """Return what stands.

    Args:
        opinions: all decisions on one version that were not undone, oldest first.
    """
    settling = [opinion for opinion in opinions if opinion.verdict != "skipped"]
    newest = {opinion.reviewer: opinion for opinion in settling}  # of each, the last one stays
    by_age = sorted(newest.values(), key=settling.index, reverse=True)
    last_is_skip = bool(opinions) and opinions[-1].verdict == "skipped"
    return PhotoReviews(
        settled=settling[-1] if settling else None,
        skipped=opinions[-1] if last_is_skip else None,
        opinions=tuple(by_age),
        disagree=len({_meaning(opinion) for opinion in by_age}) > 1,
    )


def _meaning(opinion: Opinion) -> tuple[bool, str | None]:
    return opinion.verdict == "not_a_landmark", opinion.tag
