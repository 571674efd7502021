"""prefect.yaml and the README's commands against a real server: everything they say works."""

import contextlib
import importlib.util
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "deployments" / "README.md").read_text(encoding="utf-8")
PREFECT = [sys.executable, "-m", "prefect"]
SETTINGS = {
    "LANDMARK_SOURCE": "/srv/photos",
    "LANDMARK_OUT": "/srv/tagged",
    "LANDMARK_HOME": "/var/lib/landmarks",
    "LANDMARK_TIME_ZONE": "Europe/Berlin",
}
TRAINED = "/var/lib/landmarks/models"

pytestmark = [
    pytest.mark.orchestration,
    pytest.mark.skipif(
        importlib.util.find_spec("flows.compact") is None, reason="not all flows are here yet"
    ),
]


@dataclass(frozen=True)
class Server:
    """A server of its own, with the deployments on it."""

    environment: dict[str, str]

    def run(self, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            cwd=ROOT,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
        **SETTINGS,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "COLUMNS": "200",
    }
    command = [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/api/health", process)
        deployed = Server(environment)
        for step in (
            ("work-pool", "create", "landmarks", "--type", "process"),
            ("--no-prompt", "deploy", "--all", "--prefect-file", "deployments/prefect.yaml"),
        ):
            done = deployed.run(*PREFECT, *step)
            assert done.returncode == 0, done.stdout + done.stderr
        yield deployed
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until:
        assert process.poll() is None
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.5)
    raise TimeoutError(url)


def test_the_deployments_are_there_as_written(server):
    program = """
from prefect.client.orchestration import get_client
with get_client(sync_client=True) as client:
    for one in client.read_deployments():
        limit = one.global_concurrency_limit and one.global_concurrency_limit.limit
        schedules = [(s.schedule.cron, s.schedule.timezone, s.active) for s in one.schedules]
        source = one.parameters.get("params", {}).get("out")
        print(one.name, one.work_queue_name, limit, source, one.pull_steps, schedules, sep="|")
"""
    done = server.run(sys.executable, "-c", program)
    assert sorted(done.stdout.splitlines()) == [
        "archive-backfill|default|1|/srv/tagged|[]|[]",
        "backfill-group|groups|None|None|[]|[]",
        "nightly-tagging|default|1|/srv/tagged|[]|[('30 4 * * *', 'Europe/Berlin', True)]",
        "weekly-compaction|default|1|/srv/tagged|[]|[('0 10 * * 0', 'Europe/Berlin', True)]",
        f"weekly-training|default|1|{TRAINED}|[]|[('0 10 * * 6', 'Europe/Berlin', False)]",
    ]


def test_deploying_without_settings_is_refused(server):
    options = ("-n", "nightly-tagging", "--prefect-file", "deployments/prefect.yaml")
    done = server.run(*PREFECT, "--no-prompt", "deploy", *options, LANDMARK_SOURCE="")
    assert done.returncode
    said = " ".join((done.stdout + done.stderr).split())
    assert "params.source" in said
    assert "should be non-empty" in said


def blocks() -> str:
    return "\n".join(re.findall(r"^ *```sh\n(.*?)^ *```", README, re.MULTILINE | re.DOTALL))


def test_the_automations_are_installed_twice_without_a_second_set(server):
    for _ in range(2):
        done = server.run(sys.executable, "-m", "flows.automations", "install")
        assert done.returncode == 0, done.stderr
    assert server.run(*PREFECT, "automation", "ls").stdout.count("landmarks") < 20


def test_a_run_started_by_the_readmes_words_has_their_parameters(server):
    (line,) = re.findall(r"^prefect (deployment run .*retry_failed.*)$", blocks(), re.MULTILINE)
    _, _, name, option, value = line.replace("'", "").split(" ", 4)
    done = server.run(*PREFECT, "deployment", "run", name, option, value)
    assert done.returncode == 0, done.stderr
    assert "'retry_failed': True" in done.stdout
    wrong = value.replace('"retry_failed": true', '"retry_faild": true')
    refused = server.run(*PREFECT, "deployment", "run", name, option, wrong)
    assert refused.returncode
    assert "retry_faild" in refused.stdout + refused.stderr


def test_groups_may_be_limited_as_the_readme_says(server):
    limit = ("work-queue", "set-concurrency-limit", "groups", "8", "--pool", "landmarks")
    assert f"prefect {' '.join(limit)}" in README
    assert server.run(*PREFECT, *limit).returncode == 0


def test_the_job_template_is_one_that_the_kubernetes_worker_takes(server):
    pytest.importorskip("prefect_kubernetes", reason="the extra kubernetes is not installed")
    program = """
import asyncio, json, sys
from prefect_kubernetes.worker import KubernetesWorkerJobConfiguration as Configuration
template = json.load(open("deployments/kubernetes/base-job-template.json"))
job = asyncio.run(Configuration.from_template_and_values(template, {"gpus": 2}))
print(job.job_manifest["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"])
"""
    done = server.run(sys.executable, "-c", program)
    assert done.stdout.strip() == "{'memory': '12Gi', 'nvidia.com/gpu': 2}", done.stderr
