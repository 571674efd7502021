"""What is promised of OUT at any moment, and when all is done, over these tests' few photos."""

from collections import Counter
from pathlib import Path

import pandas
import pyarrow.parquet as pq
from scenes import Ending

from landmark_core.tables import Store, current_tags

PHOTOS, BROKEN = 11, 1


def check_words(ending: Ending, promised: str) -> None:
    """A run that ends by itself never shows a traceback; one that fails says one line."""
    assert "Traceback" not in ending.stderr
    said = [line for line in ending.stderr.splitlines() if line.startswith("landmarks: ")]
    assert len(said) == (promised in ("stopped", "refused")), ending.stderr
    assert not any("unexpected" in line for line in said), said


def check_readers(out: Path) -> None:
    """What anybody reads at this moment is whole: no half part, nobody twice among the good."""
    for part in (out / "tags").rglob("*.parquet"):
        assert pq.ParquetFile(part).metadata.num_rows > 0
    rows = pandas.read_parquet(out / "tags")
    assert rows[rows.status == "ok"].photo_id.is_unique
    drawn = {path.relative_to(out).as_posix() for path in (out / "heatmaps").rglob("*.jpg")}
    assert set(rows.heatmap.dropna()) <= drawn


def check_complete(out: Path) -> None:
    """Each photo has one good row, every heatmap its row, and nothing is left over."""
    rows = pandas.read_parquet(out / "tags")
    good = rows[rows.status == "ok"]
    assert good.photo_id.is_unique
    assert len(good) == PHOTOS - BROKEN
    assert rows.photo_id.nunique() == PHOTOS
    current = current_tags(Store(str(out))).read_pandas()
    assert Counter(current.status) == {"ok": PHOTOS - BROKEN, "corrupt": BROKEN}
    drawn = {path.relative_to(out).as_posix() for path in (out / "heatmaps").rglob("*.jpg")}
    assert drawn == set(good.heatmap.dropna())
    assert len(drawn) == PHOTOS - BROKEN
    assert not [path for path in out.rglob("*.tmp") if path.is_file()]
