"""The lease of a bucket: processes on S3 over HTTP, killed and stopped, and one process alone."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pyarrow as pa
import pytest

from landmark_core.errors import ConfigError, RunError
from landmark_core.tables import Store, lease
from landmark_core.tables.bucket import Bucket
from landmark_core.tables.lease_file import lease_name, new_lease

ROOT = str(Path(__file__).parents[2])
LENGTH_S = 4.0  # half of it is what a busy machine may take for one renewal
TABLE = pa.table({"a": [1]})

# Closing moto's sockets is moto's business.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def _short_leases(monkeypatch):
    monkeypatch.setenv(lease.LENGTH_VARIABLE, str(LENGTH_S))


@pytest.fixture
def clock(monkeypatch):
    """The leases' clock, put forward by hand: a list of one number."""
    now = [1000.0]
    monkeypatch.setattr(lease, "_clock", lambda: now[0])
    return now


@pytest.fixture
def memory():
    yield Store("memory://landmarks-lease/out")
    with contextlib.suppress(FileNotFoundError):
        fsspec.filesystem("memory").rm("/landmarks-lease", recursive=True)


@contextlib.contextmanager
def start(script: str, out: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, ROOT, out, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: "subprocess.Popen[str]") -> str:
    _, errors = process.communicate(timeout=60)
    return errors


# Writes parts, until it may not.
WRITER = """
import sys, time
sys.path.insert(0, sys.argv[1])
import pyarrow as pa
from landmark_core.errors import RunError
from landmark_core.tables import Store
store, number = Store(sys.argv[2]), 0
try:
    with store.lock(30):
        print("held", flush=True)
        while True:
            store.write_part("writer", number, pa.table({"a": [1]}))
            number += 1
            time.sleep(0.05)  # others have to be served as well
except RunError as error:
    print(error, flush=True)
"""


@pytest.mark.slow
def test_a_killed_holder_is_followed_once_its_lease_has_ended(atomic_s3):
    out = f"{atomic_s3}/out"
    with start(WRITER, out) as holder:
        assert line_of(holder) == "held"
        found = Store(out).holder()
        assert found is not None
        assert (found.pid, found.host) == (holder.pid, socket.gethostname())
        assert abs(datetime.now(UTC) - found.since) < timedelta(minutes=1)
        with pytest.raises(RunError) as caught, Store(out).lock():
            pass
        assert f"process {holder.pid} on {socket.gethostname()}, since " in str(caught.value)
        assert "\n" not in str(caught.value)
        holder.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        end(holder)
    with pytest.raises(RunError, match="another run is writing"), Store(out).lock():
        pass  # its lease has not ended
    with Store(out).lock(30):
        assert time.monotonic() - killed > LENGTH_S / 2
        assert time.monotonic() - killed < 30
    assert Store(out).holder() is None


@pytest.mark.orchestration
def test_a_holder_that_sleeps_through_a_takeover_writes_nothing_more(atomic_s3, monkeypatch):
    monkeypatch.setenv(lease.LENGTH_VARIABLE, "6")
    out = f"{atomic_s3}/out"
    with start(WRITER, out) as sleeper:
        assert line_of(sleeper) == "held"
        while len(Store(out).list_parts()) < 3:
            time.sleep(0.05)
        sleeper.send_signal(signal.SIGSTOP)
        with Store(out).lock(30):
            before = Store(out).list_parts()
            sleeper.send_signal(signal.SIGCONT)
            assert line_of(sleeper).startswith(f"lost the lease of {out} (")
            assert end(sleeper) == ""
            assert Store(out).list_parts() == before
            Store(out).write_part("other", 0, TABLE)
            Store(out).check_held()
    # What the sleeper left: the next run can have OUT at once.
    with Store(out).lock():
        pass


# Enters the room that only the holder may enter, several times.
VISITOR = """
import sys, time
sys.path.insert(0, sys.argv[1])
from landmark_core.tables import Store
store = Store(sys.argv[2])
for visit in range(3):
    with store.lock(60):
        assert store.put_new("room", f"{sys.argv[3]} {visit}".encode()), "somebody is here"
        time.sleep(0.05)
        store.place.remove("room")
print("done", flush=True)
"""


@pytest.mark.slow
def test_of_several_that_wait_for_a_dead_one_s_place_one_gets_it_at_a_time(atomic_s3):
    out = f"{atomic_s3}/out"
    with start(WRITER, out) as holder:
        assert line_of(holder) == "held"
        with contextlib.ExitStack() as stack:
            visitors = [stack.enter_context(start(VISITOR, out, str(n))) for n in range(3)]
            time.sleep(1.5)  # they watch by now
            holder.send_signal(signal.SIGKILL)
            end(holder)
            for visitor in visitors:
                assert line_of(visitor) == "done", end(visitor)
    leases = Bucket(out).list_names("runs/.lease", hidden=True)
    assert leases == [lease_name(10)]  # the killed one's and nine visits; older ones are removed


def test_who_is_alive_keeps_it(memory, monkeypatch):
    monkeypatch.setenv(lease.LENGTH_VARIABLE, "2")
    with memory.lock():
        begun = time.monotonic()
        with pytest.raises(RunError, match="another run is writing"), Store(memory.out).lock(2.3):
            pass
        assert time.monotonic() - begun >= 2.3
        memory.check_held()
        memory.write_part("r", 0, TABLE)
    with Store(memory.out + "/").lock():
        pass
    assert memory.holder() is None


