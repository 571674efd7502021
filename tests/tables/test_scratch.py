"""Scratch rooms: gone at their end, and those of killed processes at the next one's beginning."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.tables import open_scratch

HOLD = """
import sys
from landmark_core.tables import open_scratch
with open_scratch() as scratch:
    (scratch.folder / "half").write_bytes(b"spilled")
    print(scratch.folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def room(tmp_path, monkeypatch) -> Path:
    """Where this test's temporary folders lie."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def start_holder() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_a_killed_process_s_folder_goes_with_the_next_room_and_a_living_one_s_stays(room):
    with start_holder() as dead, start_holder() as alive:
        folders = [Path(process.stdout.readline().strip()) for process in (dead, alive)]
        dead.send_signal(signal.SIGKILL)
        dead.wait()
        assert all((folder / "half").exists() for folder in folders)
        with open_scratch() as scratch:
            assert sorted(room.iterdir()) == sorted([folders[1], scratch.folder])
        alive.communicate("")
    assert list(room.iterdir()) == []


def test_rooms_of_one_process_leave_each_other_alone(room):
    with open_scratch() as first, open_scratch() as second:
        assert sorted(room.iterdir()) == sorted([first.folder, second.folder])
    assert list(room.iterdir()) == []


def test_folders_without_a_marker_stay(room):
    (room / "landmarks-abc").mkdir()
    (room / "landmarks-abc" / "upload").touch()
    (room / "elsewhere").mkdir()
    (room / "elsewhere" / ".in-use").touch()
    (room / "landmarks-link").symlink_to(room / "elsewhere")
    with open_scratch():
        pass
    assert sorted(path.name for path in room.iterdir()) == [
        "elsewhere",
        "landmarks-abc",
        "landmarks-link",
    ]
    assert (room / "elsewhere" / ".in-use").exists()


versions = st.tuples(
    st.sampled_from(["a" * 32, "a" * 31 + "b", "b" + "a" * 31, "short", ""]),
    st.sampled_from([None, "", "e", "f"]),
    st.sampled_from([None, 0, 1, 2**62]),
    st.sampled_from([None, 0, 1, -1]),
)


def test_keys_are_equal_where_photos_and_versions_are(room):
    with open_scratch() as scratch:

        @given(versions, versions)
        def check(one, other):
            (photos, same) = scratch.numbers(
                "SELECT photo_key($a) = photo_key($b), "
                "version_key($a, $ae, $as, $at) = version_key($b, $be, $bs, $bt)",
                **dict(zip(("a", "ae", "as", "at"), one, strict=True)),
                **dict(zip(("b", "be", "bs", "bt"), other, strict=True)),
            )
            assert photos == (one[0] == other[0])
            assert same == (plain_version(one) == plain_version(other))

        check()


def plain_version(photo: tuple[str, str | None, int | None, int | None]) -> tuple[object, ...]:
    photo_id, etag, size, time = photo
    return (photo_id, size, time) if etag is None else (photo_id, etag)


def test_keys_of_many_photos_and_as_many_versions_differ(room):
    with open_scratch() as scratch:
        found = scratch.numbers(
            "SELECT count(DISTINCT photo_key(id)), count(DISTINCT photo_key(id) >> 64), "
            "count(DISTINCT version_key('x', NULL, 2000000 + n % 3000, n)), "
            "count(DISTINCT version_key('x', id, NULL, NULL)) "
            "FROM (SELECT n, md5(n::VARCHAR) AS id FROM range(200_000) AS all_of_them(n))"
        )
    assert found == (200_000,) * 4


def test_the_sort_of_a_moment_is_that_of_time_and_then_row(room):
    rows = [(time, number) for time in (-(10**15), -1, 0, 1, 10**15) for number in (0, 1, 10**9)]
    table = pa.table({"t": [time for time, _ in rows], "n": [number for _, number in rows]})
    with open_scratch() as scratch:
        ordered = scratch.transform("SELECT t, n FROM incoming ORDER BY moment(t, n)", table)
    assert list(zip(*ordered.to_pydict().values(), strict=True)) == rows


def test_nothing_is_fetched_from_the_network(room):
    with open_scratch() as scratch, pytest.raises(duckdb.Error):
        scratch.database.execute("SELECT * FROM 'https://127.0.0.1:1/x.parquet'")
