"""One sidecar: read, decided on, written where its bytes change."""

from dataclasses import dataclass, replace

from landmark_core.sidecars.bucket_folder import BucketFolder
from landmark_core.sidecars.elements import UnfitError
from landmark_core.sidecars.found import ChangedError, Found
from landmark_core.sidecars.keywords import Wish
from landmark_core.sidecars.local_folder import LocalFolder
from landmark_core.sidecars.merge import write_tag
from landmark_core.sidecars.outcome import Fate, Outcome
from landmark_core.sidecars.parents import Atlas
from landmark_core.sidecars.targets import Target
from landmark_core.sidecars.wishes import Standing, base_of, best_of

PhotoFolder = LocalFolder | BucketFolder

_GONE = "the photo is gone"
_CHANGED = "the photo has changed since it was tagged"
_TRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What is done to every sidecar."""

    atlas: Atlas
    undo: bool  # take away what this tool wrote
    is_dry: bool


def settle_sidecar(folder: PhotoFolder, target: Target, errand: Errand) -> Outcome:
    """Bring one sidecar to what it should say.

    Raises:
        RunError: if the disk is full, or the folder cannot be listed.
    """
    outcome = Outcome(place=target.place, fate="left_alone")
    try:
        for _ in range(_TRIES):
            try:
                return _settle(folder, target, errand, outcome)
            except ChangedError:
                folder.look_again()
    except UnfitError as error:
        return replace(outcome, reason=str(error))
    return replace(outcome, reason="the sidecar was changed by others at the same time")


def _settle(folder: PhotoFolder, target: Target, errand: Errand, outcome: Outcome) -> Outcome:
    name = folder.find(target.base)
    photos = _counting(target, errand)
    if not photos or (name is None and (errand.undo or best_of(photos) is None)):
        return replace(outcome, fate="nothing")
    usable, reason = _usable(folder, photos, errand)
    if not usable:
        return replace(outcome, reason=reason)
    best = None if errand.undo else best_of(usable)
    found = None if name is None else folder.read(name)
    before = None if found is None else found.data
    after = write_tag(before, None if best is None else _wish(best, errand.atlas))
    fate = _fate(before, after, is_wanted=best is not None)
    outcome = replace(
        outcome,
        fate=fate,
        disagree=not errand.undo and len({one.tag for one in usable if one.tag}) > 1,
        beside_other=fate == "made" and _has_other(folder, target),
    )
    if errand.is_dry:
        return replace(outcome, before=before, after=after)
    _write(folder, target.base, found, after)
    return outcome


def _counting(target: Target, errand: Errand) -> tuple[Standing, ...]:
    """Return the photos that have a say: what could not be read says nothing against a tag."""
    if errand.undo:
        return target.photos
    return tuple(photo for photo in target.photos if photo.state != "unreadable")


def _usable(
    folder: PhotoFolder, photos: tuple[Standing, ...], errand: Errand
) -> tuple[tuple[Standing, ...], str | None]:
    """Return the photos that are as they were tagged, and why the first other one is not."""
    if errand.undo:
        return photos, None
    reasons = [_objection(folder, photo) for photo in photos]
    usable = tuple(one for one, reason in zip(photos, reasons, strict=True) if reason is None)
    return usable, next((reason for reason in reasons if reason is not None), None)


def _objection(folder: PhotoFolder, photo: Standing) -> str | None:
    version = folder.version_of(photo.name)
    if version is None:
        return _GONE
    return None if version == photo.version else _CHANGED


def _wish(photo: Standing, atlas: Atlas) -> Wish:
    assert photo.tag is not None, "it is tagged"
    assert photo.by is not None, "it is tagged"
    return Wish(
        tag=photo.tag,
        path=atlas.path_of(photo.tag, photo.model_id),
        confidence=photo.confidence,
        said_at=photo.said_at or "",
        by=photo.by,
        reviewer=photo.reviewer,
        model_id=photo.model_id,
        model=atlas.names.get(photo.model_id),
    )


def _fate(before: bytes | None, after: bytes | None, *, is_wanted: bool) -> Fate:
    if before == after:
        return "unchanged" if is_wanted else "not_ours"
    if before is None:
        return "made"
    return "removed" if after is None else "changed"


def _has_other(folder: PhotoFolder, target: Target) -> bool:
    """Whether a sidecar of the other naming lies there: programs may read only one of them."""
    names = {base_of(one.name, naming) for one in target.photos for naming in ("full", "stem")}
    return any(folder.find(base) is not None for base in names - {target.base})


def _write(folder: PhotoFolder, base: str, found: Found | None, after: bytes | None) -> None:
    if after is not None and (found is None or after != found.data):
        folder.put(base, found, after)
    if after is None and found is not None:
        folder.remove(found)
