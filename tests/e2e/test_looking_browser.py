"""The page of a library's state and its gallery in a real Chromium, opened as files."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from browsing import axe_findings
from draw_library import draw_scene, encode
from draw_rows import draw_row

from landmark_core.cli import main
from landmark_core.tables import Store, rows_to_table

pytestmark = pytest.mark.orchestration  # whole programs

WIDTHS = {"desktop": 1280, "phone": 360}  # pixels; narrower phones are hardly made
MARKUP = '<img src=x onerror="alert(1)">&amp;'
TURNED = "\u202egnp.ecalaP\u200f"
ARABIC = "\u200fقصر الحمراء"  # a mark that many write before such a name
LONG = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch" * 2
ROME = (41.89, 12.49)


def write_photos(folder: Path) -> list:
    """Draw a photo for each odd name and some for a landmark with places; return their rows."""
    told = [
        (f"rome-{number}.jpg", "Colosseum Rome", 0.95 - number / 50, "tagged")
        for number in range(9)
    ]
    told += [
        ("doubt.jpg", "Colosseum Rome", 0.5, "review"),
        ("cat.jpg", "Colosseum Rome", 0.1, "no_landmark"),
        ("plain.jpg", MARKUP, 0.9, "tagged"),
        (f"{MARKUP}.jpg", "Petra Jordan", 0.9, "tagged"),
        (f"{TURNED}.jpg", "Petra Jordan", 0.8, "tagged"),
        ("line\nbreak\x1b[31m#?%41.jpg", "Petra Jordan", 0.7, "tagged"),
        ("turned.jpg", TURNED, 0.9, "tagged"),
        ("arabic.jpg", ARABIC, 0.9, "tagged"),
        ("long.jpg", LONG, 0.9, "tagged"),
        (f"{LONG}.jpg", "Petra Jordan", 0.6, "review"),
    ]
    folder.mkdir()
    rows = []
    for number, (name, tag, confidence, decision) in enumerate(told):
        # So far apart that a parallel, and its name, come to lie near the map's upper edge.
        place = (ROME[0] + number * 0.96, ROME[1]) if name.startswith("rome") else None
        data = encode(draw_scene(number, (320, 240)), "jpg", place=place)
        path = folder / name
        path.write_bytes(data)
        rows.append(draw_row(str(path), data, tag, confidence, decision))
    return rows


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The pages of a library in which many names are odd, its folder among them."""
    folder = tmp_path_factory.mktemp("looking")
    photos = folder / "photos <b>#1"
    out, page = folder / f"out {MARKUP.replace('/', '')}", folder / "status.html"
    Store(str(out)).write_part("20261128T000000Z-000000", 0, rows_to_table(write_photos(photos)))
    assert main(["status", str(out), "--html", str(page)]) == 0
    gallery = folder / "gallery #1"
    assert main(["export", str(out), "--format", "gallery", "--to", str(gallery)]) == 0
    return SimpleNamespace(photos=photos, status=page, gallery=gallery)


@pytest.fixture
def open_page(browser):
    """Open a page; whatever it complains about, or asks of others, fails the test."""
    contexts, complaints, asked = [], [], []

    def open_at(path: Path, width: int = WIDTHS["desktop"], scheme: str = "light"):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert complaints == []
    assert asked
    assert [url for url in asked if not url.startswith("file:///")] == []


def landmark(library, start: str) -> Path:
    (path,) = (library.gallery / "landmarks").glob(f"{start}-????????.html")
    return path


def pages_of(library) -> dict[str, Path]:
    return {
        "status": library.status,
        "cover": library.gallery / "index.html",
        "landmark with a map": landmark(library, "colosseum-rome"),
        "landmark with odd photos": landmark(library, "petra-jordan"),
    }


