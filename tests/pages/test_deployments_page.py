"""deployments/README.md by its own commands, with a real server and a real worker.

What needs root, systemd, containers or a cluster is left out by `stage.NOT_HERE`; the rest is typed
as it stands, with the folders of a server's disk below a folder of the test.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from draw_library import draw_library, draw_scene
from prefect_stand import Stand, kill_tree
from stage import Page, Stage, make_stage
from test_commands import put_into_bucket

pytestmark = [pytest.mark.orchestration, pytest.mark.timeout(1200)]

NIGHTLY = "nightly-tagging/nightly-tagging"


@pytest.fixture
def stand(tmp_path: Path, s3_endpoint: str) -> Iterator[Stand]:
    with Stand(tmp_path / "stand") as stand:
        # The page makes its pool itself.
        stand.prefect("--no-prompt", "work-pool", "delete", "landmarks")
        yield stand


@pytest.fixture
def stage(stand: Stand, tmp_path: Path) -> Stage:
    stage = make_stage(tmp_path / "machine", **{
        name: value for name, value in stand.environment.items() if name.startswith("PREFECT_")
    })  # fmt: skip
    disk = tmp_path / "disk"
    places = ("/srv/photos", "/srv/tagged", "/srv/set-aside", "/var/lib/landmarks")
    places += ("/etc/landmarks", "/opt/landmarks")
    stage.moved.update({place: f"{disk}{place}" for place in places})
    draw_library(Path(stage.here("/srv/photos")), scenes=6)
    put_into_bucket(Path(stage.here("/srv/photos")), "bucket/archive")
    installed = Path(stage.here("/opt/landmarks"))
    installed.parent.mkdir(parents=True)
    installed.symlink_to(sys.prefix)
    install_settings(stage, stand)
    return stage


def install_settings(stage: Stage, stand: Stand) -> None:
    """Put the settings of the example where the page installs them, filled in for this disk."""
    text = (stage.clone / "deployments/landmarks.env.example").read_text(encoding="utf-8")
    text = stage.here(text).replace("http://127.0.0.1:4200", stand.url)
    place = Path(stage.here("/etc/landmarks"))
    place.mkdir(parents=True)
    (place / "landmarks.env").write_text(text, encoding="utf-8")


def run_ends(stand: Stand, said: str) -> str:
    """Wait for the run that `prefect deployment run` has made; return its id."""
    (run_id,) = re.findall(r"UUID: (\S+)", said)
    state = stand.wait(UUID(run_id), 400)
    assert state.is_completed(), state
    return run_id


def test_the_page(stage, stand):
    page = Page("deployments/README.md", stage)
    page.run(until="prefect deployment run nightly-tagging")
    night = stage.shell(page.take())
    page.run(until="landmarks check s3://bucket/archive")
    settings = Path(stage.here("/etc/landmarks/landmarks.env"))
    (stage.clone / "landmarks.env").write_text(settings.read_text())
    worker = stand.start_worker("worker")
    run_ends(stand, night)
    for _ in range(2):  # the plan alone, then the archive itself
        page.run(until="prefect deployment run archive-backfill")
        run_ends(stand, stage.shell(page.take()))
    kill_tree(worker)  # at once: asked to stop, it may wait for what it has just begun
    worker.wait(60)
    page.run(until="prefect flow-run ls --limit 20")

    draw_scene(99).save(Path(stage.here("/srv/photos")) / "new.jpg")
    planned = json.loads(
        stage.shell("landmarks backfill plan /srv/photos --out /srv/tagged --json")
    )
    (run_id,) = re.findall(r"UUID: (\S+)", stage.shell(f"prefect deployment run {NIGHTLY}"))
    listed = stage.shell(f"prefect deployment schedule ls {NIGHTLY}")
    (schedule_id,) = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", listed)
    page.values.update(RUN_ID=run_id, SCHEDULE_ID=schedule_id)
    page.run(until="landmarks backfill cancel")
    page.values["RUN_ID"] = planned["run_id"]
    page.run(until="mkdir -p /srv/set-aside")
    (tags,) = Path(stage.here("/srv/tagged/tags")).glob("run=*")
    page.values["RUN_ID"] = tags.name.removeprefix("run=")
    page.run()
    assert not tags.exists()
