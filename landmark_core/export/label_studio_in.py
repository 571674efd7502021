"""An export of Label Studio (JSON or JSON_MIN) → what its annotators say.

    JSON        tasks with `data` and `annotations`; the newest annotation of each annotator that
                was not cancelled counts, and where all were, the photo was skipped
    JSON_MIN    one flat record for each annotation that was not cancelled: the fields of `data`,
                the choice under the name of its control, `annotator`, `updated_at`

Formats: https://labelstud.io/guide/export.html, and label_studio_sdk/converter/converter.py for
JSON_MIN. An annotator is named by the email address, else `label-studio:<id>`.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from landmark_core.errors import ConfigError
from landmark_core.export.choices import CONTROL, tag_of
from landmark_core.export.claims import Claim, checked_reviewer, checked_tag, printable
from landmark_core.export.json_array import read_objects
from landmark_core.export.moments import from_text

Object = Mapping[str, Any]

MOST_SECONDS = 1e6  # a task that was left open for days says nothing of the work

_PHOTO_ID = re.compile("[0-9a-f]{32}")


def read_label_studio(path: Path, reviewer: str) -> Iterator[Claim | None]:
    """Yield what each annotator says of each photo; null for a task of which nobody said anything.

    Args:
        path: the file.
        reviewer: whose annotations are those that name nobody.

    Raises:
        ConfigError: while reading, naming the task that cannot be understood.
    """
    for number, task in enumerate(read_objects(path), 1):
        place = f"{printable(path)}, task {number} of the list"
        found = list(_task_claims(task, place, reviewer))
        yield from found or (None,)


def _task_claims(task: Object, place: str, reviewer: str) -> Iterator[Claim]:
    if "data" not in task:  # JSON_MIN
        if task.get(CONTROL) is not None:
            flat = _flat_choices(task[CONTROL], place)
            yield _claim(task, task, flat, None, _name(task.get("annotator"), reviewer), place)
        return
    data, annotations = task["data"], task.get("annotations") or []
    if not isinstance(data, dict) or not _all_objects(annotations):
        raise ConfigError(f"{place}: expected data as an object and annotations as a list of them")
    for name, annotation in _newest(annotations, reviewer, place).items():
        choices, source = _choices(annotation, place)
        if choices is not None:
            yield _claim(data, annotation, choices, source, name, place)


def _newest(annotations: list[Object], reviewer: str, place: str) -> dict[str, Object]:
    """Return the annotation of each annotator that counts."""
    found: dict[str, Object] = {}
    for one in sorted(annotations, key=lambda one: (not _skips(one), _moment(one, place))):
        named = one.get("completed_by")
        found[_name(one.get("reviewer") if named is None else named, reviewer)] = one
    return found


def _claim(
    data: Object, said: Object, choices: list[str], source: str | None, name: str, place: str
) -> Claim:
    """Put together what one annotator says; no choices say that the photo was skipped."""
    if len(choices) > 1:
        raise ConfigError(f"{place}: expected one choice of {CONTROL!r}, got {len(choices)}")
    tag = tag_of(choices[0]) if choices else None
    photo_id, uri, version = (_text(data.get(key)) for key in ("photo_id", "uri", "version"))
    known = photo_id is not None and _PHOTO_ID.fullmatch(photo_id)
    if not known and uri is None:
        raise ConfigError(
            f"{place}: expected data with a photo_id or a uri; import tasks into Label Studio "
            "that `landmarks export --format label-studio` wrote"
        )
    return Claim(
        place=place,
        photo_id=photo_id if known else None,
        uri=uri,
        version=version,
        reviewer=checked_reviewer(name, place),
        answer="skip" if not choices else "not_a_landmark" if tag is None else "tag",
        tag=None if tag is None else checked_tag(tag, place),
        seconds=_seconds(said.get("lead_time")),
        said_us=_moment(said, place),
        source=source,
        for_all=False,
    )


def _choices(annotation: Object, place: str) -> tuple[list[str] | None, str | None]:
    """Return the choices of our control and the result's id; null where it was not answered."""
    if _skips(annotation):
        return [], None
    results = annotation.get("result") or []
    if not _all_objects(results):
        raise ConfigError(f"{place}: expected a result that is a list of objects")
    for result in results:
        if result.get("from_name") == CONTROL and isinstance(result.get("value"), dict):
            return _texts(result["value"].get("choices"), place), _text(result.get("id"))
    return None, None


def _flat_choices(value: object, place: str) -> list[str]:
    """Read a choice as JSON_MIN has it: the text itself, or where there are several, an object."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("choices")
    return [value] if isinstance(value, str) else _texts(value, place)


def _texts(value: object, place: str) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise ConfigError(f"{place}: expected the choices of {CONTROL!r} as a list of texts")
    return value


def _name(annotator: object, reviewer: str) -> str:
    """Return who annotated, by what Label Studio writes: an object, an id, an email address."""
    if isinstance(annotator, dict):
        annotator = annotator.get("email") or annotator.get("id")
    if annotator is None or annotator == "":
        return reviewer
    text = str(annotator)
    return f"label-studio:{text}" if text.isdecimal() else text


def _moment(annotation: Object, place: str) -> int:
    """Return when an annotation was last changed; without a date any decision is newer."""
    text = annotation.get("updated_at") or annotation.get("created_at")
    if text is None:
        return 0
    try:
        return from_text(str(text))
    except (ValueError, OverflowError):
        raise ConfigError(
            f"{place}: expected updated_at as an ISO 8601 date, got {str(text)[:40]!r}"
        ) from None


def _skips(annotation: Object) -> bool:
    return bool(annotation.get("was_cancelled"))


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= MOST_SECONDS else None


def _text(value: object) -> str | None:
    """Return a text that UTF-8 can hold: JSON can name halves of characters."""
    if not isinstance(value, str) or not value:
        return None
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def _all_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)
