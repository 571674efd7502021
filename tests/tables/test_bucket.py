"""OUT in a bucket: an in-memory one, one that fails, and S3 over HTTP."""

import contextlib
import errno
from datetime import UTC, datetime

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
from landmark_core.tables.bucket import Bucket

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
        self.written: dict[str, bytes] = {}

    def pipe_file(self, path: str, data: bytes) -> None:
        if self.times:
            self.times -= 1
            raise self.error
        self.written[path] = data


def failing_bucket(error: Exception, times: int) -> tuple[Bucket, FailingFileSystem, list[float]]:
    pauses: list[float] = []
    bucket = Bucket("memory://landmarks-failing", sleep=pauses.append)
    files = FailingFileSystem(error, times)
    bucket._fs = files
    return bucket, files, pauses


def test_a_fault_that_passes_is_tried_again_with_growing_pauses():
    bucket, files, pauses = failing_bucket(TimeoutError("slow"), 3)
    bucket.put("runs/r.json", b"{}")
    assert list(files.written.values()) == [b"{}"]
    assert pauses == [0.5, 2.0, 8.0]


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        pytest.param(OSError(errno.EIO, "the store is on fire\nline two"), 4, id="goes-on"),
        pytest.param(PermissionError("access denied"), 1, id="never-passes"),
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


def test_a_protocol_without_its_package_says_what_to_install(monkeypatch):
    def missing(*_arguments, **_options):
        raise ImportError("Install gcsfs to access Google Storage")

    monkeypatch.setattr("landmark_core.tables.bucket.url_to_fs", missing)
    with pytest.raises(ConfigError, match=r"pip install 'landmark-tagger\[gs\]'"):
        Store("gs://bucket/out")
