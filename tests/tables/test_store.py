"""OUT: names of the contract, whole files or none, one clear line when it cannot be written."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from landmark_core.errors import ConfigError, RunError
from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow
from landmark_core.tables import Store, rows_to_table


def table(photos: int, first: int = 0) -> pa.Table:
    rows = []
    for number in range(first, first + photos):
        ref = PhotoRef(
            photo_id=f"{number:032x}",
            uri=f"/photos/{number}.jpg",
            location=f"/photos/{number}.jpg",
            size_bytes=number,
            modified_us=number,
            etag=None,
        )
        photo = DecodedPhoto(
            ref=ref, status="ok", error=None, content_sha256=None, width=4, height=3
        )
        rows.append(
            PhotoRow(
                photo=photo,
                prediction=None,
                heatmap=None,
                model_id="m",
                preprocess_id="p",
                run_id="r",
                tagged_at=datetime(2026, 11, 23, tzinfo=UTC),
            )
        )
    return rows_to_table(rows)


def names(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_everything_lands_under_the_names_of_the_contract(tmp_path):
    store = Store(str(tmp_path / "new" / "out"))
    store.write_part("20261123T164500Z-3f9a1c", 7, table(3))
    path = store.write_heatmap("20261123T164500Z-3f9a1c", "a" * 32, b"\xff\xd8 jpeg")
    store.write_run("20261123T164500Z-3f9a1c", {"photos": 3})
    assert path == f"heatmaps/run=20261123T164500Z-3f9a1c/{'a' * 32}.jpg"
    assert names(tmp_path / "new" / "out") == [
        path,
        "runs/20261123T164500Z-3f9a1c.json",
        "tags/run=20261123T164500Z-3f9a1c/part-000007.parquet",
    ]
    assert (tmp_path / "new" / "out" / path).read_bytes() == b"\xff\xd8 jpeg"


def test_a_part_keeps_rows_order_version_and_statistics(tmp_path):
    Store(str(tmp_path)).write_part("r", 0, table(5))
    part = tmp_path / "tags" / "run=r" / "part-000000.parquet"
    with pq.ParquetFile(part) as file:
        group = file.metadata.row_group(0)
        leaves = [group.column(index) for index in range(group.num_columns)]
        (column,) = (leaf for leaf in leaves if leaf.path_in_schema == "model_id")
        assert column.compression == "ZSTD"
        assert (column.statistics.min, column.statistics.max) == ("m", "m")
        assert file.schema_arrow.metadata[b"landmarks.schema_version"] == b"1"
        assert file.read().equals(table(5))


def test_parts_are_whole_for_pandas_and_duckdb_beside_a_half_written_one(tmp_path):
    store = Store(str(tmp_path))
    store.write_part("r1", 0, table(3))
    store.write_part("r2", 0, table(4, first=3))
    (tmp_path / "tags" / "run=r2" / ".part-000001.parquet.00000000.tmp").write_bytes(b"half")
    frame = pd.read_parquet(tmp_path / "tags")
    assert sorted(frame["uri"]) == sorted(f"/photos/{number}.jpg" for number in range(7))
    assert sorted(frame["run"].astype(str).unique()) == ["r1", "r2"]
    query = f"SELECT count(*) FROM '{tmp_path}/tags/**/*.parquet' WHERE run = 'r2'"
    assert duckdb.sql(query).fetchall() == [(4,)]


def test_lists_and_presence_tell_what_was_written(tmp_path):
    store = Store(str(tmp_path))
    assert store.list_parts() == []
    assert store.read_runs() == []
    assert not store.part_exists("r", 1)
    store.write_part("r", 1, table(1))
    store.write_part("a", 0, table(1))
    store.write_run("r", {"photos": 1, "note": "café"})
    assert store.part_exists("r", 1)
    assert store.list_parts() == [
        "tags/run=a/part-000000.parquet",
        "tags/run=r/part-000001.parquet",
    ]
    (run,) = store.read_runs()
    assert (run.run_id, run.summary) == ("r", {"photos": 1, "note": "café"})


def test_a_run_file_that_is_not_json_is_named(tmp_path):
    Store(str(tmp_path)).write_run("r", {})
    (tmp_path / "runs" / "r.json").write_text("{")
    with pytest.raises(ConfigError, match=r"runs/r\.json is not a run file"):
        Store(str(tmp_path)).read_runs()


def test_threads_that_write_into_new_folders_at_once_all_succeed(tmp_path):
    for number in range(40):
        store = Store(str(tmp_path / f"out-{number}"))
        start = threading.Barrier(8)

        def write(photo: int, store: Store = store, start: threading.Barrier = start) -> str:
            start.wait()
            return store.write_heatmap("r", f"{photo:032x}", b"jpeg")

        with ThreadPoolExecutor(8) as pool:
            names = list(pool.map(write, range(8)))
        assert all((tmp_path / f"out-{number}" / name).read_bytes() == b"jpeg" for name in names)


def test_writing_again_replaces_the_whole_file(tmp_path):
    store = Store(str(tmp_path))
    store.write_part("r", 0, table(900))
    store.write_part("r", 0, table(2))
    assert pq.read_table(tmp_path / "tags" / "run=r" / "part-000000.parquet").num_rows == 2


def test_one_writer_alone_creates_a_file(tmp_path):
    store = Store(str(tmp_path))
    for number in range(30):
        start = threading.Barrier(6)

        def create(writer: int, number: int = number, start: threading.Barrier = start) -> bool:
            start.wait()
            return store.put_new(f"runs/{number}.json", b"x" * (writer + 1))

        with ThreadPoolExecutor(6) as pool:
            wins = list(pool.map(create, range(6)))
        assert wins.count(True) == 1
        content = (tmp_path / "runs" / f"{number}.json").read_bytes()
        assert len(content) == wins.index(True) + 1
    assert len(names(tmp_path)) == 30  # and nothing unfinished


def test_without_hard_links_a_file_is_created_in_place(tmp_path, monkeypatch, caplog):
    def refuse(*_arguments):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    store = Store(str(tmp_path))
    assert store.put_new("a.json", b"one")
    assert not store.put_new("a.json", b"two")
    assert names(tmp_path) == ["a.json"]
    assert (tmp_path / "a.json").read_bytes() == b"one"
    assert "no hard links here" in caplog.text


def test_check_writable_creates_out_and_leaves_no_probe(tmp_path):
    Store(str(tmp_path / "a" / "b")).check_writable()
    assert (tmp_path / "a" / "b").is_dir()
    assert names(tmp_path) == []


def test_of_two_runs_that_start_at_once_neither_is_in_the_way_of_the_other(tmp_path, monkeypatch):
    first, second = Store(str(tmp_path)), Store(str(tmp_path))
    read = first.place.get

    def read_after_the_other(name: str) -> bytes:
        second.check_writable()  # writes, reads and removes in the middle of the first
        return read(name)

    monkeypatch.setattr(first.place, "get", read_after_the_other)
    first.check_writable()
    assert names(tmp_path) == []


def test_out_that_is_a_file_cannot_be_written(tmp_path):
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(
        ConfigError, match=r"OUT cannot be written: .*out is a file, expected a folder"
    ) as caught:
        Store(str(tmp_path / "out")).check_writable()
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_out_without_permission_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match=r"OUT cannot be written: .*Permission denied"):
        Store(str(tmp_path / "out")).check_writable()


def test_a_url_that_nothing_can_open_says_what_to_install():
    with pytest.raises(ConfigError, match="cannot open nonsense://x"):
        Store("nonsense://x")


def test_a_file_url_is_a_folder(tmp_path):
    Store(f"file://{tmp_path}/out").write_run("r", {})
    assert names(tmp_path) == ["out/runs/r.json"]


def test_a_full_disk_ends_in_one_line_and_leaves_nothing_half_written(small_disk):
    store = Store(str(small_disk))
    store.write_part("r", 0, table(10))
    before = names(small_disk)
    with pytest.raises(RunError, match=r"is full: .* MB written, .* MB free") as caught:
        store.write_heatmap("r", "b" * 32, os.urandom(3_000_000))
    assert "\n" not in str(caught.value)
    assert names(small_disk) == before
    store.write_part("r", 1, table(10))  # and there is room again


WRITER = """
import resource, sys
from landmark_core.errors import RunError
from landmark_core.tables import Store
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    Store(sys.argv[1]).write_heatmap("r", "b" * 32, bytes(300_000))
except RunError as error:
    print(error)
