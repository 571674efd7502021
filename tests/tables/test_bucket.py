"""OUT in a bucket: an in-memory one, one that fails, and S3 over HTTP."""

import contextlib
import errno
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import fsspec
import pyarrow.parquet as pq
import pytest

from landmark_core.errors import ConfigError, RunError
from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow
from landmark_core.tables import (
    Store,
    WorkKey,
    current_tags,
    plan_run,
    read_shard,
    rows_to_table,
    status_counts,
)
from landmark_core.tables.bucket import Bucket, Patience

KEY = WorkKey(model_id="m", preprocess_id="p")


def ref(number: int) -> PhotoRef:
    return PhotoRef(
        photo_id=f"{number:032x}",
        uri=f"s3://photos/{number}.jpg",
        location=f"s3://photos/{number}.jpg",
        size_bytes=number,
        modified_us=number,
        etag=f"etag{number}",
    )


def row(photo: PhotoRef) -> PhotoRow:
    decoded = DecodedPhoto(
        ref=photo, status="ok", error=None, content_sha256=None, width=None, height=None
    )
    return PhotoRow(
        photo=decoded,
        prediction=None,
        heatmap=None,
        model_id="m",
        preprocess_id="p",
        run_id="r",
        tagged_at=datetime(2026, 11, 23, tzinfo=UTC),
    )


def go_through_a_run(store: Store) -> None:
    """Plan, write two of three shards, stop, plan again: the third is left."""
    photos = [ref(number) for number in range(7)]
    store.check_writable()
    first = plan_run(store, photos, run_id="r1", key=KEY, shard_size=3)
    for shard in first.shards[:2]:
        rows = [row(photo) for photo in read_shard(store, shard)]
        store.write_part("r1", shard.number, rows_to_table(rows))
    assert store.part_exists("r1", 1)
    assert not store.part_exists("r1", 2)
    store.write_heatmap("r1", "a" * 32, b"jpeg")
    second = plan_run(store, photos, run_id="r2", key=KEY, shard_size=3)
    assert read_shard(store, second.shards[0]) == photos[6:]
    assert second.counts.already_done == 6
    store.write_part("r2", 0, rows_to_table([row(photos[6])]))
    store.write_run("r2", {"photos": 1})
    assert current_tags(store).read_all()["etag"].to_pylist() == [photo.etag for photo in photos]
    assert [(run.run_id, run.state) for run in status_counts(store).runs] == [
        ("r1", "interrupted"),
        ("r2", "finished"),
    ]
    assert [run.summary for run in store.read_runs()] == [{"photos": 1}]


@pytest.fixture
def memory_url():
    yield "memory://landmarks-test/out"
    with contextlib.suppress(FileNotFoundError):
        fsspec.filesystem("memory").rm("/landmarks-test", recursive=True)


def test_a_run_in_memory(memory_url):
    go_through_a_run(Store(memory_url))
    names = fsspec.filesystem("memory").find("/landmarks-test/out")
    assert sorted(name.removeprefix("/landmarks-test/out/") for name in names) == [
        f"heatmaps/run=r1/{'a' * 32}.jpg",
        "runs/r1.plan.parquet",
        "runs/r2.json",
        "runs/r2.plan.parquet",
        "tags/run=r1/part-000000.parquet",
        "tags/run=r1/part-000001.parquet",
        "tags/run=r2/part-000000.parquet",
    ]


def test_a_listing_can_pass_over_what_a_run_wrote(memory_url, tmp_path):
    assert Store(memory_url).own_places == (f"{memory_url}/heatmaps", f"{memory_url}/tags")
    assert Store(str(tmp_path)).own_places == (f"{tmp_path}/heatmaps", f"{tmp_path}/tags")


def test_a_run_on_s3(s3_endpoint):
    # Uncached: a client of another test may be bound to a server that is gone.
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir("tables")
    go_through_a_run(Store("s3://tables/out"))
    with fsspec.open("s3://tables/out/tags/run=r2/part-000000.parquet") as file:
        assert pq.read_table(file).num_rows == 1


