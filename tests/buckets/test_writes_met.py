"""Writing under faults, against real servers: created once, whoever asked; one run at a time.

S3 is in every run; Azure and Google in `make test-orchestration`.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from faulty_proxy import Request, Rule

from landmark_core.errors import RunError
from landmark_core.tables import Store, lease
from landmark_core.tables.bucket import Bucket, Patience

# Stores and proxies of their own take a while to start; `test_bucket_library` is in every run.
pytestmark = pytest.mark.orchestration

STORES = ["s3", "az", "gs"]
CREATING = STORES[:2]  # the emulator of Google's store does not look at conditions
# moto looks and writes in two steps, so its S3 cannot be raced; tests/tables has one that can.
AT_ONCE = STORES[1:2]


def is_write(request: Request) -> bool:
    return request.method in ("PUT", "POST")


def open_bucket(store) -> Bucket:
    return Bucket(f"{store.url}/out", sleep=lambda _: None)


@pytest.mark.parametrize("store", CREATING, indirect=True)
@pytest.mark.parametrize("fault", ["slow_down", "unanswered"])
def test_an_object_is_created_once_through_faults(store, fault):
    bucket = open_bucket(store)
    store.proxy.reset(Rule(fault, times=1, matches=is_write))
    assert bucket.put_new("runs/a.json", b"ours")
    assert store.proxy.faults()[fault] == 1
    store.proxy.reset(Rule(fault, times=1, matches=is_write))
    assert not bucket.put_new("runs/a.json", b"theirs")
    assert store.direct.cat_file(f"{store.name}/out/runs/a.json") == b"ours"


@pytest.mark.parametrize("store", AT_ONCE, indirect=True)
def test_of_writers_at_once_one_alone_creates_it(store):
    buckets = [open_bucket(store) for _ in range(4)]
    for number in range(10):
        start = threading.Barrier(4)

        def create(writer: int, number: int = number, start: threading.Barrier = start) -> bool:
            start.wait()
            return buckets[writer].put_new(f"runs/{number}", f"writer {writer}".encode())

        with ThreadPoolExecutor(4) as pool:
            wins = list(pool.map(create, range(4)))
        assert wins.count(True) == 1
        assert buckets[0].get(f"runs/{number}") == f"writer {wins.index(True)}".encode()


@pytest.mark.parametrize("store", ["gs"], indirect=True)
def test_google_is_asked_on_a_condition_and_who_ignores_it_is_told_of(store, caplog):
    bucket = open_bucket(store)
    assert bucket.put_new("runs/a.json", b"ours")
    (write,) = (one.request.path for one in store.proxy.log if "/upload/" in one.request.path)
    assert "ifGenerationMatch=0" in write
    with Store(f"{store.url}/out").lock():
        pass
    assert "conditional writes are ignored; start one run at a time" in caplog.text


@pytest.mark.parametrize("store", STORES, indirect=True)
def test_a_refusal_is_not_tried_again(store):
    store.proxy.reset(Rule("denied", matches=is_write))
    with pytest.raises(RunError, match=rf"{store.url}/out: .*, at runs/a\.json$"):
        open_bucket(store).put("runs/a.json", b"")
    assert store.proxy.faults()["denied"] <= 2  # a client may ask once more by itself


@pytest.mark.parametrize("store", STORES, indirect=True)
def test_one_run_at_a_time_and_the_next_one_at_once(store, monkeypatch, caplog):
    monkeypatch.setenv(lease.LENGTH_VARIABLE, "20")
    out = Store(f"{store.url}/out")
    for _ in range(2):
        with out.lock():
            with pytest.raises(RunError, match="another run is writing"), Store(out.out).lock():
                pass
            out.write_part("r", 0, pa.table({"a": [1]}))
            assert out.holder() is not None
        assert out.holder() is None
    assert store.url.startswith("gs://") or "conditional writes" not in caplog.text
    names = Bucket(out.out).list_names("runs", hidden=True)
    assert names == ["runs/.lease/00000002.json"]


@pytest.mark.parametrize("store", STORES, indirect=True)
def test_a_holder_that_the_store_leaves_alone_gives_up(store, monkeypatch):
    monkeypatch.setenv(lease.LENGTH_VARIABLE, "4")
    out = Store(f"{store.url}/out")
    with out.lock():
        store.proxy.reset(Rule("denied", matches=is_write))
        time.sleep(2.2)  # more than half of its length
        store.proxy.reset()
        with pytest.raises(RunError, match="lost the lease"):
            out.write_part("r", 0, pa.table({"a": [1]}))
        assert out.list_parts() == []


@pytest.mark.parametrize("store", STORES, indirect=True)
def test_a_store_that_fails_is_not_taken_for_an_empty_one(store):
    bucket = Bucket(f"{store.url}/out", patience=Patience(tries=1))
    bucket.put("tags/a.parquet", b"")
    store.proxy.reset(Rule("denied"))
    with pytest.raises(RunError):
        bucket.exists("tags/a.parquet")
    with pytest.raises(RunError):
        bucket.list_names("tags")
