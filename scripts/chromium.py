"""The Chromium that is installed: find it, start it, open pages in it, photograph what it shows.

The pictures of the documents are taken with it, and the tests of the pages drive it.
"""

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
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
    page: Page, path: Path, *, colours: int = COLOURS, wait_ms: int = 600, is_flat: bool = False
) -> None:
    """Write what is on the screen, in few colours.

    Args:
        page: as it should be seen.
        path: of the PNG.
        colours: at most so many.
        wait_ms: milliseconds until all of it has been drawn.
        is_flat: whether it shows no photos; then its colours stay exact.
    """
    page.wait_for_timeout(wait_ms)
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    few = _few_flat(image, colours) if is_flat else _few(image, colours)
    few.save(path, optimize=True)
    print(f"{path}: {path.stat().st_size // 1024} KB", flush=True)


def _few(image: Image.Image, colours: int) -> Image.Image:
    return image.quantize(colours, dither=Image.Dither.NONE)


def _few_flat(image: Image.Image, colours: int) -> Image.Image:
    """Return the image in colours that it has; a rare one that is unlike all others is kept."""
    pixels = np.asarray(image)
    found, where, counts = np.unique(
        pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True
    )
    values = found.astype(float)
    chosen = [int(counts.argmax())]
    nearest = np.zeros(len(values), np.uint8)  # of those chosen, by its number
    distance = np.square(values - values[chosen[0]]).sum(axis=1)
    while len(chosen) < min(colours, len(values)):
        # The root: 20 red pixels count beside a hundred thousand that are nearly grey.
        chosen.append(int((np.sqrt(counts) * distance).argmax()))
        to_new = np.square(values - values[chosen[-1]]).sum(axis=1)
        nearest[to_new < distance] = len(chosen) - 1
        distance = np.minimum(distance, to_new)
    few = Image.fromarray(nearest[where.reshape(pixels.shape[:2])], mode="P")
    few.putpalette(found[chosen].tobytes())
    return few
