"""Photos as tasks of Label Studio: the model's word as predictions, people's as annotations.

Format: https://labelstud.io/guide/task_format.html, https://labelstud.io/guide/predictions.html.
What its importer (label_studio/tasks/serializers.py) asks for shapes three things here:

    completed_by   left out: an address that the project does not know refuses the whole file. The
                   reviewer stands in `reviewer`, which Label Studio passes over
    result id      the decision's own id: Label Studio keeps it, and so our own annotations are
                   known again when they come back under another name and date
    ground_truth   said to be false: by default it is true
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO
from urllib.parse import quote

from landmark_core.errors import ConfigError
from landmark_core.export.choices import CONTROL, OBJECT, choice_of
from landmark_core.export.csv_out import shown_tags
from landmark_core.export.photos import StandingPhoto
from landmark_core.library import is_url
from landmark_core.review import Opinion


def write_tasks(
    photos: Iterable[StandingPhoto],
    file: TextIO,
    *,
    image_of: Callable[[StandingPhoto], str],
    seconds: Mapping[str, float],
) -> tuple[int, frozenset[str]]:
    """Write one JSON array of tasks; photos that could not be read are left out.

    Args:
        photos: a stream.
        file: open for text.
        image_of: the address at which Label Studio finds a photo.
        seconds: how long decisions took, by decision_id, where that is known.

    Returns:
        How many tasks there are, and every tag that one of them can be given.
    """
    count, tags = 0, set[str]()
    file.write("[")
    for photo in photos:
        if not photo.tags:
            continue
        task = _task(photo, image_of(photo), seconds)
        file.write((",\n" if count else "\n") + json.dumps(task, ensure_ascii=False))
        tags.update(score.tag for score in photo.tags)
        tags.update(opinion.tag for opinion in photo.reviews.opinions if opinion.tag is not None)
        count += 1
    file.write("\n]\n")
    return count, frozenset(tags)


def image_address(photo: StandingPhoto, *, prefix: str, root: str) -> str:
    """Return a photo's address: as it is, or the part below `root` put behind `prefix`.

    Args:
        photo: whose location counts, percent-encoded behind a prefix.
        prefix: such as `/data/local-files/?d=`; empty leaves the location as it is.
        root: folder or URL that the prefix stands for.

    Raises:
        ConfigError: if the photo lies elsewhere.
    """
    if not prefix:
        return photo.uri
    inside = root if root.endswith("/") else f"{root}/"
    if not photo.location.startswith(inside):
        kind = "URL" if is_url(photo.location) else "folder"
        raise ConfigError(
            f"{photo.uri} does not lie below {root}; give the {kind} that --image-prefix stands "
            "for as --image-root"
        )
    rest = photo.location.removeprefix(inside)
    return prefix + quote(rest.encode("utf-8", "surrogateescape"), safe="/")


def _task(photo: StandingPhoto, image: str, seconds: Mapping[str, float]) -> dict[str, Any]:
    data = {
        "image": image,
        "photo_id": photo.photo_id,
        "uri": photo.uri,
        "version": photo.version,
        "model_tags": shown_tags(photo.tags),
    }
    opinions = photo.reviews.opinions[::-1]  # oldest first, as they were said
    if not opinions and photo.reviews.skipped:
        opinions = (photo.reviews.skipped,)
    annotations = [_annotation(one, seconds.get(one.decision_id)) for one in opinions]
    return {"data": data, "predictions": [_prediction(photo)], "annotations": annotations}


def _prediction(photo: StandingPhoto) -> dict[str, Any]:
    """Select what the model decided; the score says how sure that is, and so sorts the tasks."""
    best = photo.tags[0]
    shows_none = photo.decision == "no_landmark"
    return {
        "model_version": photo.model_id,
        "score": round(1 - best.confidence if shows_none else best.confidence, 6),
        "result": [_result(photo.photo_id, None if shows_none else best.tag)],
    }


def _annotation(opinion: Opinion, seconds: float | None) -> dict[str, Any]:
    skipped = opinion.verdict == "skipped"
    moment = opinion.decided_at.isoformat()
    return {
        "result": [] if skipped else [_result(opinion.decision_id, opinion.tag)],
        "was_cancelled": skipped,
        "ground_truth": False,
        "created_at": moment,
        "updated_at": moment,
        "lead_time": seconds,
        "reviewer": opinion.reviewer,
    }


def _result(name: str, tag: str | None) -> dict[str, Any]:
    return {
        "id": name,
        "from_name": CONTROL,
        "to_name": OBJECT,
        "type": "choices",
        "value": {"choices": [choice_of(tag)]},
    }
