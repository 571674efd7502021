"""What stands of a photo → what its sidecar should say. Pure."""

from dataclasses import dataclass, replace
from typing import Literal

from landmark_core.export import StandingPhoto

Naming = Literal["full", "stem"]
State = Literal["tagged", "untagged", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One photo and the tag that goes out; the tag's fields are null unless it is tagged."""

    folder: str  # path in `os.fsdecode` form, or URL
    name: str  # of the photo in it
    version: str  # see `export.version_text`
    state: State
    model_id: str
    tag: str | None = None
    confidence: float | None = None
    said_at: str | None = None  # ISO 8601, UTC
    by: Literal["machine", "person"] | None = None
    reviewer: str | None = None


def standing_of(photo: StandingPhoto, *, below_review: bool) -> Standing:
    """Say which tag of a photo goes out.

    Args:
        photo: as it stands.
        below_review: whether the model's best tag goes out while the photo waits for a person.
    """
    folder, _, name = photo.location.rpartition("/")
    standing = Standing(
        folder=folder or "/",
        name=name,
        version=photo.version,
        state="untagged" if photo.status == "ok" else "unreadable",
        model_id=photo.model_id,
    )
    tag = _tag_of(photo, below_review=below_review)
    if tag is None:
        return standing
    settled = photo.reviews.settled if photo.settled_by == "person" else None
    moment = settled.decided_at if settled else photo.tagged_at
    return replace(
        standing,
        state="tagged",
        tag=tag,
        confidence=next((score.confidence for score in photo.tags if score.tag == tag), None),
        said_at=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        by="person" if settled else "machine",
        reviewer=settled.reviewer if settled else None,
    )


def _tag_of(photo: StandingPhoto, *, below_review: bool) -> str | None:
    if photo.status != "ok":
        return None
    if photo.final_decision == "review" and below_review and photo.best is not None:
        return photo.best.tag
    return photo.final_tag


def base_of(name: str, naming: Naming) -> str:
    """Return a sidecar's name without `.xmp`: photo.jpg, or photo where the stem names it."""
    stem, dot, _ = name.rpartition(".")
    return stem if naming == "stem" and dot and stem.strip(".") else name


def best_of(photos: tuple[Standing, ...]) -> Standing | None:
    """Return the photo whose tag their common sidecar gets; null where none is tagged.

    A person's word counts before the machine's, the newest first; then the surest.
    """
    people = [photo for photo in photos if photo.by == "person"]
    if people:
        return max(people, key=lambda photo: photo.said_at or "")
    tagged = [photo for photo in photos if photo.state == "tagged"]
    return max(tagged, key=lambda photo: photo.confidence or 0.0, default=None)