"""


def test_a_file_that_outgrows_its_limit_is_removed(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("\n") == 1
    assert "is full" in done.stdout
    assert names(tmp_path) == []


def test_an_interrupt_while_writing_leaves_nothing(tmp_path):
    def write_half() -> None:
        with Store(str(tmp_path)).new_file("runs/r.plan.parquet") as path:
            path.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert names(tmp_path) == []


KILLED = """
import sys
sys.path.insert(0, sys.argv[2])
import pyarrow.parquet as pq
from landmark_core.tables import Store
store, table = Store(sys.argv[1]), pq.read_table(sys.argv[3])
print("ready", flush=True)
for number in range(1_000_000):
    store.write_part("r", number % 50, table)
    store.write_heatmap("r", f"{number % 50:032x}", bytes(200_000))
"""


def test_a_writer_killed_at_any_moment_leaves_whole_files_only(tmp_path):
    pq.write_table(table(3000), tmp_path / "rows.parquet")
    root = str(Path(__file__).parents[2])
    arguments = [str(tmp_path / "out"), root, str(tmp_path / "rows.parquet")]
    for milliseconds in (5, 31, 77):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, *arguments], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(milliseconds / 1000)
            writer.send_signal(signal.SIGKILL)
    parts = list((tmp_path / "out" / "tags").rglob("*.parquet"))
    assert parts
    assert all(pq.read_table(part).num_rows == 3000 for part in parts)
    heatmaps = (tmp_path / "out").rglob("*.jpg")
    assert all(heatmap.stat().st_size == 200_000 for heatmap in heatmaps)


def test_a_run_file_holds_what_json_can_show(tmp_path):
    store = Store(str(tmp_path))
    store.write_run("r", {"started": datetime(2026, 11, 23, tzinfo=UTC), "path": Path("/a")})
    assert json.loads((tmp_path / "runs" / "r.json").read_text()) == {
        "started": "2026-11-23 00:00:00+00:00",
        "path": "/a",
    }