class FailingFileSystem:
    """Stands where fsspec's file system does, and fails a given number of times first."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error = error
        self.times = times
        self.answer_is_lost = False  # the store writes, and its answer does not arrive
        self.written: dict[str, bytes] = {}

    protocol = "failing"

    def pipe_file(self, path: str, data: bytes, mode: str = "overwrite") -> None:
        if mode == "create" and path in self.written:
            raise FileExistsError(path)
        if self.answer_is_lost:
            self.written[path] = data
        if self.times:
            self.times -= 1
            raise self.error
        self.written[path] = data

    def cat_file(self, path: str) -> bytes:
        return self.written[path]

    def exists(self, path: str) -> bool:
        return path in self.written


def failing_bucket(
    error: Exception, times: int, **options: Any
) -> tuple[Bucket, FailingFileSystem, list[float]]:
    pauses: list[float] = []
    bucket = Bucket("memory://landmarks-failing", sleep=pauses.append, draw=lambda: 0.5, **options)
    files = FailingFileSystem(error, times)
    bucket._fs = files
    return bucket, files, pauses


def test_a_fault_that_passes_is_tried_again_with_growing_pauses():
    bucket, files, pauses = failing_bucket(TimeoutError("slow"), 3)
    bucket.put("runs/r.json", b"{}")
    assert list(files.written.values()) == [b"{}"]
    assert pauses == [0.25, 0.5, 1.0]  # half of what the ceiling is, by this draw


class HttpFaultError(Exception):
    """As Azure's and Google's clients raise them."""

    def __init__(self, status: int) -> None:
        super().__init__(f"answer {status}\nline two")
        self.status_code = status


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        pytest.param(OSError(errno.EIO, "the store is on fire\nline two"), 8, id="goes-on"),
        pytest.param(OSError(errno.EBUSY, "Please reduce your request rate"), 8, id="throttled"),
        pytest.param(HttpFaultError(503), 8, id="http-503"),
        pytest.param(HttpFaultError(429), 8, id="http-429"),
        pytest.param(ConnectionResetError(errno.ECONNRESET, "reset"), 8, id="dropped"),
        pytest.param(PermissionError("access denied"), 1, id="forbidden"),
        pytest.param(HttpFaultError(403), 1, id="http-403"),
        pytest.param(HttpFaultError(400), 1, id="http-400"),
        pytest.param(OSError(errno.EINVAL, "malformed"), 1, id="s3-400"),
        pytest.param(ValueError("no such option"), 1, id="a-bug"),
    ],
)
def test_a_fault_that_stays_is_one_line(error, tries):
    bucket, files, pauses = failing_bucket(error, 99)
    with pytest.raises(
        RunError, match=r"memory://landmarks-failing: .*, at runs/r\.json"
    ) as caught:
        bucket.put("runs/r.json", b"{}")
    assert "\n" not in str(caught.value)
    assert 99 - files.times == tries == len(pauses) + 1


def test_tries_and_time_have_limits():
    bucket, files, _ = failing_bucket(TimeoutError("slow"), 99, patience=Patience(tries=3))
    with pytest.raises(RunError, match=r"\(try 3 of 3\)"):
        bucket.put("a", b"")
    assert files.times == 96
    bucket, files, pauses = failing_bucket(
        TimeoutError("slow"), 99, patience=Patience(tries=90, limit_s=0.6)
    )
    with pytest.raises(RunError, match="timed out"):
        bucket.put("a", b"")
    assert pauses == [0.25, 0.5]  # the clock stood still; a pause of 1 s would end too late


def test_a_write_asks_first_before_every_try():
    asked = []

    def ask() -> None:
        asked.append(True)
        if len(asked) == 3:
            raise RunError("lost the lease")

    bucket, files, _ = failing_bucket(TimeoutError("slow"), 99, before_write=ask)
    with pytest.raises(RunError, match="lost the lease"):
        bucket.put("a", b"")
    assert 99 - files.times == 2


def test_whose_a_new_object_is_when_the_answer_was_lost():
    bucket, files, _ = failing_bucket(TimeoutError("slow"), 1)
    files.answer_is_lost = True
    assert bucket.put_new("a", b"ours")  # written, no answer, refused the second time: ours
    files.times = 0
    assert not bucket.put_new("a", b"theirs")
    assert bucket.get("a") == b"ours"


def test_a_client_that_knows_no_creation_looks_first_and_says_so(caplog):
    bucket, files, _ = failing_bucket(TypeError("unexpected keyword 'mode'"), 1)
    assert bucket.put_new("a", b"one")
    files.times = 1
    assert not bucket.put_new("a", b"two")
    assert {r.getMessage() for r in caplog.records} == {
        "memory://landmarks-failing: no conditional writes here; start one run at a time"
    }


def race(buckets: list[Bucket], name: str) -> list[bool]:
    """Create one object from several threads at once; return who was told that it is theirs."""
    start = threading.Barrier(len(buckets))

    def create(number: int) -> bool:
        start.wait()
        return buckets[number].put_new(name, f"writer {number}".encode())

    with ThreadPoolExecutor(len(buckets)) as pool:
        return list(pool.map(create, range(len(buckets))))


def test_one_writer_alone_creates_an_object_in_memory(memory_url):
    buckets = [Bucket(memory_url) for _ in range(4)]
    for number in range(50):
        wins = race(buckets, f"object-{number}")
        assert wins.count(True) == 1
        assert buckets[0].get(f"object-{number}") == f"writer {wins.index(True)}".encode()


def test_one_writer_alone_creates_an_object_on_s3(atomic_s3):
    buckets = [Bucket(f"{atomic_s3}/out") for _ in range(4)]
    for number in range(10):
        wins = race(buckets, f"object-{number}")
        assert wins.count(True) == 1
        assert buckets[0].get(f"object-{number}") == f"writer {wins.index(True)}".encode()


def test_a_store_that_fails_is_not_taken_for_an_empty_one(memory_url, monkeypatch):
    bucket = Bucket(memory_url, patience=Patience(tries=1))
    assert not bucket.exists("a")
    bucket.put("a/b", b"")
    assert not bucket.exists("a")  # a folder
    assert bucket.exists("a/b")

    def refuse(*_arguments):
        raise PermissionError("access denied")

    monkeypatch.setattr(bucket._fs, "info", refuse, raising=True)
    with pytest.raises(RunError, match="permission denied"):
        bucket.exists("a/b")


def test_a_protocol_without_its_package_says_what_to_install(monkeypatch):
    def missing(*_arguments, **_options):
        raise ImportError("Install gcsfs to access Google Storage")

    monkeypatch.setattr("landmark_core.tables.client.url_to_fs", missing)
    with pytest.raises(ConfigError, match=r"pip install 'landmark-tagger\[gs\]'"):
        Store("gs://bucket/out")
