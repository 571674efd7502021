"""A Prefect of one's own for rehearsals and tests: server, work pool, deployments, workers.

Everything is real and on loopback, in a folder of its own: nothing of the user's Prefect is
touched. Processes are started in sessions of their own, so that one can be killed with or without
its children; all of them end with the stand.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil

ROOT = Path(__file__).resolve().parents[1]
PREFECT_FILE = ROOT / "deployments" / "prefect.yaml"
POOL = "landmarks"
START_S = 120.0  # seconds that a server or a worker may take to start, on a busy machine


class Stand:
    """Owns a Prefect server and what is started beside it."""

    def __init__(self, folder: Path, *, database: str | None = None, **variables: str) -> None:
        """Choose a port and the environment; nothing starts yet.

        Args:
            folder: for Prefect's home and logs.
            database: URL for the server, such as postgresql+asyncpg://...; null for SQLite.
            variables: further environment of every process.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self.environment = {
            **os.environ,
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": f"{self.url}/api",
            "PREFECT_SERVER_UI_API_URL": f"{self.url}/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
            "PREFECT_CLI_PROMPT": "false",
            "DO_NOT_TRACK": "1",
            "OMP_WAIT_POLICY": "PASSIVE",
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).strip(":"),
            **variables,
        }
        if database:
            self.environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Stand":
        port = self.url.rpartition(":")[2]
        self.start("server", "server", "start", "--host", "127.0.0.1", "--port", port)
        wait_until(self._answers, START_S, "the server to answer")
        self.prefect("work-pool", "create", POOL, "--type", "process", "--overwrite")
        return self

    def __exit__(self, *_raised: object) -> None:
        for process in reversed(self._started):
            end_group(process, signal.SIGTERM)
        for process in self._started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
            end_group(process, signal.SIGKILL)
            process.wait()

    def prefect(self, *arguments: str) -> str:
        """Run one `prefect` command and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "prefect", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=START_S,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"prefect {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self, log: str, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a `prefect` process that goes on; its output is appended to <log>.log."""
        return self.start_program(log, sys.executable, "-m", "prefect", *arguments)

    def start_program(self, log: str, *command: str, **variables: str) -> "subprocess.Popen[bytes]":
        """Start any process in the stand's environment, as the head of a group of its own."""
        with (self.folder / f"{log}.log").open("ab") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env={**self.environment, **variables},
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._started.append(process)
        return process

    def deploy(self, file: Path = PREFECT_FILE, **variables: str) -> None:
        """Register every deployment of a file."""
        self.environment.update(variables)
        self.prefect("--no-prompt", "deploy", "--all", "--prefect-file", str(file))

    def start_worker(self, name: str, *options: str, **variables: str) -> "subprocess.Popen[bytes]":
        """Start a worker of the pool; it polls often, so that rehearsals are short."""
        variables = {"PREFECT_WORKER_QUERY_SECONDS": "2", **variables}
        command = ("worker", "start", "--pool", POOL, "--name", name, *options)
        return self.start_program(
            name,
            *(sys.executable, "-m", "prefect", *command),
            **variables,
        )

    @contextlib.contextmanager
    def client(self) -> Iterator[Any]:
        """Lend a client of this stand's server."""
        from prefect.client.orchestration import get_client
        from prefect.settings import PREFECT_API_URL, temporary_settings

        with (
            temporary_settings({PREFECT_API_URL: f"{self.url}/api"}),
            get_client(sync_client=True) as client,
        ):
            yield client

    def trigger(self, deployment: str, params: Mapping[str, Any]) -> UUID:
        """Create a run of a deployment (flow/name) with its `params` merged into the defaults."""
        with self.client() as client:
            found = client.read_deployment_by_name(deployment)
            merged = {**found.parameters.get("params", {}), **params}
            run = client.create_flow_run_from_deployment(found.id, parameters={"params": merged})
            return UUID(str(run.id))

    def state(self, run_id: UUID) -> Any:
        """Return a flow run's state."""
        with self.client() as client:
            return client.read_flow_run(run_id).state

    def wait(self, run_id: UUID, seconds: float, *, pause: float = 0.5) -> Any:
        """Wait for a run's final state and return it.

        Args:
            run_id: the flow run.
            seconds: to wait at most.
            pause: seconds between two looks, each of which costs the server something.
        """
        return wait_until(
            lambda: state if (state := self.state(run_id)).is_final() else None,
            seconds,
            f"flow run {run_id} to end",
            pause=pause,
        )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def wait_until(look: Callable[[], Any], seconds: float, what: str, *, pause: float = 0.25) -> Any:
    """Look until there is something; return it.

    Raises:
        TimeoutError: naming what was waited for.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(pause)
    raise TimeoutError(f"waited {seconds:g} s for {what}")


def end_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    """Signal a process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def kill_tree(process: "subprocess.Popen[bytes]") -> None:
    """SIGKILL a process and all below it at once, whatever groups they have put themselves in."""
    head = psutil.Process(process.pid)
    for one in [head, *head.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()


def end_one(process: "subprocess.Popen[bytes]", number: int = signal.SIGKILL) -> None:
    """Signal a process alone: what it started lives on."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
