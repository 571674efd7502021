"""One run at a time: real processes, and a lock that dies with its holder."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from landmark_core.errors import RunError
from landmark_core.tables import Store

ROOT = str(Path(__file__).parents[2])

HOLDER = """
import sys, time
sys.path.insert(0, sys.argv[2])
from landmark_core.tables import Store
with Store(sys.argv[1]).lock():
    print("held", flush=True)
    time.sleep(60)
"""


def start_holder(out: Path) -> "subprocess.Popen[bytes]":
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(out), ROOT], stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    return holder


def test_a_second_run_is_told_who_holds_out_and_a_kill_frees_it(tmp_path):
    store = Store(str(tmp_path))
    with start_holder(tmp_path) as holder:
        with pytest.raises(RunError) as caught, store.lock():
            pass
        message = str(caught.value)
        assert f"process {holder.pid} on {socket.gethostname()}" in message
        assert "\n" not in message
        found = store.holder()
        assert found is not None
        assert (found.pid, found.host) == (holder.pid, socket.gethostname())
        assert abs(datetime.now(UTC) - found.since) < timedelta(minutes=1)
        holder.send_signal(signal.SIGKILL)
    assert store.holder() is None
    with store.lock():
        assert json.loads((tmp_path / "runs" / ".lock").read_text())["pid"] == os.getpid()


def test_two_runs_of_one_process_exclude_each_other(tmp_path):
    store = Store(str(tmp_path))
    with store.lock(), pytest.raises(RunError, match="another run"), Store(str(tmp_path)).lock():
        pass
    with store.lock():
        pass


def test_a_lock_ends_with_an_error_inside_it(tmp_path):
    store = Store(str(tmp_path))
    with pytest.raises(ZeroDivisionError), store.lock():
        raise ZeroDivisionError
    assert store.holder() is None


def test_nobody_holds_a_folder_that_is_not_there(tmp_path):
    assert Store(str(tmp_path / "none")).holder() is None


def test_a_lock_that_cannot_be_opened_is_one_line(tmp_path):
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(RunError, match=r"\.lock cannot be opened: "), Store(str(tmp_path)).lock():
        pass


def test_a_program_started_during_a_run_does_not_keep_the_lock(tmp_path):
    store = Store(str(tmp_path))
    with store.lock():
        outlives = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert store.holder() is None
    outlives.kill()
    outlives.wait()


def test_who_waits_gets_the_lock_when_it_is_free(tmp_path):
    with start_holder(tmp_path) as holder:
        begun = time.monotonic()
        with pytest.raises(RunError, match="another run"), Store(str(tmp_path)).lock(0.4):
            pass
        assert 0.4 <= time.monotonic() - begun < 5
        timer = threading.Timer(0.3, holder.kill)
        timer.start()
        with Store(str(tmp_path)).lock(30):
            assert holder.poll() is not None or holder.wait(5) is not None
        timer.join()


def test_what_a_folder_holds_is_never_lost(tmp_path):
    store = Store(str(tmp_path))
    store.check_held()
    with store.lock():
        store.check_held()
