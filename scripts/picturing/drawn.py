"""Draw photos, tag them with the starter model, let a person decide: the library of the gallery."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from draw_library import draw_scene, encode

from picturing.people import Row, decide, run_landmarks, say

SCENES = 120
# Where the shapes of draw_scene may stand, in its order: Giza, Jerusalem, Rome; a tower, nothing.
PLACES = ((29.98, 31.13), (31.78, 35.23), (41.89, 12.49), (50.94, 6.96), (37.0, 22.0))
LANDMARKS = 3  # of the shapes are like one of the starter's


def make_drawn(folder: Path) -> dict[str, Any]:
    """Write `photos` and their OUT, `tagged`; return the run file."""
    draw_photos(folder / "photos")
    run_landmarks(folder, "tag", "photos", "--out", "tagged", "--no-progress")
    decide(folder, "tagged", "ann", _choose)
    agree = partial(say, is_right=True)
    decide(folder, "tagged", "bob", lambda row, n: {} if n % 5 else agree(row), "tagged")
    (path,) = (folder / "tagged" / "runs").glob("*Z-??????.json")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def draw_photos(folder: Path) -> None:
    """Write the photos, by month; half of them say where they were taken."""
    rng = np.random.default_rng(5)
    for number in range(SCENES):
        latitude, longitude = PLACES[number % len(PLACES)]
        spread = 0.004 if number % len(PLACES) < LANDMARKS else 4.0  # degrees
        place = rng.normal(latitude, spread), rng.normal(longitude, spread)
        data = encode(draw_scene(number, (640, 480)), "jpg", place=place if number % 2 else None)
        path = folder / f"2026-{number // 20 + 4:02d}" / f"IMG_{number:04d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _choose(row: Row, number: int) -> Row:
    if number % 3 == 0:  # nobody has come so far yet
        return {}
    (digits,) = re.findall(r"IMG_(\d+)", row["uri"])
    return say(row, is_right=int(digits) % len(PLACES) < LANDMARKS)
