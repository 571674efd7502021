"""Take the pictures of the review page that docs/review.md shows, of drawn photos alone.

    python scripts/review_pictures.py docs/review

Draws a library, tags it with the starter model, settles a few photos and photographs the page in a
Chromium that is installed: light and dark, on a desktop and on a phone.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from chromium import DESKTOP, PHONE, open_window, photograph, start_chromium
from draw_library import draw_library, draw_scene
from playwright.sync_api import Browser, Page

LANDMARKS = (sys.executable, "-m", "landmark_core.cli")


def make_out(folder: Path) -> Path:
    """Draw and tag a library, all of which waits for a person; three photos have copies."""
    draw_library(folder / "photos", scenes=40)
    for number, size in enumerate(((1024, 768), (800, 600), (400, 300))):
        draw_scene(7019).resize(size).convert("RGB").save(folder / f"photos/copy-{number}.jpg")
    out = folder / "tagged"
    command = ["tag", str(folder / "photos"), "--out", str(out), "--review-below", "1"]
    subprocess.run([*LANDMARKS, *command, "--no-progress"], check=True)
    return out


def open_page(browser: Browser, url: str, size: tuple[int, int], scheme: str) -> Page:
    """Open the page as on a desktop or a phone, in light or dark."""
    page = open_window(browser, size, scheme).new_page()
    page.goto(url)
    page.wait_for_selector("html[data-ready]")
    return page


def find(page: Page, beginning: str) -> None:
    """Go on until a photo of that name is shown."""
    for key in ["ArrowRight"] * 60 + ["ArrowLeft"] * 60:
        if page.locator("#photo-name").inner_text().startswith(beginning):
            return
        page.keyboard.press(key)
        page.wait_for_timeout(100)
    raise SystemExit(f"no photo {beginning} came up")


def take(browser: Browser, url: str, folder: Path) -> None:
    """Take all pictures."""
    page = open_page(browser, url, DESKTOP, "light")
    for key in "a11210131011a":  # without look-alikes, which the other pictures show
        page.keyboard.press(key)
        page.wait_for_timeout(250)
    photograph(page, folder / "photo-light.png")
    page.keyboard.press("?")
    photograph(page, folder / "keys-light.png")
    page.goto(f"{url}summary")
    photograph(page, folder / "summary-light.png")

    page = open_page(browser, f"{url}?state=all", DESKTOP, "dark")
    find(page, "copy")
    page.keyboard.press("h")
    photograph(page, folder / "heatmap-dark.png")
    page.keyboard.press("g")
    page.wait_for_selector(".cell")
    for key in ("Space", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    photograph(page, folder / "grid-dark.png")

    page = open_page(browser, url, PHONE, "light")
    photograph(page, folder / "phone-light.png")
    page = open_page(browser, url, PHONE, "dark")
    page.locator("#grid-button").tap()
    page.wait_for_selector(".cell")
    photograph(page, folder / "phone-grid-dark.png")


def main() -> None:
    """Make the OUT, serve it, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        out = make_out(Path(scratch))
        command = ["review", str(out), "--no-browser", "--reviewer", "ann"]
        server = subprocess.Popen([*LANDMARKS, *command], stderr=subprocess.PIPE, text=True)
        assert server.stderr is not None
        try:
            found = re.search(r"http://\S+", server.stderr.readline())
            assert found
            with start_chromium() as browser:
                take(browser, found[0], folder)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
