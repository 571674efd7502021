"""`landmarks status`: the numbers in words; no photo's name breaks a line."""

import json
from datetime import UTC, datetime

from landmark_core.status_text import status_to_json, status_to_text
from landmark_core.tables import FailureKind, LibraryStatus, ModelSeen, RunSeen

WHEN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
STATUS = LibraryStatus(
    photos=1234,
    tagged=1000,
    review=200,
    no_landmark=30,
    reviewed=7,
    reviewers=(("ann", 6), ("b\nob", 1)),
    skipped=2,
    disagreements=1,
    tags=(("Petra", 900), ("Giza", 100)),
    failures=(FailureKind(status="corrupt", photos=4, uri="/p/a\nb.jpg", error="cut off"),),
    models=(
        ModelSeen(
            model_id="abc",
            preprocess_id="def",
            rows=1500,
            first_tagged_at=WHEN,
            last_tagged_at=WHEN.replace(day=3),
        ),
    ),
    runs=tuple(RunSeen(run_id=f"run-{n}", state="finished", parts=n) for n in range(7)),
)


def test_text_names_every_number():
    lines = status_to_text(STATUS, "OUT").splitlines()
    assert lines[0] == "1,234 photos in OUT"
    assert lines[1:5] == [
        "  tagged           1,000",
        "  review             200  waiting for a person; 7 settled",
        "  no landmark         30",
        "  unreadable           4",
    ]
    assert lines[5] == r"Settled by people: ann 6, b\nob 1; skipped 2, disagreements 1"
    assert "        900  Petra" in lines
    assert r"          4  corrupt, for example /p/a\nb.jpg: cut off" in lines
    assert "      1,500  rows by abc, 2026-01-02 03:04 to 2026-01-03 03:04 UTC" in lines
    assert lines[-6] == "Runs (the last 5 of 7):"
    assert lines[-1] == "  run-6  finished, 6 parts"


def test_json_survives_a_round_trip():
    values = json.loads(json.dumps(status_to_json(STATUS)))
    assert values["tags"] == {"Petra": 900, "Giza": 100}
    assert values["models"][0]["first_tagged_at"] == "2026-01-02T03:04:00+00:00"
    assert [run["parts"] for run in values["runs"]] == list(range(7))
