"""Take the pictures of Prefect's page that docs/operations.md shows, over drawn photos alone.

    python scripts/prefect_pictures.py docs/operations

Starts a Prefect server and a worker of its own on loopback, deploys from deployments/prefect.yaml
and lets nightly-tagging run three times over a growing library: a first night, an ordinary one, and
one whose new photos are of another kind. The weeks before are run files made from the first
night's, varied by chance. Then it photographs the page in a Chromium that is installed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from chromium import open_window, photograph, start_chromium
from draw_library import draw_scene
from playwright.sync_api import Browser, Page
from prefect_stand import Stand

DEPLOYMENT = "nightly-tagging/nightly-tagging"
WIDTH = 1360  # pixels of a window
BLOCK = "custom-webhook/operators"
SHAPES = 5  # of draw_scene, by its seed
TOWER = 3  # the shape that the starter model is unsure of
COLOURS = 160  # of a picture: Prefect's pages are large and have few


@dataclass(frozen=True)
class Nights:
    """The flow runs that are photographed."""

    ordinary: UUID
    unusual: UUID


def add_photos(folder: Path, first: int, seeds: list[int]) -> None:
    """Draw the uploads of one night, and three files that nobody can read."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds, first):
        draw_scene(seed, (480, 360)).save(folder / f"upload-{number:04d}.jpg", quality=85)
    whole = (folder / f"upload-{first:04d}.jpg").read_bytes()
    (folder / f"upload-{first:04d}-cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / f"upload-{first:04d}-empty.jpg").write_bytes(b"")
    (folder / f"upload-{first:04d}-page.jpg").write_bytes(b"<!doctype html><p>Not found</p>")


def write_history(out: Path, nights: int) -> None:
    """Write run files of the nights before the first, with its shares varied by chance."""
    (path,) = out.glob("runs/*Z-??????.json")
    first = json.loads(path.read_text("utf-8"))
    rng = np.random.default_rng(7)
    for night in range(1, nights + 1):
        finished = datetime.now(UTC) - timedelta(days=nights + 1 - night)
        values = {**first, **vary(first, rng), "run_id": f"{finished:%Y%m%dT%H%M%SZ}-{night:06x}"}
        values["started_at"] = (finished - timedelta(minutes=4)).isoformat()
        values["finished_at"] = finished.isoformat()
        (out / "runs" / f"{values['run_id']}.json").write_text(json.dumps(values), "utf-8")


def vary(first: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Return counts and confidences of another night of the same kind."""
    names = ("tagged", "review", "no_landmark", "corrupt", "unsupported")
    shares = np.array([first["counts"][name] for name in names], dtype=float)
    shares = rng.dirichlet(shares / shares.sum() * 120)  # nights differ by more than by chance
    photos = int(rng.integers(260, 640))
    counts = dict(zip(names, rng.multinomial(photos, shares).tolist(), strict=True))
    ok = photos - counts["corrupt"] - counts["unsupported"]
    bins = np.array(first["confidences"], dtype=float)
    return {
        "counts": {**first["counts"], **counts, "photos": photos, "ok": ok},
        "confidences": rng.multinomial(ok, bins / bins.sum()).tolist(),
    }


def make_block(stand: Stand) -> None:
    """Make a block that can be notified, at an address where nobody listens."""
    from prefect.blocks.notifications import CustomWebhookNotificationBlock

    kind, _, name = BLOCK.partition("/")
    block = CustomWebhookNotificationBlock(name=name, url="http://127.0.0.1:9/")
    assert block.get_block_type_slug() == kind
    with stand.client() as client:
        block.save(name, client=client)


def play(stand: Stand, folder: Path) -> Nights:
    """Let the nights happen."""
    photos, out = folder / "photos", folder / "tagged"
    add_photos(photos / "sunday", 0, list(range(10_000, 10_220)))
    stand.deploy(
        LANDMARK_SOURCE=str(photos),
        LANDMARK_OUT=str(out),
        LANDMARK_HOME=str(folder),
        LANDMARK_TIME_ZONE="Europe/Berlin",
    )
    make_block(stand)
    install = (sys.executable, "-m", "flows.automations", "install", "--block", BLOCK)
    subprocess.run(install, env=stand.environment, check=True)
    stand.start_worker("worker-1")
    params = {"source": str(photos), "out": str(out), "workers": 0, "shard_size": 48}

    def night() -> UUID:
        run = stand.trigger(DEPLOYMENT, params)
        state = stand.wait(run, 400)
        print(f"{state.name}: {state.message or ''}", flush=True)
        return run

    night()
    write_history(out, 28)
    add_photos(photos / "monday", 1000, list(range(20_000, 20_220)))
    ordinary = night()
    towers = [30_000 + SHAPES * number + TOWER for number in range(150)]
    add_photos(photos / "tuesday", 2000, [*towers, *range(40_000, 40_030)])
    return Nights(ordinary=ordinary, unusual=night())


def wait_and_photograph(page: Page, path: Path) -> None:
    """Write what is on the screen once all of it has arrived."""
    page.wait_for_load_state("networkidle")
    photograph(page, path, colours=COLOURS, wait_ms=1200)


def open_page(browser: Browser, url: str, scheme: str, height: int) -> Page:
    """Open a page of Prefect, light or dark."""
    context = open_window(browser, (WIDTH, height), scheme)
    # Prefect's page is dark until somebody says otherwise in its settings, which lie here.
    context.add_init_script(f"localStorage.setItem('color-scheme', {json.dumps(scheme)!r})")
    page = context.new_page()
    page.goto(url)
    return page


def artifact_page(stand: Stand, run: UUID, key: str) -> str:
    """Return the address of an artifact of a flow run."""
    from prefect.client.schemas.filters import (
        ArtifactFilter,
        ArtifactFilterFlowRunId,
        ArtifactFilterKey,
    )

    wanted = ArtifactFilter(
        key=ArtifactFilterKey(any_=[key]), flow_run_id=ArtifactFilterFlowRunId(any_=[run])
    )
    with stand.client() as client:
        (artifact,) = client.read_artifacts(artifact_filter=wanted)
    return f"{stand.url}/artifacts/artifact/{artifact.id}"


def take(stand: Stand, nights: Nights, folder: Path) -> None:
    """Take all pictures."""
    with start_chromium("--disable-gpu", "--disable-quic") as browser:
        run = f"{stand.url}/runs/flow-run/{nights.unusual}"
        for name, url, scheme, height in (
            ("run", run, "light", 800),
            ("nights-ordinary", artifact_page(stand, nights.ordinary, "nights"), "dark", 1250),
            ("nights-unusual", artifact_page(stand, nights.unusual, "nights"), "light", 1250),
            ("gallery", artifact_page(stand, nights.unusual, "gallery"), "light", 900),
            ("failures", artifact_page(stand, nights.unusual, "run-failures"), "dark", 500),
            ("automations", f"{stand.url}/automations", "light", 1000),
        ):
            page = open_page(browser, url, scheme, height)
            wait_and_photograph(page, folder / f"{name}.png")
        page = open_page(browser, run, "dark", 1100)
        page.get_by_text("Artifacts", exact=True).first.click()
        wait_and_photograph(page, folder / "run-artifacts.png")


def main() -> None:
    """Play the nights, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wait", action="store_true", help="leave the server there until Enter")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="landmarks-") as scratch,
        Stand(Path(scratch) / "stand") as stand,
    ):
        nights = play(stand, Path(scratch))
        time.sleep(3)  # events and the last logs arrive a little later
        take(stand, nights, arguments.folder)
        if arguments.wait:
            input(f"{stand.url}: Enter ends it ")


if __name__ == "__main__":
    main()
