"""The frozen records that flow: PhotoRef → Shard → DecodedBatch → Prediction → PhotoRow, then
ReviewItem → ReviewDecision.

Plain data, no behaviour beyond what follows from the fields. A photo's identity
(`PhotoRef`) stays beside its values through every stage, so nothing is ever joined by position.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from landmark_core.errors import PhotoFailure

if TYPE_CHECKING:  # torch takes seconds to import, and planning does not need it
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

Status = Literal["ok"] | PhotoFailure
Decision = Literal["tagged", "review", "no_landmark"]
Verdict = Literal["accepted", "corrected", "not_a_landmark", "skipped"]
LabelSource = Literal["folder", "negatives", "reviews"]

OTHER = -1  # the label of a photo that shows none of the landmarks


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoRef:
    """One photo as the listing saw it: who it is, where it is, which version."""

    photo_id: str  # 32 hex digits of SHA-256 over the absolute path's bytes or the URL without keys
    uri: str  # for people and tables: absolute path (backslash-escaped where not UTF-8) or URL
    location: str  # what opens it: path in os.fsdecode form, or URL with its signature
    size_bytes: int | None  # null where the store has none
    modified_us: int | None  # microseconds since 1970, UTC; null where the store has none
    etag: str | None  # the store's own version mark; null for local files


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A frozen group of photos of one run: one unit of work, one part file."""

    run_id: str
    number: int  # 0-based; names the part file and the plan's row group
    photos: int  # members, >= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedPhoto:
    """What decoding learned of one photo, good or bad."""

    ref: PhotoRef
    status: Status
    error: str | None  # why, one line; null when ok
    content_sha256: str | None  # hex, of the bytes that were decoded; null where not fetched
    width: int | None  # pixels after EXIF orientation, of the full photo; null where unknown
    height: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSeconds:
    """What reading photos took, as measured by who read them."""

    fetch: float = 0.0  # seconds of waiting for bytes
    decode: float = 0.0  # CPU seconds of hashing, decoding and resizing


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An upright photo to draw on, as JPEG stores it: full-range BT.601, colour at half the size.

    A cell of colour covers 2 x 2 pixels, the last ones less where a side is odd; 128 is no colour.
    """

    luma: NDArray[np.uint8]  # (H, W) brightness
    blue: NDArray[np.uint8]  # (ceil(H/2), ceil(W/2)) Cb
    red: NDArray[np.uint8]  # likewise, Cr

    @property
    def nbytes(self) -> int:
        """The bytes of its planes."""
        return self.luma.nbytes + self.blue.nbytes + self.red.nbytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedBatch:
    """The photos of one batch, in plan order, with the pixels of the good ones."""

    photos: tuple[DecodedPhoto, ...]  # every photo of the batch, good or bad
    pixels: Tensor  # uint8 (M, 3, H, W) RGB; row i belongs to readable[i]; M may be 0
    seconds: ReadSeconds = ReadSeconds()  # summed over the photos
    # One per readable photo, null where it was not kept; null as a whole where none was.
    pictures: tuple[Picture | None, ...] | None = None

    @property
    def readable(self) -> tuple[DecodedPhoto, ...]:
        """The M photos that have pixels, in the order of the rows of `pixels`."""
        return tuple(photo for photo in self.photos if photo.status == "ok")


@dataclass(frozen=True, slots=True, kw_only=True)
class TagScore:
    """One tag with its calibrated probability."""

    tag: str
    confidence: float  # in [0, 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the model says of one photo, and what follows from it."""

    decision: Decision
    tags: tuple[TagScore, ...]  # top-k, best first
    margin: float  # best minus second confidence; the best alone where there is one class
    entropy: float  # nats, over all classes
    energy: float | None  # -logsumexp of the logits; null where the model gives none


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoRow:
    """One row of the tags table before it becomes Arrow."""

    photo: DecodedPhoto
    prediction: Prediction | None  # null unless the photo is ok
    heatmap: str | None  # path relative to OUT; null where none was made
    model_id: str
    preprocess_id: str
    run_id: str
    tagged_at: datetime  # UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPhoto:
    """One photo to learn from or to be judged by, and what it shows."""

    ref: PhotoRef
    label: int  # index into the class names, or OTHER
    digest: str  # hex SHA-256 of the file's bytes
    source: LabelSource  # who says so


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One photo as a person is asked about it: its newest row."""

    ref: PhotoRef
    content_sha256: str | None  # of the bytes that were tagged
    width: int | None  # pixels, upright
    height: int | None
    prediction: Prediction
    has_heatmap: bool
    model_id: str
    run_id: str
    tagged_at: datetime  # UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDecision:
    """One row of the reviews table: what a person said of one version of a photo, or took back."""

    decision_id: str  # ULID; ascends in the order in which one server took the decisions
    action_id: str | None  # ULID from who asked: rows of one keystroke share it; null in old files
    photo_id: str
    uri: str
    content_sha256: str | None
    size_bytes: int | None
    modified_us: int | None  # microseconds since 1970, UTC
    etag: str | None
    verdict: Verdict | None  # column `decision`; null in a row that only undoes
    tag: str | None  # what the person says it is; null for not_a_landmark and skipped
    reviewer: str
    decided_at: datetime  # UTC
    seconds: float | None  # spent on this photo
    model_id: str | None  # whose answer the person saw
    model_tag: str | None
    model_confidence: float | None
    model_decision: Decision | None
    shown_by: str | None  # the order that brought the photo up (margin, audit, ...), or import
    undoes: str | None  # decision_id that this row takes back