def test_who_waits_gets_it_when_it_is_free(memory, monkeypatch):
    monkeypatch.setenv(lease.LENGTH_VARIABLE, "10")
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with memory.lock():
            held.set()
            free.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    threading.Timer(0.3, free.set).start()
    begun = time.monotonic()
    with Store(memory.out).lock(30):
        assert 0.25 < time.monotonic() - begun < 30  # a release, not the end of the lease
    thread.join()


def test_a_holder_that_cannot_renew_stops_before_its_next_write(memory, monkeypatch, clock):
    with memory.lock():
        held = lease.held_lease(memory.out)

        def fail(name: str, data: bytes) -> None:
            raise RunError(f"{name} not written: the store is down")

        monkeypatch.setattr(held._bucket, "put", fail)
        clock[0] += LENGTH_S / 2
        memory.write_heatmap("r", "a" * 32, b"still ours")
        clock[0] += 0.01
        for write in (
            lambda: memory.write_part("r", 0, TABLE),
            lambda: memory.write_run("r", {}),
            lambda: memory.write_heatmap("r", "b" * 32, b""),
            lambda: memory.put_new("runs/x.json", b""),
            memory.check_held,
        ):
            with pytest.raises(RunError, match=r"lost the lease of memory://landmarks-lease/out"):
                write()
        assert memory.list_parts() == memory.list_finished() == []
    memory.write_part("r", 0, TABLE)  # executors of backfills hold nothing, and write


def test_a_renewal_counts_from_when_it_began(memory, monkeypatch, clock):
    monkeypatch.setenv(lease.LENGTH_VARIABLE, "1")
    with memory.lock():
        held = lease.held_lease(memory.out)
        put, renewed = held._bucket.put, threading.Event()

        def slow_put(name: str, data: bytes) -> None:
            clock[0] += 0.3
            put(name, data)
            renewed.set()

        monkeypatch.setattr(held._bucket, "put", slow_put)
        assert renewed.wait(20)
        time.sleep(0.05)
        memory.check_held()
        clock[0] += 0.21  # 0.51 since it began
        with pytest.raises(RunError, match="lost the lease"):
            memory.check_held()


def test_a_paused_machine_s_holder_is_told_by_the_store(memory, clock):
    with memory.lock():
        memory.check_held()
        memory.place.put(lease_name(2), new_lease(LENGTH_S).to_bytes())  # the clock stood still
        with pytest.raises(RunError, match="lost the lease"):
            memory.write_part("r", 0, TABLE)


def put_lease(store: Store, number: int, renewed_at: datetime, **changes: object) -> None:
    content = json.loads(new_lease(1.0).to_bytes())
    content |= {"pid": 1, "host": "elsewhere", "renewed_at": renewed_at.isoformat(), **changes}
    store.place.put(lease_name(number), json.dumps(content).encode())


@pytest.mark.parametrize("hours", [-5, 5], ids=["clock-behind", "clock-ahead"])
def test_a_dead_holder_s_clock_does_not_matter(memory, hours):
    put_lease(memory, 4, datetime.now(UTC) + timedelta(hours=hours))
    begun = time.monotonic()
    with memory.lock():  # watched for its whole length, without being asked to wait
        assert time.monotonic() - begun > 1.0
        assert Bucket(memory.out).list_names("runs", hidden=True) == [lease_name(5)]


@pytest.mark.parametrize("hours", [-5, 5], ids=["clock-behind", "clock-ahead"])
def test_a_living_holder_s_clock_does_not_matter(memory, hours):
    stop = threading.Event()

    def renew() -> None:
        count = 0
        while not stop.wait(0.1):
            count += 1
            moment = datetime.now(UTC) + timedelta(hours=hours)
            put_lease(memory, 4, moment, renewals=count, length_s=8.0)

    thread = threading.Thread(target=renew)
    put_lease(memory, 4, datetime.now(UTC) + timedelta(hours=hours), length_s=8.0)
    thread.start()
    try:
        with pytest.raises(RunError, match="process 1 on elsewhere"), memory.lock():
            pass
    finally:
        stop.set()
        thread.join()


def test_an_object_that_nobody_understands_is_watched_like_any_other(memory, monkeypatch):
    monkeypatch.setattr("landmark_core.tables.lease_file.LENGTH_S", 1.0)
    memory.place.put(lease_name(1), b"{}")
    with memory.lock():
        assert Bucket(memory.out).list_names("runs", hidden=True) == [lease_name(2)]


def test_who_looked_away_for_long_withdraws(memory):
    bucket = Bucket(memory.out)
    bucket.put(lease_name(8), new_lease(LENGTH_S).to_bytes())
    assert lease._create(bucket, 7, new_lease(LENGTH_S)) is None
    assert bucket.list_names("runs", hidden=True) == [lease_name(8)]


def test_a_store_that_ignores_conditions_is_told_of(memory, monkeypatch, caplog):
    monkeypatch.setattr(
        Bucket, "put_new", lambda self, name, data: self.put(name, data) is None or True
    )
    with memory.lock():
        pass
    assert "conditional writes are ignored; start one run at a time" in caplog.text


def test_a_length_that_is_none_is_refused(memory, monkeypatch):
    monkeypatch.setenv(lease.LENGTH_VARIABLE, "soon")
    refusal = r"LANDMARKS_LEASE_SECONDS must be .*'soon'"
    with pytest.raises(ConfigError, match=refusal), memory.lock():
        pass
    assert os.environ[lease.LENGTH_VARIABLE] == "soon"
