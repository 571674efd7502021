"""A PostgreSQL of one's own, where its programs are installed."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect_stand import free_port

_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@pytest.fixture
def postgres() -> Iterator[str]:
    """URL of an empty database for a Prefect server; the database ends with the test."""
    if not _PROGRAMS:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    # Not tmp_path: pytest closes the folders above it to other users whenever it makes one.
    with tempfile.TemporaryDirectory(prefix="landmarks-postgres-") as name:
        yield from _run_postgres(_PROGRAMS[-1], Path(name), free_port())


def _run_postgres(programs: Path, folder: Path, port: int) -> Iterator[str]:
    user = _unprivileged(folder)

    def run(program: str, *options: str) -> None:
        done = subprocess.run(
            [str(programs / program), *options],
            capture_output=True,
            cwd=folder,
            env={"LC_ALL": "C.UTF-8"},
            **user,
        )
        assert done.returncode == 0, (program, done.stdout, done.stderr)

    data = str(folder / "data")
    run("initdb", "-D", data, "-A", "trust", "-U", "prefect")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
    run("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        server = ("-h", "127.0.0.1", "-p", str(port), "-U", "prefect")
        run("createdb", *server, "prefect")
        yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/prefect"
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")


def _unprivileged(folder: Path) -> dict[str, str]:
    """Return under whom PostgreSQL runs: it refuses to be root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    shutil.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": "nobody"}
