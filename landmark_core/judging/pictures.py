"""Choose the worst errors of a model, and fetch what a report shows of them: photo and heatmap.

The photos are read again, from where the listing found them. One that has gone or has changed since
it was judged is not shown; its name stays in the report.
"""

import hashlib
import io
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError, TransientError
from landmark_core.judging.suspicious import SuspiciousLabel
from landmark_core.judging.verdicts import Verdicts
from landmark_core.library import decode_photo, fetch_photo
from landmark_core.records import Decision, PhotoRef
from landmark_core.tagging import Claim, Scorer

logger = logging.getLogger(__name__)

WORST = 12  # errors that a report shows
_PHOTO_SIDE = 448  # pixels, the long side of a worst error
_THUMBNAIL_SIDE = 192  # pixels, of a label in doubt
_QUALITY = 82


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstError:
    """A photo that got the wrong tag."""

    digest: str
    uri: str
    label: str | None  # what it shows; null for none of the landmarks
    tag: str  # that the model gave it
    confidence: float  # in [0, 1]
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """JPEGs by the digest of the photo; what cannot be shown is not there."""

    photos: Mapping[str, bytes] = field(default_factory=dict)
    heatmaps: Mapping[str, bytes] = field(default_factory=dict)  # over the photo, of the wrong tag


def worst_errors(verdicts: Verdicts, limit: int = WORST) -> tuple[WorstError, ...]:
    """Return the wrong tags that do most harm: those that nobody would check, the surest first.

    Other things are errors only where they were tagged: what waits for a person names nothing yet.
    """
    wrong = ~verdicts.right & (~verdicts.other | verdicts.decided("tagged"))
    rows = np.flatnonzero(wrong)
    order = np.lexsort((-verdicts.confidence[rows], ~verdicts.decided("tagged")[rows]))
    names = verdicts.answers.class_names
    found = []
    for row in rows[order][:limit].tolist():
        photo = verdicts.answers.photos[row]
        found.append(
            WorstError(
                digest=photo.digest,
                uri=photo.uri,
                label=photo.label,
                tag=names[int(verdicts.tags[row, 0])],
                confidence=float(verdicts.confidence[row]),
                decision=verdicts.decisions[row],
            )
        )
    return tuple(found)


def gather_pictures(
    errors: Sequence[WorstError],
    doubts: Sequence[SuspiciousLabel],
    refs: Mapping[str, PhotoRef],
    *,
    scorer: Scorer | None = None,
    limits: ReadLimits | None = None,
) -> Pictures:
    """Read the photos of errors and of labels in doubt, and draw where the wrong tags come from.

    Args:
        errors: are shown large, with heatmaps where there is a scorer.
        doubts: are shown small.
        refs: where the photos are, by digest; a photo without one is not shown.
        scorer: a model that has the errors' tags; it draws the heatmaps.
        limits: what one photo may cost.
    """
    limits = limits or ReadLimits()
    large = [error.digest for error in errors]
    photos = {
        digest: picture
        for digest, side in (
            *((one.digest, _THUMBNAIL_SIDE) for one in doubts),
            *((digest, _PHOTO_SIDE) for digest in large),  # last: a photo may be both
        )
        if digest in refs and (picture := _read(refs[digest], digest, side, limits)) is not None
    }
    shown = [error for error in errors if error.digest in photos]
    return Pictures(photos=photos, heatmaps=_heatmaps(shown, refs, scorer) if scorer else {})


def _heatmaps(
    errors: Iterable[WorstError], refs: Mapping[str, PhotoRef], scorer: Scorer
) -> dict[str, bytes]:
    wanted = {
        refs[error.digest].photo_id: Claim(tag=error.tag, confidence=error.confidence)
        for error in errors
        if error.tag in scorer.class_names
    }
    digests = {refs[error.digest].photo_id: error.digest for error in errors}
    asked = [refs[digests[photo_id]] for photo_id in wanted]
    drawn = scorer.draw(wanted, asked)
    return {
        digests[photo_id]: _shrink(Image.open(io.BytesIO(overlay)), _PHOTO_SIDE)
        for photo_id, overlay in drawn.items()
    }


def _read(ref: PhotoRef, digest: str, side: int, limits: ReadLimits) -> bytes | None:
    """Return the photo as a small JPEG; null where it is not the one that was judged."""
    try:
        data = fetch_photo(ref, limits)
        if hashlib.sha256(data).hexdigest() != digest:
            logger.warning("the report does not show %s: it changed after it was judged", ref.uri)
            return None
        decoded = decode_photo(data, name=ref.location, min_side=side, limits=limits, margin=1)
    except (PhotoError, TransientError) as error:
        logger.warning("the report does not show %s: %s", ref.uri, error)
        return None
    return _shrink(decoded.image, side)


def _shrink(image: Image.Image, side: int) -> bytes:
    """Return a JPEG whose long side is at most `side` pixels, with nothing of the metadata."""
    small = image.convert("RGB")
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    sink = io.BytesIO()
    small.save(sink, "JPEG", quality=_QUALITY)
    return sink.getvalue()
