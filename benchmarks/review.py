"""How long a person waits on the review page when very many photos wait for that person.

    python benchmarks/review.py --photos 100000

Makes an OUT with so many flagged photos of 12 megapixels (links to a few drawn ones, so that the
disk holds it), starts `landmarks review` as a process of its own and drives a real Chromium:

    start        from the command to the address being printed
    page ready   from the navigation to the first photo on the screen
    next photo   from the key to the next photo on the screen, with a person's pause before each
    decided      the same, where the key was a decision
    in a row     the same, keys pressed as fast as photos appear: nothing is prefetched then
    memory       the server's highest resident size

The page measures by itself (performance.measure); "on the screen" is two frames after the picture
was put there. `--keep FOLDER` reuses the OUT.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from draw_library import draw_scene

from landmark_core.library import photo_id_of
from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow, Prediction, TagScore
from landmark_core.tables import Store, heatmap_path, rows_to_table

NOW = datetime(2026, 11, 24, tzinfo=UTC)
RUN = "20261124T000000Z-000000"
DRAWN, PART = 40, 10_000
TAGS = tuple(f"Landmark {number:02d}" for number in range(50))


def draw(folder: Path) -> list[Path]:
    """Draw photos as a phone takes them: 4032 x 3024, about 3 MB."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    paths = []
    for number in range(DRAWN):
        scene = draw_scene(number).convert("RGB").resize((4032, 3024), Image.Resampling.BICUBIC)
        grain = rng.integers(-14, 15, (3024, 4032, 1), np.int16)
        pixels = np.clip(np.asarray(scene, np.int16) + grain, 0, 255).astype(np.uint8)
        paths.append(folder / f"{number}.jpg")
        Image.fromarray(pixels).save(paths[-1], quality=88)
    return paths


def make_out(folder: Path, photos: int) -> None:
    """Write photos, heatmaps and rows."""
    drawn = draw(folder / "drawn")
    for number, path in enumerate(drawn):
        with Image.open(path) as image:
            image.resize((1008, 756)).save(folder / f"heatmap-{number}.jpg", quality=85)
    store, rng = Store(str(folder / "out")), np.random.default_rng(2)
    (folder / "out" / heatmap_path(RUN, "x")).parent.mkdir(parents=True)
    for first in range(0, photos, PART):
        rows = [
            make_row(folder, drawn, number, rng)
            for number in range(first, min(first + PART, photos))
        ]
        store.write_part(RUN, first // PART, rows_to_table(rows))
    store.write_run(RUN, {"model": {"class_names": list(TAGS)}})


def make_row(folder: Path, drawn: list[Path], number: int, rng: np.random.Generator) -> PhotoRow:
    """Link one photo and its heatmap; return its row."""
    path = folder / "photos" / f"{number // 1000:05d}" / f"IMG_{number:08d}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    os.link(drawn[number % DRAWN], path)
    photo_id = photo_id_of(str(path))
    os.link(folder / f"heatmap-{number % DRAWN}.jpg", folder / "out" / heatmap_path(RUN, photo_id))
    shares = rng.dirichlet(np.full(5, 0.4)) * 0.9
    best = sorted(zip(shares, rng.permutation(50)[:5], strict=True), reverse=True)
    tags = tuple(TagScore(tag=TAGS[code], confidence=float(share)) for share, code in best)
    ref = PhotoRef(
        photo_id=photo_id,
        uri=str(path),
        location=str(path),
        size_bytes=3_000_000,
        modified_us=1_600_000_000_000_000 + 60_000_000 * number,
        etag=None,
    )
    return PhotoRow(
        photo=DecodedPhoto(
            ref=ref,
            status="ok",
            error=None,
            content_sha256=f"{number:064x}",
            width=4032,
            height=3024,
        ),
        prediction=Prediction(
            decision="review",
            tags=tags,
            margin=tags[0].confidence - tags[1].confidence,
            entropy=float(rng.uniform(0, 3)),
            energy=-5.0,
        ),
        heatmap=heatmap_path(RUN, photo_id),
        model_id="0123456789abcdef",
        preprocess_id="fedcba9876543210",
        run_id=RUN,
        tagged_at=NOW,
    )


def highest_mb(process: int) -> float:
    """Return the highest resident size of a process so far, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def waits(page: Page) -> list[float]:
    """Return and forget what the page measured, in milliseconds."""
    return page.evaluate(
        """() => {
            const found = performance.getEntriesByName("next-photo").map(one => one.duration);
            performance.clearMeasures("next-photo");
            return found;
        }"""
    )


def press(page: Page, key: str, times: int, pause_ms: int) -> list[float]:
    """Press a key as often, each time after a pause, and return how long each photo took."""
    found: list[float] = []
    for _ in range(times):
        page.wait_for_timeout(pause_ms)
        page.keyboard.press(key)
        while not (new := waits(page)):
            page.wait_for_timeout(5)
        found += new
    return found


def measure(folder: Path, photos: int, presses: int) -> dict[str, float]:
    """Start the server, drive the page, return the figures."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "landmark_core.cli", "review", str(folder / "out")]
    server = subprocess.Popen([*command, "--no-browser"], stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    url = re.search(r"http://\S+", server.stderr.readline())[0]
    start = time.perf_counter() - begin
    program = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        with sync_playwright() as player:
            browser = player.chromium.launch(executable_path=program, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1360, "height": 850})
            page.goto(url)
            page.wait_for_selector("html[data-ready]")
            ready = page.evaluate("performance.getEntriesByName('page-ready')[0].duration")
            figures = {
                "photos": photos,
                "start_s": start,
                "page_ready_s": ready / 1000,
                "next_ms": statistics.median(press(page, "ArrowRight", presses, 700)),
                "decided_ms": statistics.median(press(page, "1", presses, 700)),
                "in_a_row_ms": statistics.median(press(page, "ArrowRight", presses, 0)),
            }
            page.reload()
            page.wait_for_selector("html[data-ready]")
            again = page.evaluate("performance.getEntriesByName('page-ready')[0].duration")
            browser.close()
        return figures | {"reload_s": again / 1000, "memory_mb": highest_mb(server.pid)}
    finally:
        server.terminate()
        server.wait()
        server.stderr.close()


def main() -> None:
    """Make what is missing, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--presses", type=int, default=60)
    parser.add_argument("--keep", type=Path, help="folder of the OUT; made where it is missing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch, "review")
        if not folder.exists():
            make_out(folder, arguments.photos)
        shutil.rmtree(folder / "out" / "reviews", ignore_errors=True)
        figures = measure(folder, arguments.photos, arguments.presses)
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
