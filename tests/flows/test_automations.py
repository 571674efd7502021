"""The shipped rules on a real server: zombies are cleaned up, people are told in words."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from prefect_stand import Stand, kill_tree, wait_until

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.orchestration,
    pytest.mark.timeout(600),
    # Prefect's own client leaves connections to its server for the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

# Flows of ours, by name, that do on purpose what goes wrong at night.
FLOWS = """
import time
from datetime import UTC, datetime

from prefect import flow

from flows.alerts import emit_passed_limits, emit_run_finished
from landmark_core.nights import Limits, Night, compare, passed_limits


@flow(name="nightly-tagging")
def sleeper() -> None:
    time.sleep(600)


@flow(name="tag-library")
def failing(wanted: str = "failed") -> None:
    raise ValueError('the disk is "full"\\nand so on')


@flow(name="archive-backfill")
def limits(out: str) -> None:
    night = Night(
        run_id="r1", finished_at=datetime.now(UTC), model_id="m", preprocess_id="p",
        photos=100, tagged=40, review=30, no_landmark=10, failed=20, confidences=None,
    )
    comparison = compare(night, [])
    passed = passed_limits(comparison, Limits())
    emit_run_finished(comparison, passed, out)
    emit_passed_limits(comparison, passed, out)
"""
PREFECT_FILE = """
name: rehearsal
deployments:
- name: sleeper
  entrypoint: rehearsed.sleeper
  work_pool: {name: landmarks}
  pull: []
"""


@dataclass
class Pager:
    """An address that people would be told at."""

    url: str
    told: list[dict] = field(default_factory=list)


@pytest.fixture(scope="module")
def pager() -> Iterator[Pager]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            pager.told.append(json.loads(body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pager = Pager(f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield pager
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def stand(tmp_path_factory, pager) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("stand")
    (folder / "rehearsed.py").write_text(FLOWS, "utf-8")
    (folder / "prefect.yaml").write_text(PREFECT_FILE, "utf-8")
    path = os.pathsep.join([str(ROOT), str(folder)])
    with Stand(folder / "prefect", PYTHONPATH=path) as stand:
        make = (
            "from prefect.blocks.webhook import Webhook;"
            f"Webhook(method='POST', url={pager.url!r}).save('pager')"
        )
        subprocess.run([sys.executable, "-c", make], env=stand.environment, check=True)
        assert automations(stand, "install", "--webhook", "pager").returncode == 0
        yield stand


def automations(stand: Stand, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "flows.automations", *arguments],
        cwd=ROOT,
        env=stand.environment,
        capture_output=True,
        text=True,
    )


def run_flow(stand: Stand, call: str) -> None:
    code = f"import rehearsed; rehearsed.{call}"
    subprocess.run([sys.executable, "-c", code], env=stand.environment, capture_output=True)


def told(pager: Pager, words: str, seconds: float = 60) -> dict:
    def look() -> dict | None:
        return next((one for one in pager.told if words in one["subject"]), None)

    return wait_until(look, seconds, f"somebody to be told of {words!r}")


def test_installing_twice_changes_and_removing_removes(stand):
    again = automations(stand, "install", "--webhook", "pager")
    assert again.stdout.count("changed: landmarks: ") == 3
    assert automations(stand, "install").stdout.count("changed: ") == 3  # the pager stays
    shown = automations(stand, "list").stdout.splitlines()
    assert shown == [
        "installed: landmarks: runs without a heartbeat are crashed (change-flow-run-state)",
        "installed: landmarks: a limit was passed (call-webhook)",
        "installed: landmarks: a run failed or crashed (call-webhook)",
    ]
    assert automations(stand, "remove").stdout.count("removed: ") == 3
    assert automations(stand, "remove").stdout == "none was installed\n"
    silent = automations(stand, "install").stdout
    assert silent.count("created: ") == 3
    assert silent.count("nobody is told yet") == 2
    assert "nobody" not in automations(stand, "install", "--webhook", "pager").stdout


def test_a_rule_that_somebody_paused_stays_paused(stand):
    with stand.client() as client:
        (rule,) = client.read_automations_by_name("landmarks: a limit was passed")
        client.pause_automation(rule.id)
        automations(stand, "install", "--webhook", "pager")
        assert "paused: landmarks: a limit was passed" in automations(stand, "list").stdout
        client.resume_automation(rule.id)
        assert "paused" not in automations(stand, "list").stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(("--block", "slack-webhook/no"), "there is no block", id="unknown"),
        pytest.param(("--block", "ops"), "expected a block as type/name", id="no-type"),
    ],
)
def test_a_wrong_block_is_one_line_and_exit_code_2(stand, options, message):
    done = automations(stand, "install", *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_passed_limits_are_told_with_the_events_own_words(stand, pager):
    run_flow(stand, "limits('/photos/\"quoted\"/out')")
    message = told(pager, "failures passed its limit")
    assert message["subject"] == 'failures passed its limit: /photos/"quoted"/out'
    assert message["body"].startswith(
        "20.0 % of 100 photos could not be read, at most 5.0 % is allowed; run r1 of"
    )


def test_a_failed_run_is_told(stand, pager):
    run_flow(stand, "failing()")
    message = told(pager, "tag-library Failed")
    assert 'the disk is "full"' in message["body"]
    assert f"{stand.url}/runs/flow-run/" in message["body"]


def test_a_run_whose_worker_died_with_it_is_crashed_within_two_minutes_and_told(stand, pager):
    stand.deploy(stand.folder.parent / "prefect.yaml")
    worker = stand.start_worker("doomed")
    with stand.client() as client:
        deployment = client.read_deployment_by_name("nightly-tagging/sleeper")
        run = client.create_flow_run_from_deployment(deployment.id)
    wait_until(lambda: stand.state(run.id).is_running(), 120, "the run to begin")
    time.sleep(5)  # its first heartbeat
    kill_tree(worker)
    died = time.monotonic()
    state = stand.wait(run.id, 180)
    assert state.is_crashed()
    assert "No heartbeat for 90 s" in state.message
    # 30 s may pass to the next heartbeat that is missed, and the server looks every 5 s.
    assert 60 < time.monotonic() - died < 140
    assert "No heartbeat" in told(pager, "nightly-tagging Crashed")["body"]


def test_an_unreachable_server_is_one_line_and_exit_code_2(stand):
    environment = {**stand.environment, "PREFECT_API_URL": "http://127.0.0.1:9/api"}
    done = subprocess.run(
        [sys.executable, "-m", "flows.automations", "list"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "no Prefect server answers at http://127.0.0.1:9/api" in done.stderr
