"""Requests and replies of the review server as JSON, with a limit on every field.

What comes in is checked by pydantic, strictly: no text becomes a number, no field is passed over.
What goes out names photos by id alone; file names are shown as text in which every control or
direction character is escaped.
"""

import unicodedata
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from landmark_core.report_text import printable
from landmark_core.review.decisions import Action
from landmark_core.review.desk import Progress, Shown
from landmark_core.review.queue import Order
from landmark_core.review.refusals import RefusedError
from landmark_core.review.standing import Opinion
from landmark_core.review.ulid import is_ulid

MOST_SELECTED = 500  # photos of one action
MOST_REVIEWER, MOST_TAG, MOST_NAME = 64, 200, 300  # characters
_DAY = 86_400.0  # seconds


def _ulid(text: str) -> str:
    if not is_ulid(text):
        raise ValueError("expected a ULID: 26 characters of 0-9 and A-Z without I, L, O, U")
    return text


def _words(text: str) -> str:
    """Bring a text into one form: two ways to write the same letters must not make two tags."""
    text = unicodedata.normalize("NFC", text).strip()
    if not text or not text.isprintable():
        raise ValueError("expected printable characters")
    return text


Ulid = Annotated[str, Field(max_length=26), AfterValidator(_ulid)]
Reviewer = Annotated[str, Field(max_length=MOST_REVIEWER), AfterValidator(_words)]
Tag = Annotated[str, Field(max_length=MOST_TAG), AfterValidator(_words)]
PhotoId = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
VersionToken = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


R = TypeVar("R", bound=_Request)


class SeenPhoto(_Request):
    """A photo and the version of it that the person saw."""

    photo_id: PhotoId
    version: VersionToken


class DecisionRequest(_Request):
    """One decision on one photo or several."""

    action_id: Ulid
    reviewer: Reviewer
    verdict: Literal["tag", "not_a_landmark", "skip"]
    tag: Tag | None = None
    seconds: Annotated[float, Field(ge=0, le=_DAY)] | None = None
    shown_by: Order | None = None
    photos: Annotated[list[SeenPhoto], Field(min_length=1, max_length=MOST_SELECTED)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.verdict == "tag") != (self.tag is not None):
            raise ValueError("expected a tag with the verdict tag, and only with it")
        if len({photo.photo_id for photo in self.photos}) < len(self.photos):
            raise ValueError("expected each photo once")
        return self


class UndoRequest(_Request):
    """The taking back of one action."""

    action_id: Ulid
    reviewer: Reviewer
    undoes: Ulid | None = None


def read_request(kind: type[R], body: bytes) -> R:
    """Read the JSON of a request.

    Raises:
        RefusedError: naming the first field that is wrong, what was expected and what came.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise RefusedError(422, "request", first_line(error.errors())) from error


def first_line(errors: Any) -> str:
    """Return the first of pydantic's complaints as one line."""
    first = errors[0]
    place = ".".join(str(step) for step in first["loc"]) or "the request"
    given = printable(repr(first.get("input")))[:60]
    return f"{place}: {printable(str(first['msg']))[:200]} (got {given})"


def shown_to_json(shown: Shown) -> dict[str, Any]:
    """Return a photo as the page shows it."""
    item, reviews = shown.item, shown.reviews
    folder, _, name = item.ref.uri.rpartition("/")
    prediction = item.prediction
    return {
        "photo_id": item.ref.photo_id,
        "version": shown.version,
        "name": printable(name)[:MOST_NAME],
        "folder": printable(folder)[-MOST_NAME:],
        "width": item.width,
        "height": item.height,
        "modified_us": item.ref.modified_us,
        "tagged_at": item.tagged_at.isoformat(),
        "run_id": printable(item.run_id)[:MOST_NAME],
        "model_id": printable(item.model_id)[:MOST_NAME],
        "model": {
            "decision": prediction.decision,
            "tags": [
                {"tag": score.tag, "confidence": _number(score.confidence)}
                for score in prediction.tags
            ],
            "margin": _number(prediction.margin),
            "entropy": _number(prediction.entropy),
        },
        "heatmap": item.has_heatmap,
        "settled": _opinion(reviews.settled) if reviews.settled else None,
        "skipped": reviews.skipped is not None,
        "opinions": [_opinion(opinion) for opinion in reviews.opinions],
        "disagree": reviews.disagree,
        "alike": [
            {"photo_id": one.photo_id, "version": one.version, "open": one.is_open}
            for one in shown.alike
        ],
    }


def progress_to_json(progress: Progress) -> dict[str, Any]:
    """Return how far people have come."""
    plain = ("photos", "waiting", "unasked", "settled", "skipped", "disagreements", "machine")
    return {
        **{name: getattr(progress, name) for name in plain},
        "left_out": progress.left_out,
        "mine_today": progress.mine_today,
        "looks": {"done": progress.looks_done, "total": progress.looks_total},
        "audit": {
            "n": progress.audited,
            "wrong": progress.audit_wrong,
            "low": progress.audit_low,
            "high": progress.audit_high,
        },
        "newer": progress.is_newer,
    }


def action_to_json(action: Action) -> dict[str, Any]:
    """Return what one keystroke did."""
    return {
        "action_id": action.action_id,
        "verdict": action.verdict,
        "tag": action.tag,
        "photo_ids": list(action.photo_ids),
        "decided_us": action.moment_us,
    }


def _opinion(opinion: Opinion) -> dict[str, Any]:
    return {
        "verdict": opinion.verdict,
        "tag": opinion.tag,
        "reviewer": printable(opinion.reviewer)[:MOST_REVIEWER],
        "decided_at": opinion.decided_at.isoformat(),
        "action_id": opinion.action_id,
    }


def _number(value: float) -> float | None:
    return None if value != value else value  # NaN is no JSON
