"""Let people decide on photos of an OUT, as by a spreadsheet: export, fill in, import."""

import csv
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

LANDMARKS = (sys.executable, "-m", "landmark_core.cli")

Row = dict[str, str]  # of the exported CSV, by column
Choose = Callable[[Row, int], Row]


def run_landmarks(folder: Path, *command: str) -> None:
    """Run a command of the program in a folder, without what it prints."""
    subprocess.run([*LANDMARKS, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def say(row: Row, *, is_right: bool) -> Row:
    """Return the cells that agree with the model's best guess, or see no landmark."""
    if is_right:
        return {"person_decision": "tagged", "person_tag": row["tag"]}
    return {"person_decision": "no_landmark", "person_tag": ""}


def decide(folder: Path, out: str, reviewer: str, choose: Choose, state: str = "waiting") -> None:
    """Save what a person says of the photos in one state.

    Args:
        folder: where OUT lies.
        out: its name.
        reviewer: the person.
        choose: returns the cells to fill in, given a photo's row and its number; none: no word.
        state: as in `landmarks export --state`.
    """
    edited = folder / "edited.csv"
    run_landmarks(folder, "export", out, "--format", "csv", "--state", state, "--to", str(edited))
    with edited.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row.update(choose(row, number))
    with edited.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    run_landmarks(folder, "import", out, str(edited), "--reviewer", reviewer)
    edited.unlink()
