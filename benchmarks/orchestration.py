"""What Prefect costs: the same photos by the command and by deployments, with server and worker.

    python benchmarks/orchestration.py --photos 20000

Draws a few photos, links them many times into a library, and tags it three times into OUTs of
their own: by `landmarks tag`, by the deployment nightly-tagging, and by archive-backfill with its
groups on the pool. A deployment's time runs from the trigger to the final state: waiting for the
worker's next look, starting a process, artifacts, pictures and all. Prints a Markdown table.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from draw_library import draw_scene
from prefect_stand import Stand

DRAWN = 64  # different photos; the rest are links to them, read and decoded like any other


def make_library(folder: Path, photos: int, size: tuple[int, int]) -> None:
    """Fill a folder with photos; hard links cost no disk, and every one is decoded."""
    (folder / "drawn").mkdir(parents=True)
    for number in range(DRAWN):
        path = folder / "drawn" / f"{number:03d}.jpg"
        draw_scene(number).resize(size).convert("RGB").save(path, quality=90)
    for number in range(DRAWN, photos):
        place = folder / f"{number // 1000:04d}"
        place.mkdir(exist_ok=True)
        os.link(folder / "drawn" / f"{number % DRAWN:03d}.jpg", place / f"{number:08d}.jpg")


def by_command(photos: Path, out: Path) -> float:
    """Return the seconds of `landmarks tag`."""
    command = (sys.executable, "-m", "landmark_core.cli", "tag", str(photos), "--out", str(out))
    start = time.perf_counter()
    subprocess.run([*command, "--no-progress"], check=True, capture_output=True)
    return time.perf_counter() - start


def by_deployment(stand: Stand, deployment: str, photos: Path, out: Path, **more: object) -> float:
    """Return the seconds from trigger to final state."""
    run_id = stand.trigger(deployment, {"source": str(photos), "out": str(out), **more})
    state = stand.wait(run_id, 7200, pause=10)  # looking costs the server something
    if not state.is_completed():
        raise RuntimeError(f"{deployment}: {state.name}, {state.message}")
    with stand.client() as client:
        run = client.read_flow_run(run_id)
    return float((run.end_time - run.created).total_seconds())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=20_000)
    parser.add_argument("--skip-archive", action="store_true", help="the first two ways only")
    parser.add_argument("--size", default="1600x1200", help="of the photos; default: %(default)s")
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        photos = folder / "photos"
        make_library(photos, arguments.photos, (width, height))
        with Stand(folder / "stand") as stand:
            places = {"LANDMARK_SOURCE": str(photos), "LANDMARK_OUT": str(folder / "out")}
            stand.deploy(**places, LANDMARK_HOME=str(folder), LANDMARK_TIME_ZONE="UTC")
            stand.start_worker("worker", PREFECT_WORKER_QUERY_SECONDS="10")  # Prefect's own
            rows = [("`landmarks tag`", by_command(photos, folder / "command"))]
            night = by_deployment(
                stand, "nightly-tagging/nightly-tagging", photos, folder / "night"
            )
            rows.append(("nightly-tagging", night))
            if not arguments.skip_archive:
                archive = by_deployment(
                    stand, "archive-backfill/archive-backfill", photos, folder / "archive"
                )
                rows.append(("archive-backfill, one worker", archive))
    print(f"{arguments.photos:,} photos of {arguments.size}\n")
    print("| way | seconds | more |\n|---|--:|--:|")
    for name, seconds in rows:
        print(f"| {name} | {seconds:.1f} | {100 * (seconds / rows[0][1] - 1):+.1f} % |")


if __name__ == "__main__":
    main()
