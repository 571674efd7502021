"""Where the commands of a page are run: the project as it is cloned, and a home of one's own."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from blocks import ROOT, commands_of

COMMAND_S = 600.0
# What needs root and systemd, a container engine, a cluster, a network or another package manager.
# The files that these commands name are checked by tests/deployments.
NOT_HERE = {
    "apt-get ": "a Debian to install into",
    "systemd-sysusers": "root, and users that stay",
    "install ": "root: it writes to /etc and gives folders to the service's user",
    "systemctl ": "systemd as process 1",
    "journalctl ": "systemd as process 1",
    "sudo ": "other users",
    "docker ": "a container engine",
    "kubectl ": "a cluster",
    "git pull": "the place that the clone came from",
    "pip ": "packages by network; make runs the same where it sets up",
    "python3.11 -m venv ": "packages by network; make runs the same where it sets up",
    "pipx ": "a database by network",
    "ln -sfn /opt/": "the environments that pip was to make",
    "cp -a /var/lib/landmarks/prefect ": "the server's own folder, which systemd makes",
    "export PREFECT_API_URL=": "the cluster",
    "prefect work-pool create landmarks --type kubernetes ": "the cluster's kind of worker",
}
# These are run as `make -n`: make says what it would do, and fails where a target is missing.
MAKE_SAYS = re.compile(r"make (?!demo$)(?!.venv)")


def is_for_here(command: str) -> bool:
    """Tell whether a command can be run by a test."""
    return not re.sub(r"^\S*/bin/(?=pip )", "", command).startswith(tuple(NOT_HERE))


@dataclass
class Stage:
    """A clone with an environment, a home with photos, and the shell between them."""

    clone: Path
    home: Path
    environment: dict[str, str]
    moved: dict[str, str] = field(default_factory=dict)  # absolute folders: where they lie here

    def shell(self, command: str, *, before: str = "") -> str:
        """Run a command as a person types it; return what it printed.

        Raises:
            AssertionError: it ended with another code than 0.
        """
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.here(before + command)],
            cwd=self.clone, env=self.environment, capture_output=True, text=True, timeout=COMMAND_S,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def here(self, command: str) -> str:
        """Return a command with the folders of a server's disk put below this stage."""
        for there, here in self.moved.items():
            command = re.sub(rf"(?<![\w/.]){re.escape(there)}\b", here, command)
        return command

    def review(self, command: str) -> None:
        """Run `landmarks review`: its page opens in the browser and answers, Ctrl-C ends it."""
        opened = self.home / "opened"
        opened.unlink(missing_ok=True)
        server = subprocess.Popen(
            ["bash", "-c", f"exec {self.here(command)}"], cwd=self.clone, env=self.environment
        )
        try:
            until = time.monotonic() + 120
            while not opened.exists() and time.monotonic() < until:
                assert server.poll() is None, command
                time.sleep(0.1)
            assert "<html" in httpx.get(opened.read_text(), timeout=60).raise_for_status().text
        finally:
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=60) in (0, 130)


def copy_project(folder: Path) -> None:
    """Copy what is committed, and what is new, to where nobody has run anything."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, names.decode().split("\0")):
        if (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for name in ("pyproject.toml", "constraints.txt"):
        os.utime(folder / name, (0, 0))  # make takes the environment for newer: it is installed
    (folder / ".venv").symlink_to(sys.prefix)


def make_stage(folder: Path, **variables: str) -> Stage:
    """Make a clone and a home; the environment's programs are found as after activating it."""
    if not (Path(sys.prefix) / ".installed").exists():
        pytest.skip("no environment that make has made: `make test-orchestration` makes one")
    clone, home = folder / "clone", folder / "home"
    copy_project(clone)
    home.mkdir()
    browser = home / "browser.sh"
    browser.write_text('#!/bin/sh\nprintf %s "$1" > "$(dirname "$0")/opened.new"\n'
                       'mv "$(dirname "$0")/opened.new" "$(dirname "$0")/opened"\n')  # fmt: skip
    browser.chmod(0o755)
    environment = {
        **os.environ,
        "HOME": str(home),
        "PATH": f"{sys.prefix}/bin{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(clone),
        "DISPLAY": ":0",  # as at a desk: where there is no screen, no browser is opened
        "BROWSER": f"{browser} %s",
        "PREFECT_HOME": str(home / "prefect"),
        **variables,
    }
    return Stage(clone, home, environment)


class Page:
    """A page whose commands are run one after the other."""

    def __init__(self, name: str, stage: Stage, **values: str) -> None:
        """Begin before the first command.

        Args:
            name: of the page below the project.
            stage: where they are run.
            values: what stands for the words that a page leaves to its reader, such as OUT.
        """
        self.stage, self.values = stage, values
        self._commands = self._all(ROOT / name)
        self._next = next(self._commands, None)

    def run(self, until: str | None = None) -> None:
        """Run commands up to, without, the first one that begins so; all that are left without."""
        while self._next is not None:
            before, command = self._next
            if until is not None and command.startswith(until):
                return
            self._run(command, before)
            self._next = next(self._commands, None)
        assert until is None, f"no command of the page begins with {until}"

    def take(self) -> str:
        """Return the next command with its values filled in, and go on behind it."""
        assert self._next is not None
        command = self.filled(self._next[1])
        self._next = next(self._commands, None)
        return command

    def filled(self, command: str) -> str:
        """Return a command with the reader's values in it."""
        for word, value in self.values.items():
            # Not in the middle of another word, an option or a variable's name.
            command = re.sub(
                rf"(?<![\w$.-]){re.escape(word)}(?![\w-])", lambda _, v=value: v, command
            )
        return command

    def _run(self, command: str, before: str) -> None:
        if not is_for_here(command):
            return
        command = self.filled(command)
        if " review " in command and "prefect" not in command:
            self.stage.review(command)
        elif MAKE_SAYS.match(command):
            self.stage.shell(command.replace("make", "make -n", 1))
        else:
            self.stage.shell(command, before=before)

    @staticmethod
    def _all(page: Path) -> Iterator[tuple[str, str]]:
        """Yield each command with those of its block that set the shell up for it."""
        for block in commands_of(page):
            before = ""
            for command in block:
                if command.startswith((". ", "set -a", "export ")) and is_for_here(command):
                    before += f"{command}\n"
                else:
                    yield before, command
