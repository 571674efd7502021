"""Take the pictures of a library's state and gallery that docs/looking.md and README.md show.

    python scripts/looking_pictures.py docs/looking

The gallery is of drawn photos, tagged with the starter model and settled in part by a person. The
state is of thousands of photos that nobody has: rows made up from the starter's landmarks. Then the
pages, and what a terminal shows, are photographed in a Chromium that is installed.
"""

import argparse
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from chromium import open_window, photograph, start_chromium
from picturing.drawn import make_drawn
from picturing.made_up import make_up
from picturing.people import LANDMARKS, run_landmarks
from picturing.terminal import on_a_terminal, terminal_page
from playwright.sync_api import Browser

SIZE = (1280, 1600)  # pixels of a window, until it is known what ends where
# A terminal is as large as its text. The page of a state ends before what only operators ask for,
# and that of a landmark after a few rows of photos.
ENDS = """() => {
  const text = document.querySelector("pre");
  if (text) return [text.offsetWidth, text.offsetHeight];
  const models = [...document.querySelectorAll("h2")].find(one => /^Models/.test(one.innerText));
  if (models) return [innerWidth, models.offsetTop - 10];
  const photo = document.querySelectorAll("figure")[11];
  if (photo) return [innerWidth, Math.ceil(photo.getBoundingClientRect().bottom + 10)];
  return [innerWidth, document.body.offsetHeight];
}"""
LINES = 32  # of a long answer in a terminal


def make_pages(folder: Path) -> dict[str, Path]:
    """Make both libraries and their pages; return these by the name of their picture."""
    drawn, large = folder / "drawn", folder / "large"  # each with an OUT, `tagged`
    make_up(large, make_drawn(drawn), datetime.now(UTC))
    run_landmarks(large, "status", "tagged", "--html", "status.html")
    run_landmarks(drawn, "export", "tagged", "--format", "gallery", "--to", "gallery")
    (landmark,) = (drawn / "gallery" / "landmarks").glob("colosseum-rome-*.html")
    return {
        "status-light": large / "status.html",
        "gallery-light": drawn / "gallery" / "index.html",
        "landmark-dark": landmark,
        "status-terminal": write_terminal(large, "status tagged"),
        "sidecars-terminal": write_terminal(drawn, "export tagged --format xmp --dry-run", LINES),
    }


def write_terminal(folder: Path, command: str, lines: int | None = None) -> Path:
    """Write a page of what a command shows on a terminal, or of its first lines."""
    shown = on_a_terminal([*LANDMARKS, *command.split()], folder).splitlines()[:lines]
    typed = f"landmarks {command}" + (f" | head -n {lines}" if lines else "")
    path = folder / f"terminal-{command.split()[0]}.html"
    # The name of a scratch folder means nothing to a reader.
    text = "\n".join(shown).replace(str(folder), "/home/ann")
    path.write_text(terminal_page(typed, text), "utf-8")
    return path


def take(browser: Browser, name: str, page_file: Path, folder: Path) -> None:
    """Take one picture, as high as what it shows."""
    scheme = "dark" if name.endswith("dark") else "light"
    page = open_window(browser, SIZE, scheme).new_page()
    page.goto(page_file.as_uri())
    width, height = page.evaluate(ENDS)
    page.set_viewport_size({"width": width, "height": height})
    is_flat = page.locator("img").count() == 0
    photograph(page, folder / f"{name}.png", is_flat=is_flat)


def main() -> None:
    """Make the libraries, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, start_chromium() as browser:
        for name, page_file in make_pages(Path(scratch)).items():
            take(browser, name, page_file, folder)


if __name__ == "__main__":
    main()
