"""The state of a library, by hand, with names that try to break lines and pages."""

from datetime import UTC, datetime

from landmark_core.tables import (
    FailureKind,
    LandmarkCount,
    LibraryStatus,
    ModelMonth,
    ModelSeen,
    MonthCount,
    RunSeen,
)

WHEN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
NASTY = "<b>&\"'\u202e\n"


def month(name: str | None, tagged: int, review: int = 0, none: int = 0, failed: int = 0):
    return MonthCount(month=name, tagged=tagged, review=review, no_landmark=none, failed=failed)


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
    landmarks=(
        LandmarkCount(tag="Petra", photos=900, by_people=6, waiting=100),
        LandmarkCount(tag=NASTY, photos=100, by_people=0, waiting=0),
    ),
    landmarks_known=15,
    months=(
        month(None, 4),
        month("2024-12", 100),
        month("2026-01", 800, 100),
        month("2026-03", 96, 100, 30, 4),
    ),
    model_months=(
        ModelMonth(model_id="abc", month="2026-01", rows=1000),
        ModelMonth(model_id="abc", month="2026-02", rows=500),
    ),
)
