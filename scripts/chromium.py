"""The Chromium that is installed: find it, start it, open pages in it, photograph what it shows.

The pictures of the documents are taken with it, and the tests of the pages drive it.
"""

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
DESKTOP, PHONE = (1280, 800), (390, 844)  # pixels of a window, width x height
COLOURS = 192  # of a picture in the repository: it stays there for good


def find_chromium() -> str | None:
    """Return the path of the program; null where none is installed."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def start_chromium(*options: str) -> Iterator[Browser]:
    """Start a browser with options of its own; it ends with the block."""
    with sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", *options]
        )
        yield browser
        browser.close()


def open_window(browser: Browser, size: tuple[int, int], scheme: str) -> BrowserContext:
    """Open a window as on a desktop or a phone, light or dark."""
    is_phone = size == PHONE
    return browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        has_touch=is_phone,
        is_mobile=is_phone,
    )


def photograph(
    page: Page, path: Path, *, colours: int = COLOURS, wait_ms: int = 600, whole: bool = False
) -> None:
    """Write what is on the screen, or the whole page, in few colours."""
    page.wait_for_timeout(wait_ms)
    image = Image.open(io.BytesIO(page.screenshot(full_page=whole))).convert("RGB")
    image.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size // 1024} KB", flush=True)
