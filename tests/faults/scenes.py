"""Scenes with faults, played by a process of their own, and how they end."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from injector import Fault

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a scene ended."""

    code: int  # exit code; below 0, the signal that killed it
    stdout: str
    stderr: str
    moments: int  # around its changes of the disk that were passed


class Theatre:
    """Owns the process that plays scenes."""

    def __init__(self, scratch: Path) -> None:
        scratch.mkdir()
        quiet = {"OMP_WAIT_POLICY": "PASSIVE", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "theatre.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **quiet, "TMPDIR": str(scratch)},
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def play(
        self,
        scene: str,
        *arguments: str,
        fault: Fault | None = None,
        kill_at: int | None = None,
    ) -> Ending:
        """Play one scene in a process of its own."""
        order = {"scene": scene, "arguments": arguments, "kill_at": kill_at}
        order["fault"] = None if fault is None else asdict(fault)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Ending(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=30)


def tag_arguments(source: Path, out: Path, model: Path, *more: str) -> Sequence[str]:
    """Return `tag` with the options that all scenes share: small shards, heatmaps of all."""
    options = ["--model", str(model), "--workers", "0", "--batch-size", "2", "--shard-size", "4"]
    options += ["--review-below", "1", "--no-progress", "--precision", "fp32"]
    return ["tag", str(source), "--out", str(out), *options, *more]
