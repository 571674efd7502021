"""The names in OUT, which other programs read too: as written, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.tables import names

RUNS = [
    "runs/b.plan.parquet",
    "runs/b.backfill.json",
    "runs/a.json",
    "runs/a.plan.parquet",
    "runs/a.backfill.json",
    "runs/c.json",
    "runs/c.merging.json",
    "runs/deep/d.json",
    "runs/e.json.tmp",
    "other/f.json",
]


def test_the_names_are_those_of_the_docs():
    assert names.part_name("2026-r", 7) == "tags/run=2026-r/part-000007.parquet"
    assert names.part_name("r", 1_234_567) == "tags/run=r/part-1234567.parquet"
    assert names.heatmap_path("r", "ab12") == "heatmaps/run=r/ab12.jpg"
    assert names.reviews_path("01ARZ") == "reviews/part-01ARZ.parquet"


@given(st.text("abz019-_.", min_size=1), st.integers(0, 10**9))
def test_a_parts_name_gives_run_and_shard_back(run_id, number):
    name = names.part_name(run_id, number)
    assert (names.run_of_part(name), names.shard_of_part(name)) == (run_id, number)


@pytest.mark.parametrize(
    "name",
    [
        "tags/run=r/part-x.parquet",
        "tags/run=r/part-000001.parquet.tmp",
        "old/tags/run=r/part-000001.parquet",
        "tags/part-000001.parquet",
        "tags/run=a/b/part-000001.parquet",
    ],
)
def test_a_file_of_others_has_no_run(name):
    assert names.run_of_part(name) is None
    with pytest.raises(ValueError, match="expected the name of a part"):
        names.shard_of_part(name)


def test_runs_are_told_by_their_files():
    assert names.finished_runs(RUNS) == ["a", "c"]
    assert names.planned_runs(RUNS) == ["b", "a"]
    assert names.planned_backfills(RUNS) == ["b", "a"]


def test_a_backfill_is_open_until_its_run_file_is_there():
    assert names.open_backfills(iter(RUNS)) == ["b"]


def test_merged_parts_sort_by_the_time_of_their_compaction():
    parts = [
        "tags/run=compact-20260103/part-000000.parquet",
        "tags/run=20260102/part-000000.parquet",
        "tags/run=20260104/part-000000.parquet",
        "tags/run=20260102/part-000001.parquet",
    ]
    assert [parts.index(name) for name in sorted(parts, key=names.in_time)] == [1, 3, 0, 2]
    assert names.in_time("a/run=compact-x/run=compact-y") == "a/run=x/run=compact-y"
