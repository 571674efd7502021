"""A PostgreSQL of one's own, where its programs are installed."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect_stand import free_port

_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """URL of an empty database for a Prefect server; the database ends with the test."""
    if not _PROGRAMS:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    programs, folder, port = _PROGRAMS[-1], tmp_path / "postgres", free_port()
    folder.mkdir()
    user = _unprivileged(folder)

    def run(*command: str) -> None:
        done = subprocess.run(
            command, capture_output=True, cwd=folder, **user, env={"LC_ALL": "C.UTF-8"}
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)

    data = str(folder / "data")
    run(str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "prefect")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
    control = str(programs / "pg_ctl")
    run(control, "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        run(
            str(programs / "createdb"),
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-U",
            "prefect",
            "prefect",
        )
        yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/prefect"
    finally:
        run(control, "-D", data, "-m", "immediate", "stop")


def _unprivileged(folder: Path) -> dict[str, str]:
    """Return under whom PostgreSQL runs: it refuses to be root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    for place in (folder, *folder.parents):
        if place == Path("/tmp"):
            break
        place.chmod(place.stat().st_mode | 0o711)
    shutil.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": "nobody"}
