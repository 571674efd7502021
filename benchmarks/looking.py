"""What looking at a library costs: find, status and export over many rows; a gallery of photos.

    python benchmarks/looking.py [--rows 1000000] [--photos 9000]

Rows are made up: fifty tags, fifteen years of months, a fifth unreadable, parts of 4,096 rows. Each
command is a process of its own; memory is its peak (ru_maxrss). The gallery's photos are sixteen
drawn pictures whose files differ in their last bytes. Where Playwright and Chromium are installed,
a page of one landmark is scrolled by 120 pixels a frame, as it is, without `content-visibility`,
and with it on each photo, and the time between frames is told. `--rows 0` and `--photos 0` leave a
half away.
"""

import argparse
import itertools
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from draw_library import draw_scene, encode
from draw_rows import draw_row, draw_table

from landmark_core.tables import Store, rows_to_table

PART = 4096
TAGS = 50
NOW = datetime(2026, 11, 28, tzinfo=UTC)
CHROMIUM = "/usr/bin/chromium"
FRAMES = 150
SCROLL = """(frames) => new Promise(done => {
  const times = []; let last = performance.now(); let y = 0; window.scrollTo(0, 0);
  function go(now) { times.push(now - last); last = now; y += 120; window.scrollTo(0, y);
    if (times.length < frames) requestAnimationFrame(go); else done(times); }
  requestAnimationFrame(go); })"""


def make_rows(out: Path, rows: int) -> None:
    """Write an OUT of so many photos that nobody has."""
    store, rng = Store(str(out)), np.random.default_rng(3)
    for part, start in enumerate(range(0, rows, PART)):
        count = min(PART, rows - start)
        bad = rng.random(count) < 0.2
        moments = 1_790_000_000_000_000 - rng.integers(0, 15 * 31_557_600_000_000, count)
        changed = {
            "photo_id": [f"{start + number:032x}" for number in range(count)],
            "uri": [
                f"/photos/{(start + n) // 500:05d}/IMG_{start + n:08d}.jpg" for n in range(count)
            ],
            "modified_at": moments,
            "status": np.where(bad, "corrupt", "ok"),
            "decision": pa.array(
                rng.choice(["tagged", "review", "no_landmark"], count, p=[0.5, 0.2, 0.3]), mask=bad
            ),
            "tag": pa.array([f"Landmark {n:02d}" for n in rng.integers(0, TAGS, count)], mask=bad),
            "confidence": pa.array(rng.random(count, np.float32), mask=bad),
        }
        run = f"{NOW - timedelta(days=rows // 100_000 - start // 100_000):%Y%m%dT%H%M%SZ}-000000"
        store.write_part(run, part, draw_table(count, changed))


def make_photos(folder: Path, photos: int) -> None:
    """Write photos and an OUT that says that one landmark is on all of them."""
    pictures = [encode(draw_scene(seed, (640, 480)), "jpg") for seed in range(16)]
    (folder / "photos").mkdir()
    rng = np.random.default_rng(4)
    rows = []
    for number, picture in zip(range(photos), itertools.cycle(pictures), strict=False):
        path, data = folder / "photos" / f"{number:06d}.jpg", picture + number.to_bytes(4, "big")
        path.write_bytes(data)
        rows.append(draw_row(str(path), data, "Petra", float(rng.beta(6, 2))))
    Store(str(folder / "out")).write_part("run", 0, rows_to_table(rows))


def run(*command: str) -> tuple[float, float, int]:
    """Run one command; return seconds, processor seconds and peak bytes."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "landmark_core.cli", *command], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def tell(what: str, measured: tuple[float, float, int]) -> None:
    """Print one line of the table."""
    seconds, processor, peak = measured
    print(f"| {what} | {seconds:.1f} | {processor:.1f} | {peak / 2**20:.0f} |", flush=True)


def scroll(page: Path) -> Iterator[tuple[str, list[float], float]]:
    """Yield milliseconds between frames and seconds to open, for three kinds of a page."""
    from playwright.sync_api import sync_playwright

    text = page.read_text("utf-8")
    plain = text.replace("content-visibility: auto;", "")
    each = re.sub("figure {", "figure { content-visibility: auto;", plain)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, content in (("as it is", text), ("without", plain), ("each photo", each)):
            path = page.with_name("measured.html")
            path.write_text(content, "utf-8")
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            start = time.perf_counter()
            tab.goto(path.as_uri())
            opened = time.perf_counter() - start
            tab.evaluate(SCROLL, FRAMES)  # the pictures are loaded now
            tab.wait_for_timeout(2000)
            yield name, tab.evaluate(SCROLL, FRAMES), opened
            tab.close()
        browser.close()


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--photos", type=int, default=9_000)
    arguments = parser.parse_args()
    print("| what | s | processor s | peak MiB |\n|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.rows:
            out = str(folder / "rows")
            make_rows(Path(out), arguments.rows)
            tell("status", run("status", out))
            tell("status --html", run("status", out, "--html", str(folder / "page.html")))
            tell("find, every photo of a tag", run("find", "--gone", out, "Landmark 07", "-0"))
            tell("find --limit 10", run("find", "--gone", out, "landmark-07", "--limit", "10"))
            tell("export --format jsonl", run("export", out, "--format", "jsonl"))
        if arguments.photos:
            make_photos(folder, arguments.photos)
            gallery = ("export", str(folder / "out"), "--format", "gallery", "--to")
            tell("gallery", run(*gallery, str(folder / "gallery")))
            tell("gallery again", run(*gallery, str(folder / "gallery")))
            (page,) = (folder / "gallery" / "landmarks").glob("petra-*.html")
            try:
                for kind, times, opened in scroll(page):
                    print(
                        f"{kind}: {statistics.median(times):.0f} ms a frame, "
                        f"worst of {len(times)} {max(times):.0f}; {opened:.2f} s to open"
                    )
            except ImportError:
                print("no Playwright here: not scrolled")


if __name__ == "__main__":
    main()
