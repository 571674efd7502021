"""Parts as a stream: large files in pieces, and files that vanish while they are read."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from landmark_core.errors import RunError
from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow
from landmark_core.tables import (
    TAGS_SCHEMA,
    Store,
    WorkKey,
    count_work,
    current_tags,
    parts,
    rows_to_table,
)
from landmark_core.tables.schema import subset

KEY = WorkKey(model_id="m", preprocess_id="p")
COLUMNS = subset(TAGS_SCHEMA, "photo_id", "status")


def ref(number: int) -> PhotoRef:
    name = f"/photos/{number}.jpg"
    return PhotoRef(
        photo_id=f"{number:032x}", uri=name, location=name, size_bytes=1, modified_us=1, etag=None
    )


def table(*numbers: int) -> pa.Table:
    return rows_to_table(
        [
            PhotoRow(
                photo=DecodedPhoto(
                    ref=ref(number),
                    status="ok",
                    error=None,
                    content_sha256=None,
                    width=None,
                    height=None,
                ),
                prediction=None,
                heatmap=None,
                model_id="m",
                preprocess_id="p",
                run_id="r",
                tagged_at=datetime(2026, 11, 23, tzinfo=UTC),
            )
            for number in numbers
        ]
    )


def ids(tables: list[pa.Table]) -> list[int]:
    return [int(one, 16) for rows in tables for one in rows["photo_id"].to_pylist()]


@pytest.mark.parametrize("out", ["{folder}", "memory://{folder}"], ids=["folder", "bucket"])
def test_a_large_file_comes_in_pieces_in_its_place(tmp_path, monkeypatch, out):
    monkeypatch.setattr(parts, "_LARGE", 4)
    store = Store(out.format(folder=tmp_path))
    store.write_part("a", 0, table(0, 1))
    with store.new_file("tags/run=b/part-000000.parquet") as path:
        pq.write_table(table(*range(2, 12)), path, row_group_size=4)
    store.write_part("c", 0, table(12))
    tables = list(store.read_parts(store.list_parts(), COLUMNS))
    assert ids(tables) == [*range(13)]
    assert [len(rows) for rows in tables] == [2, 4, 4, 2, 1]


def test_a_reader_that_stops_early_leaves_nothing_open(tmp_path):
    store = Store(str(tmp_path))
    for number in range(20):
        store.write_part("r", number, table(number))
    stream = store.read_parts(store.list_parts(), COLUMNS)
    assert ids([next(stream)]) == [0]
    stream.close()


class Merging(Store):
    """An OUT whose parts are merged into one file right after they were listed."""

    merges = 1  # so many times

    def list_parts(self) -> list[str]:
        """List the parts as they were."""
        names = super().list_parts()
        if self.merges:
            self.merges -= 1
            whole = pa.concat_tables(self.read_parts(names, TAGS_SCHEMA))
            self.write_part(f"compact-{self.merges}", 0, whole)
            for name in names:
                Path(self.out, name).unlink()
        return names


def merging(out: Path, merges: int) -> Merging:
    store = Merging(str(out))
    for number in range(40):
        store.write_part("r", number, table(number))
    store.merges = merges
    return store


def test_planning_looks_once_more_where_parts_were_merged_meanwhile(tmp_path):
    counts = count_work(merging(tmp_path, 1), [ref(n) for n in range(50)], key=KEY)
    assert (counts.already_done, counts.missing) == (40, 10)


def test_parts_that_vanish_again_are_one_line(tmp_path):
    with pytest.raises(RunError, match=r"compact-1/part-000000\.parquet is gone: .*") as caught:
        count_work(merging(tmp_path, 2), [ref(0)], key=KEY)
    assert "\n" not in str(caught.value)


def test_so_does_whoever_asks_for_the_current_tags(tmp_path):
    assert len(current_tags(merging(tmp_path, 1)).read_all()) == 40
    with pytest.raises(RunError, match=r"is gone: .* run the same command again"):
        current_tags(merging(tmp_path / "again", 2)).read_all()
