"""What becomes of each answer in an imported file. Pure.

new          it becomes a decision
same         that stands already, or it is one of OUT's own decisions come back
newer        OUT has a later word on the photo, a decision or the taking back of one
changed      the photo is another one by now: nobody has seen that
unreadable   the photo could not be read when it was tagged: nobody can have seen it
repeated     the file itself has a later or equal word of the same person on the photo
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from landmark_core.errors import ConfigError
from landmark_core.export.claims import Claim
from landmark_core.review import Opinion, PhotoReviews

Fate = Literal["new", "same", "newer", "changed", "unreadable", "repeated"]
FATES: tuple[Fate, ...] = get_args(Fate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What OUT knows of a photo when a file is imported."""

    version: str  # see `photos.version_text`
    is_readable: bool
    reviews: PhotoReviews
    touched_us: int | None  # when a decision or an undo was last written; null for never


def fates_of(
    claims: Sequence[Claim], standing: Standing, is_ours: Sequence[bool]
) -> tuple[Fate, ...]:
    """Say what becomes of the answers on one photo.

    Args:
        claims: all of one file on this photo, by `said_us`, oldest first.
        standing: the photo.
        is_ours: for each, whether its source is a decision of OUT that says the same.

    Raises:
        ConfigError: if two rows that speak for the photo say different things.
    """
    _refuse_contradictions([claim for claim in claims if claim.for_all])
    last = {_speaker(claim): number for number, claim in enumerate(claims)}
    return tuple(
        "repeated" if last[_speaker(claim)] != number else _fate(claim, standing, ours)
        for number, (claim, ours) in enumerate(zip(claims, is_ours, strict=True))
    )


def _speaker(claim: Claim) -> str | None:
    return None if claim.for_all else claim.reviewer


def _refuse_contradictions(claims: Sequence[Claim]) -> None:
    for claim in claims[1:]:
        first = claims[0]
        if (claim.answer, claim.tag) != (first.answer, first.tag):
            raise ConfigError(
                f"{claim.place} contradicts {first.place.rpartition(', ')[2]} on the same photo "
                f"({_shown(claim)}, {_shown(first)}); keep one of them"
            )


def _fate(claim: Claim, standing: Standing, is_ours: bool) -> Fate:
    if claim.version is not None and claim.version != standing.version:
        return "changed"
    if not standing.is_readable:
        return "unreadable"
    if is_ours or _stands(claim, standing.reviews):
        return "same"
    later = standing.touched_us is not None and standing.touched_us > claim.said_us
    return "newer" if later else "new"


def _stands(claim: Claim, reviews: PhotoReviews) -> bool:
    if claim.answer == "skip":  # it says nothing of a photo that is settled, or was skipped
        return reviews.settled is not None or reviews.skipped is not None
    if claim.for_all:
        return reviews.settled is not None and _agrees(claim, reviews.settled)
    return any(
        opinion.reviewer == claim.reviewer and _agrees(claim, opinion)
        for opinion in reviews.opinions
    )


def _agrees(claim: Claim, opinion: Opinion) -> bool:
    is_tag = opinion.verdict != "not_a_landmark"
    return is_tag == (claim.answer == "tag") and opinion.tag == claim.tag


def _shown(claim: Claim) -> str:
    return claim.tag or claim.answer
