"""Records of compactions: which parts count in each state, and where OUT changes under a look."""

import json
from datetime import UTC, datetime

import pytest

from landmark_core.errors import ConfigError, RunError
from landmark_core.tables.merges import (
    Merge,
    MergeRecord,
    drop_stale_records,
    list_parts,
    list_records,
    merged_parts,
    read_record,
    write_record,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def part(run: str, number: int = 0) -> str:
    return f"tags/run={run}/part-{number:06d}.parquet"


class Files:
    """A place in memory; `before_look` runs whenever its names are asked for."""

    label = "OUT"

    def __init__(self, *names: str) -> None:
        self.files = dict.fromkeys(names, b"")
        self.before_look = lambda: None
        self.removed: list[str] = []

    def put(self, name: str, content: bytes) -> None:
        self.files[name] = content

    def get(self, name: str) -> bytes:
        if name not in self.files:
            raise FileNotFoundError(name)
        return self.files[name]

    def remove(self, name: str) -> None:
        self.files.pop(name, None)
        self.removed.append(name)

    def list_names(self, folder: str) -> list[str]:
        self.before_look()
        return sorted(name for name in self.files if name.startswith(f"{folder}/"))


OLD = (part("a", 0), part("a", 1), part("b", 0))
MERGED = part("compact-c")
MERGE = Merge(merged=MERGED, replaced=OLD, rows=5, digest="ab")


def record(state: str, compaction_id: str = "c", merges=(MERGE,)) -> MergeRecord:
    return MergeRecord(compaction_id=compaction_id, state=state, moment=NOON, merges=merges)


def test_a_record_comes_back_and_is_text_that_people_can_read():
    place = Files()
    write_record(place, record("compaction"))
    assert read_record(place, "c", "compaction") == record("compaction")
    assert json.loads(place.files["runs/c.compaction.json"]) == {
        "compaction_id": "c",
        "state": "compaction",
        "moment": "2026-11-24T12:00:00+00:00",
        "merges": [{"merged": MERGED, "replaced": list(OLD), "rows": 5, "digest": "ab"}],
    }
    assert place.files["runs/c.compaction.json"].startswith(b'{\n  "compaction_id"')


def test_a_name_that_is_no_text_is_kept_escaped():
    place = Files()
    odd = Merge(merged="é", replaced=("\udcff",), rows=1)
    write_record(place, record("merging", merges=(odd,)))
    assert "é".encode() in place.files["runs/c.merging.json"]
    assert read_record(place, "c", "merging").merges[0].replaced == ("\udcff",)


def test_each_state_takes_away_the_record_of_the_one_before():
    place = Files()
    for state, removed in (
        ("merging", []),
        ("compaction", ["runs/c.merging.json"]),
        ("compacted", ["runs/c.compaction.json"]),
    ):
        place.removed.clear()
        write_record(place, record(state))
        assert place.removed == removed
        assert list_records(place) == [("c", state)]


@pytest.mark.parametrize(
    ("state", "counting"),
    [
        ("merging", OLD),
        ("compaction", (MERGED,)),
        ("compacted", (*OLD, MERGED)),  # the old ones are gone by then
    ],
)
def test_what_counts_follows_from_the_state(state, counting):
    place = Files(*OLD, MERGED, "tags/notes.txt", "heatmaps/x.parquet")
    write_record(place, record(state))
    assert set(list_parts(place)) == set(counting)


def test_parts_come_in_the_order_of_time():
    names = [part("20260103"), part("compact-20260102"), part("20260101", 1), part("20260101")]
    assert list_parts(Files(*names)) == [names[3], names[2], names[1], names[0]]


def test_of_two_records_the_later_state_counts_and_the_other_is_dropped():
    place = Files(*OLD, MERGED)
    for state in ("merging", "compacted", "compaction"):
        content = Files()
        write_record(content, record(state))
        place.files |= content.files
    assert list_records(place) == [("c", "compacted")]
    drop_stale_records(place)
    assert sorted(place.removed) == ["runs/c.compaction.json", "runs/c.merging.json"]
    assert list_records(place) == [("c", "compacted")]


def test_records_come_oldest_first_and_other_files_are_none():
    place = Files("runs/a.json", "runs/x.compaction.json.tmp", "runs/deep/y.merging.json")
    for name in ("c2", "c1"):
        write_record(place, record("merging", name))
    assert list_records(place) == [("c1", "merging"), ("c2", "merging")]
    drop_stale_records(place)
    assert place.removed == []


def test_merged_parts_are_counted_by_run_once_they_are_replaced():
    place = Files()
    write_record(place, record("merging", "c0"))
    assert merged_parts(place) == {}
    write_record(place, record("compaction", "c1"))
    more = Merge(merged="m", replaced=(part("b", 1), "tags/foreign.parquet"), rows=1)
    write_record(place, record("compacted", "c2", merges=(more,)))
    assert merged_parts(place) == {"a": 2, "b": 2}


def test_a_compaction_that_is_finished_during_a_look_is_looked_at_again():
    place = Files(*OLD, MERGED)
    write_record(place, record("merging"))
    looks = []

    def commit() -> None:
        looks.append(len(looks))
        if len(looks) == 2:  # after the records, before the parts
            write_record(place, record("compaction"))

    place.before_look = commit
    assert list_parts(place) == [MERGED]


def test_a_record_that_goes_while_it_is_read_is_looked_for_again():
    place = Files(*OLD, MERGED)
    write_record(place, record("merging"))
    get, asked = place.get, []

    def slow_get(name: str) -> bytes:
        asked.append(name)
        if len(asked) == 1:
            write_record(place, record("compaction"))
        return get(name)

    place.get = slow_get
    assert list_parts(place) == [MERGED]
    assert asked == ["runs/c.merging.json", "runs/c.compaction.json"]


def test_counting_follows_a_compaction_that_is_just_finished():
    place = Files()
    write_record(place, record("compaction"))
    get = place.get

    def slow_get(name: str) -> bytes:
        if name.endswith(".compaction.json"):
            write_record(place, record("compacted"))
        return get(name)

    place.get = slow_get
    assert merged_parts(place) == {"a": 2, "b": 1}


def test_an_out_that_never_holds_still_is_given_up_after_fifty_looks():
    place, looks = Files(*OLD), []

    def change() -> None:
        looks.append(len(looks))
        place.put(f"runs/x{len(looks)}.compacted.json", b"")

    place.before_look = change
    with pytest.raises(RunError, match="OUT changes too quickly"):
        list_parts(place)
    assert len(looks) == 1 + 2 * 50


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"not JSON", id="text"),
        pytest.param(b'{"moment": "yesterday", "merges": []}', id="no-time"),
        pytest.param(b'{"moment": "2026-11-24"}', id="no-merges"),
        pytest.param(b'{"moment": "2026-11-24", "merges": [{"replaced": []}]}', id="no-name"),
        pytest.param(b'{"moment": "2026-11-24", "merges": [{"replaced": 3}]}', id="no-list"),
    ],
)
def test_what_is_no_record_is_named(content):
    place = Files()
    place.put("runs/c.merging.json", content)
    with pytest.raises(ConfigError, match=r"OUT/runs/c\.merging\.json is not a record of merged"):
        list_parts(place)