def unfold(page) -> None:
    """Show what is folded, and all pictures, which are loaded when they come into sight."""
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.evaluate("document.querySelectorAll('img').forEach(one => one.loading = 'eager')")
    page.wait_for_function("() => [...document.images].every(one => one.complete)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_axe_finds_nothing_serious(library, open_page, width, scheme):
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    for name, path in pages_of(library).items():
        page = open_page(path, width, scheme)
        unfold(page)
        assert (name, axe_findings(page)) == (name, [])


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_nothing_is_wider_than_the_window(library, open_page, width):
    every = [library.status, library.gallery / "index.html"]
    for path in every + sorted((library.gallery / "landmarks").glob("*.html")):
        page = open_page(path, width)
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name
        # What is wider stands in a box that scrolls or ends in dots, and can be seen to.
        beyond = page.evaluate(
            """() => [...document.querySelectorAll("body *")].filter(one =>
              one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll"))
            .map(one => one.outerHTML.slice(0, 100))"""
        )
        assert beyond == [], path.name


def test_every_picture_is_drawn(library, open_page):
    for path in pages_of(library).values():
        page = open_page(path)
        unfold(page)
        widths = page.evaluate("[...document.images].map(one => one.naturalWidth)")
        assert all(widths), path.name
        assert bool(widths) == (path != library.status)


def test_links_lead_from_the_cover_to_the_photo_and_back(library, open_page):
    page = open_page(library.gallery / "index.html")
    page.get_by_role("link", name="Colosseum Rome").click()
    assert page.locator("h1").inner_text().startswith("Colosseum Rome")
    assert page.locator("figure").count() == 10
    page.get_by_role("link", name="All landmarks").click()
    page.get_by_role("link", name="Petra Jordan").click()
    names = page.locator("figcaption span").all_inner_texts()
    for number in range(len(names)):
        page.locator("figure a").nth(number).click()
        # Chromium shows a photo as a page with one picture: these are its own 320 pixels.
        page.wait_for_function("() => document.images[0]?.naturalWidth === 320")
        assert page.url.startswith(library.photos.as_uri())
        page.go_back()
    page.get_by_role("link", name="60–70 %").click()
    assert page.url.endswith("#waiting-6")
    assert page.locator("#waiting-6").evaluate(
        "one => one.getBoundingClientRect().top < innerHeight"
    )


def test_links_can_be_reached_and_seen_with_tab(library, open_page):
    page = open_page(library.gallery / "index.html")
    links = page.locator("a").count()
    for _ in range(links):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert page.evaluate("document.activeElement.tagName") == "A"
        assert outline != "none"


def test_the_maps_have_dots_and_degrees_inside(library, open_page):
    for path in (library.gallery / "index.html", landmark(library, "colosseum-rome")):
        for width in WIDTHS.values():
            page = open_page(path, width)
            assert page.locator(".map circle").count() == 9
            assert page.locator(".map").get_attribute("aria-label")
            outside = page.evaluate(
                """() => { const map = document.querySelector(".map").getBoundingClientRect();
                return [...document.querySelectorAll(".map text, .map circle")].filter(one => {
                  const box = one.getBoundingClientRect();
                  return box.width && (box.left < map.left || box.right > map.right
                    || box.top < map.top - 1 || box.bottom > map.bottom + 1);
                }).map(one => one.outerHTML); }"""
            )
            assert outside == []
    page = open_page(landmark(library, "petra-jordan"))
    assert page.locator(".map").count() == 0


def test_names_with_markup_and_marks_are_shown_as_text(library, open_page):
    escaped = TURNED.replace("\u202e", "\\u202e").replace("\u200f", "\\u200f")
    for path in (library.status, library.gallery / "index.html"):
        page = open_page(path)
        text = page.locator("body").inner_text()
        assert MARKUP in text
        assert escaped in text
        assert ARABIC.lstrip("\u200f") in text
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)
        assert page.locator("[onerror], script").count() == 0
        assert page.locator("img[src=x], b b").count() == 0
    page = open_page(landmark(library, "petra-jordan"))
    assert page.locator("figcaption span").all_inner_texts() == [
        f"{MARKUP}.jpg",
        f"{escaped}.jpg",
        r"line\nbreak\x1b[31m#?%41.jpg",
        f"{LONG}.jpg",
    ]
    assert page.locator("figcaption span *").count() == 0
