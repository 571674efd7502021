"""Write an OUT of thousands of photos that nobody has: six years, the starter's landmarks."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from draw_rows import draw_table

from landmark_core.tables import Store
from picturing.people import decide, say

PHOTOS, YEARS = 11_000, 6
NEW = 0.07  # of the photos came after the first night
NIGHTS = 5
OUT = "tagged"
FAILURES = {
    "corrupt": "the file is empty",
    "unsupported": "camera raw (.cr2); export a JPEG",
}
_MONTH = timedelta(days=365.25 / 12)

Columns = dict[str, np.ndarray]


def make_up(folder: Path, first: Mapping[str, Any], now: datetime) -> None:
    """Write rows, run files and the decisions of two people.

    Args:
        folder: where OUT goes, as `tagged`.
        first: the run file of a real run, of which the others are copies.
        now: UTC; the last night was this one.
    """
    rng = np.random.default_rng(11)
    columns = make_columns(rng, first["model"]["class_names"], now)
    before = int(PHOTOS * (1 - NEW))
    nights = np.sort(rng.integers(before, PHOTOS, NIGHTS - 2))
    parts = np.split(np.arange(PHOTOS), [before, *nights])
    for number, part in enumerate(parts):
        moment = now - timedelta(days=len(parts) - 1 - number, hours=2)
        chosen = {name: values[part] for name, values in columns.items()}
        write_night(folder / OUT, f"{moment:%Y%m%dT%H%M%SZ}-{number:06x}", moment, chosen, first)
    let_people_decide(folder)


def write_night(
    out: Path, run_id: str, moment: datetime, columns: Columns, first: Mapping[str, Any]
) -> None:
    """Write what one run leaves: a part and its run file."""
    same = {name: first["model"][name] for name in ("model_id", "preprocess_id")}
    same |= {"run_id": run_id, "tagged_at": moment}
    count = len(columns["uri"])
    table = draw_table(count, {**columns, **{name: [one] * count for name, one in same.items()}})
    Store(str(out)).write_part(run_id, 0, table)
    run_file = out / "runs" / f"{run_id}.json"
    run_file.parent.mkdir(exist_ok=True)
    run_file.write_text(json.dumps({**first, "run_id": run_id}), "utf-8")


def let_people_decide(folder: Path) -> None:
    """Let ann settle most of what waits, and bob less; they disagree now and then."""
    no, skip = ({"person_decision": word, "person_tag": ""} for word in ("no_landmark", "skip"))
    decide(folder, OUT, "ann", lambda row, n: say(row, is_right=n % 7 > 1) if n % 3 else {})
    decide(folder, OUT, "bob", lambda row, n: {} if n % 4 else say(row, is_right=True))
    decide(folder, OUT, "bob", lambda _, n: {} if n % 50 else skip)
    decide(folder, OUT, "bob", lambda _, n: {} if n % 150 else no, "settled")


def make_columns(rng: np.random.Generator, landmarks: Sequence[str], now: datetime) -> Columns:
    """Return what is told of each photo, the oldest first."""
    months = np.sort(rng.choice(YEARS * 12, PHOTOS, p=_busy(rng)))
    moments = [now - _MONTH * (YEARS * 12 - month - 0.5) for month in months]
    decisions, tags = _seen(rng, landmarks, months)
    status = np.full(PHOTOS, "ok", dtype=object)
    status[rng.choice(PHOTOS * 9 // 10, 7)] = "corrupt"
    status[rng.choice(PHOTOS // 2, 3)] = "unsupported"
    failed = status != "ok"
    confidence = np.where(decisions == "tagged", rng.beta(12, 1, PHOTOS), rng.uniform(0.3, 0.8))
    scores = [
        [{"tag": tag, "confidence": sure}] for tag, sure in zip(tags, confidence, strict=True)
    ]
    hidden = {"decision": decisions, "tag": tags, "confidence": confidence.astype(object)}
    hidden["tags"] = np.fromiter(scores, object, PHOTOS)
    for values in hidden.values():
        values[failed] = None
    return {
        "photo_id": np.array([f"{number:032x}" for number in range(PHOTOS)]),
        "uri": np.array(
            [
                f"/photos/{at:%Y/%m}/IMG_{number:05d}.{'CR2' if one == 'unsupported' else 'jpg'}"
                for number, (at, one) in enumerate(zip(moments, status, strict=True))
            ]
        ),
        "modified_at": np.array(moments, dtype=object),
        "status": status,
        "error": np.array([FAILURES.get(one) for one in status], dtype=object),
        **hidden,
    }


def _busy(rng: np.random.Generator) -> np.ndarray:
    """Return how many of the photos are of each month: some in most, many on journeys."""
    weights = rng.gamma(4, 1, YEARS * 12)
    weights[_journeys()] *= 3
    return np.asarray(weights / weights.sum())


def _journeys() -> np.ndarray:
    return np.arange(4, YEARS * 12, 6)


def _seen(
    rng: np.random.Generator, landmarks: Sequence[str], months: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return decisions and tags: on a journey one or two landmarks, elsewhere hardly any."""
    away = np.isin(months, _journeys())
    chance = np.where(away, 0.75, 0.12)
    is_landmark = rng.random(PHOTOS) < chance
    is_unsure = rng.random(PHOTOS) < np.where(is_landmark, 0.12, 0.05)
    decisions = np.where(is_landmark, "tagged", "no_landmark").astype(object)
    decisions[is_unsure] = "review"
    order = rng.permutation(len(landmarks))
    visited = order[(months // 6 + (rng.random(PHOTOS) < 0.3)) % len(order)]
    tags = np.where(away, visited, rng.integers(0, len(landmarks), PHOTOS))
    return decisions, np.array(landmarks, dtype=object)[tags]
