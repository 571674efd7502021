"""The review page in a real Chromium: by keys alone, over a killed server, for everybody."""

import io
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas
import pytest
from browsing import axe_findings
from draw_library import draw_library
from PIL import Image

from landmark_core.cli import main

pytestmark = pytest.mark.orchestration  # whole programs

SIZES = {"desktop": {"width": 1360, "height": 850}, "phone": {"width": 390, "height": 844}}
PORTS = iter(range(18_800, 18_900))


@pytest.fixture
def open_page(browser):
    """Open the review page; whatever it complains about, or asks of others, fails the test."""
    contexts, complaints, asked = [], [], []

    def open_at(url, **how):
        size = how.pop("size", SIZES["desktop"])
        context = browser.new_context(viewport=size, **how)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        page.wait_for_selector("html[data-ready]")
        return page

    yield open_at
    for context in contexts:
        context.close()
    # A server that was killed on purpose is what the browser itself remarks upon.
    assert not [one for one in complaints if "ERR_CONNECTION" not in one and "503" not in one]
    assert {re.match(r"https?://[^:/]+", url)[0] for url in asked} <= {"http://127.0.0.1"}


def tag(photos: Path, out: Path, model: Path, *more: str) -> Path:
    """Tag a folder so that every photo waits for a person."""
    options = ["--model", str(model), "--review-below", "1", "--no-progress", "--workers", "1"]
    assert main(["tag", str(photos), "--out", str(out), *options, *more]) == 0
    return out


def shown(page) -> str:
    return page.locator("#photo-name").inner_text()


def press(page, *keys: str) -> None:
    """Press keys, and wait until another photo is on the screen."""
    before = shown(page)
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_function(
        "before => document.querySelector('#photo-name').innerText !== before", arg=before
    )


def read_rows(out: Path) -> pandas.DataFrame:
    # By one opening each: the server replaces its part while this looks on, and pandas opens twice.
    parts = [io.BytesIO(part.read_bytes()) for part in sorted((out / "reviews").glob("*.parquet"))]
    return pandas.concat([pandas.read_parquet(part) for part in parts], ignore_index=True)


def standing(out: Path) -> dict[str, tuple[str, str | None]]:
    """What stands, by file name, by the rules of the contract alone; each photo is there once."""
    rows = read_rows(out)
    assert rows.decision_id.is_unique
    undone = set(rows.undoes.dropna())
    left = rows[rows.decision.notna() & ~rows.decision_id.isin(undone)]
    assert left.photo_id.is_unique
    tags = [None if pandas.isna(tag) else tag for tag in left.tag]
    names = [uri.rpartition("/")[2] for uri in left.uri]
    return dict(zip(names, zip(left.decision, tags, strict=True), strict=True))


def saved(out: Path) -> int:
    """How many decisions are on the disk."""
    return len(read_rows(out)) if list(out.glob("reviews/*.parquet")) else 0


def wait_until(is_so, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def settle(page, number: int) -> tuple[str, str | None]:
    """Decide on the photo that is shown, in one of several ways; return what was meant."""
    tags = page.locator(".tag-name").all_inner_texts()
    if number % 7 == 6:
        press(page, "0")
        return "not_a_landmark", None
    if number % 7 == 5:
        press(page, "t", *"pyra", "Enter")
        return ("accepted" if tags[0] == "Pyramid" else "corrected"), "Pyramid"
    if number % 7 == 4:
        press(page, "t", *"Old mill", "Enter", "Enter")  # the first marks what is new
        return "corrected", "Old mill"
    if number % 7 == 3:
        press(page, "2")
        return "corrected", tags[1]
    press(page, "1")
    return "accepted", tags[0]


def test_fifty_photos_by_keys_alone_over_a_reload_and_a_killed_server(
    start_review, review_out, open_page
):
    port = str(next(PORTS))
    server = start_review(review_out, "--port", port)
    page = open_page(server.url)
    page.keyboard.press("a")  # one photo at a time: not its look-alikes with it
    expected, seen = {}, []
    for number in range(50):
        name = shown(page)
        seen.append(name)
        expected[name] = settle(page, number)
    assert len(expected) == 50

    for name in reversed(seen[-3:]):
        press(page, "u")
        assert shown(page) == name
        del expected[name]
    # What stands is the same when 47 have arrived, but three more and their undos have not.
    wait_until(lambda: len(read_rows(review_out)) == 50 + 3, 60)
    assert standing(review_out) == expected
    wait_until(lambda: "47 settled" in page.locator("#progress-text").inner_text())

    page.keyboard.press("h")
    overlay = page.locator("img.heatmap")
    overlay.wait_for()
    before = float(overlay.evaluate("image => getComputedStyle(image).opacity"))
    page.keyboard.press("]")
    assert float(overlay.evaluate("image => getComputedStyle(image).opacity")) > before
    page.keyboard.press("h")
    assert overlay.count() == 0

    page.keyboard.press("f")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("Settled")  # chooses in a menu
    wait_until(lambda: page.locator("#place").inner_text().endswith("of 47"))
    page.keyboard.press("Tab")
    page.keyboard.type("Old mill")
    page.keyboard.press("Tab")
    mills = sum(tag == "Old mill" for _, tag in expected.values())
    wait_until(lambda: page.locator("#place").inner_text().endswith(f"of {mills}"))

    page.goto(server.url)  # without filters
    page.wait_for_selector("html[data-ready]")
    page.locator("#stage").focus()
    page.keyboard.press("g")
    page.wait_for_selector(".cell")
    for key in ("Space", "ArrowRight", "Space", "ArrowRight", "Space"):
        page.keyboard.press(key)
    chosen = page.locator(".cell[aria-selected=true]").all()
    group = [cell.get_attribute("aria-label").partition(":")[0] for cell in chosen]
    assert len(group) == 3
    page.keyboard.press("0")
    expected |= dict.fromkeys(group, ("not_a_landmark", None))
    wait_until(lambda: len(standing(review_out)) == 50)
    assert read_rows(review_out).action_id.value_counts().max() == 3

    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert "50 settled" in page.locator("#progress-text").inner_text()
    assert standing(review_out) == expected

    server.process.kill()
    server.process.wait()
    for _ in range(2):
        name = shown(page)
        expected[name] = ("accepted", page.locator(".tag-name").all_inner_texts()[0])
        press(page, "1")
    wait_until(lambda: "not saved yet" in page.locator("#notice").inner_text())
    assert len(standing(review_out)) == 50
    start_review(review_out, "--port", port)
    wait_until(lambda: len(standing(review_out)) == 52)
    page.wait_for_selector("#notice", state="hidden")
    assert standing(review_out) == expected


def test_look_alikes_are_settled_and_undone_with_one_key(
    start_review, tmp_path, tiny_model, open_page
):
    draw = tmp_path / "photos"
    draw.mkdir()
    draw_library(tmp_path / "drawn", scenes=6)
    first, *others = sorted((tmp_path / "drawn").rglob("scene-*"))
    for number, quality in enumerate((95, 70, 40)):
        with Image.open(first) as image:
            image.convert("RGB").save(draw / f"copy-{number}.jpg", quality=quality)
    shutil.copy(others[0], draw)
    out = tag(draw, tmp_path / "out", tiny_model)
    server = start_review(out)
    page = open_page(server.url)
    progress = f"{server.url}api/progress?reviewer=ann"
    wait_until(lambda: page.request.get(progress).json()["looks"]["done"] == 4)
    while not shown(page).startswith("copy"):
        press(page, "ArrowRight")
    # Without a reload: what was found since the list was fetched comes with the photo.
    wait_until(lambda: page.locator("#alike-list img").count() == 2)
    page.keyboard.press("1")
    # The folder is there a moment before the part that is renamed into it.
    wait_until(lambda: list(out.glob("reviews/*.parquet")) and len(standing(out)) == 3)
    assert {name[:4] for name in standing(out)} == {"copy"}
    page.keyboard.press("u")
    wait_until(lambda: len(standing(out)) == 0)


@pytest.fixture
def few_out(tmp_path, tiny_model):
    """Return an OUT of three photos; what the machine may settle is an option of `tag`."""

    def make(*options: str) -> Path:
        draw_library(tmp_path / "drawn", scenes=3)
        (tmp_path / "photos").mkdir()
        for number, photo in enumerate(sorted((tmp_path / "drawn").rglob("scene-*"))[:3]):
            shutil.copy(photo, tmp_path / "photos" / f"{number}{photo.suffix}")
        return tag(tmp_path / "photos", tmp_path / "out", tiny_model, *options)

    return make


def focused(page) -> str:
    """What has the focus, by its id or what it is called."""
    return page.evaluate(
        "() => document.activeElement.id || document.activeElement.getAttribute('aria-label') || ''"
    )


def counts(page) -> str:
    return page.locator("#progress-text").inner_text()


def test_a_key_in_the_grid_is_about_the_photo_with_the_ring(start_review, review_out, open_page):
    page = open_page(start_review(review_out).url)
    page.keyboard.press("g")
    page.wait_for_selector(".cell")
    page.keyboard.press("ArrowRight")
    current = focused(page)
    page.keyboard.press("f")
    page.keyboard.press("f")
    assert focused(page) == current
    page.keyboard.press("Space")
    assert page.locator("#filters[open]").count() == 0
    chosen = page.locator(".cell[aria-selected=true]")
    assert chosen.get_attribute("aria-label") == current
    page.keyboard.press("Space")

    page.locator("#theme-button").focus()
    page.keyboard.press("0")  # the ring is elsewhere: nothing is decided, the ring comes back
    assert focused(page) == current
    assert "ring" in page.locator("#toast").inner_text()
    assert not list(review_out.glob("reviews/*.parquet"))
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("0")
    name = current.partition(":")[0]
    wait_until(lambda: "1 settled" in counts(page))
    wait_until(lambda: saved(review_out) == 1)  # the page counts before the server has answered
    assert standing(review_out) == {name: ("not_a_landmark", None)}
    assert not focused(page).startswith(name)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("u")
    wait_until(lambda: "0 settled" in counts(page))
    assert focused(page) == current


def test_slips_find_the_tag_and_a_new_one_is_meant(start_review, review_out, open_page):
    page = open_page(start_review(review_out).url)
    options = page.locator("#tag-list [role=option]")
    name = shown(page)

    def typed(text: str) -> list[str]:
        page.keyboard.press("t")
        page.keyboard.type(text)
        return options.all_inner_texts()

    wait_until(lambda: page.locator("#known-tags option").count() > 1)
    for slip in ("Pyrmaid", "piramid", "pyramids"):
        found = typed(slip)
        assert found[0] == "Pyramid", slip
        assert found[-1] == f"New tag: {slip}"
        assert options.first.get_attribute("aria-selected") == "true"
        page.keyboard.press("Escape")
    assert typed("PYRÁMID!") == ["Pyramid"]  # the same letters: nothing is new
    page.keyboard.press("Escape")
    assert typed("Old mill") == ["New tag: Old mill"]
    page.keyboard.press("Enter")
    assert options.first.get_attribute("aria-selected") == "true"
    assert shown(page) == name  # not taken yet
    press(page, "Enter")
    page.keyboard.press("a")
    second = shown(page)
    assert typed("old-mill") == ["Old mill"]
    press(page, "Enter")
    wait_until(lambda: saved(review_out) == 2)
    said = standing(review_out)
    assert said[name] == said[second] == ("corrected", "Old mill")


def test_skipped_photos_wait_and_the_end_says_what_comes_next(start_review, few_out, open_page):
    url = start_review(few_out()).url
    page = open_page(url)
    page.keyboard.press("a")  # one photo at a time
    press(page, "s")
    press(page, "s")
    page.keyboard.press("s")
    page.wait_for_selector("#empty:not([hidden])")
    wait_until(lambda: "3 waiting, 3 of them skipped · 0 settled" in counts(page))
    assert "by you today" not in counts(page)
    assert "0 left to decide, 3 skipped" in page.locator("#empty-left").inner_text()
    assert focused(page) == "empty-skipped"

    page.goto(url)
    page.wait_for_selector("html[data-ready]")
    assert "0 left to decide, 3 skipped" in page.locator("#empty-left").inner_text()
    assert focused(page) == "empty-skipped"
    page.keyboard.press("Enter")
    wait_until(lambda: page.locator("#place").inner_text() == "1 of 3")
    press(page, "0")
    press(page, "0")
    page.keyboard.press("0")
    page.wait_for_selector("#empty-done:not([hidden])")
    assert "landmarks export OUT --format xmp" in page.locator("#empty-done").inner_text()
    assert page.locator("#empty-reset").is_hidden()
    assert page.locator("#empty-skipped").is_hidden()
    wait_until(lambda: "0 waiting · 3 settled · 3 by you today" in counts(page))


def test_the_end_of_the_grid_leads_to_what_was_passed_over(start_review, few_out, open_page):
    page = open_page(start_review(few_out()).url)
    first = shown(page)
    press(page, "ArrowRight")
    page.keyboard.press("g")
    page.wait_for_selector(".cell")
    assert page.locator("#grid-text").inner_text() == "photos 2 to 3 of 3"
    page.keyboard.press("0")
    page.keyboard.press("0")
    page.wait_for_selector("#empty:not([hidden])")
    wait_until(lambda: focused(page) == "empty-reset")
    assert page.locator("#empty-reset").inner_text() == "Show all that wait (1)"
    page.keyboard.press("u")
    wait_until(lambda: page.locator("#grid-view").is_visible())
    wait_until(lambda: focused(page) != "")
    page.keyboard.press("ArrowLeft")  # and to the photos before those shown
    wait_until(lambda: page.locator(".cell").count() == 3)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("0")
    page.wait_for_selector("#empty:not([hidden])")
    wait_until(lambda: focused(page) == "empty-reset")
    page.keyboard.press("Enter")
    wait_until(lambda: page.locator(".cell").count() == 1)
    assert focused(page).startswith(first)
    page.keyboard.press("0")
    page.wait_for_selector("#empty-done:not([hidden])")


def test_an_undo_counts_before_the_server_has_answered(start_review, few_out, open_page):
    page = open_page(start_review(few_out()).url)
    press(page, "ArrowRight")
    page.keyboard.press("a")  # one photo at a time
    press(page, "0")
    page.keyboard.press("0")
    page.wait_for_selector("#empty:not([hidden])")
    wait_until(lambda: "1 waiting · 2 settled" in counts(page))
    held = []
    page.route("**/api/undo", lambda route: held.append(route))
    page.keyboard.press("u")
    wait_until(lambda: "2 waiting · 1 settled · 1 by you today" in counts(page))
    page.wait_for_selector("#single:not([hidden])")
    page.keyboard.press("0")
    page.wait_for_selector("#empty:not([hidden])")
    assert page.locator("#empty-reset").inner_text() == "Show all that wait (1)"
    assert focused(page) == "empty-reset"
    wait_until(lambda: counts(page) and held)  # what is held comes in while the page is asked
    held[0].continue_()
    unsent = "() => Object.keys(localStorage).filter((key) => key.includes('outbox')).length"
    wait_until(lambda: page.evaluate(unsent) == 0)
    assert "1 waiting · 2 settled · 2 by you today" in counts(page)
    assert focused(page) == "empty-reset"


def test_a_list_is_asked_for_when_what_was_decided_has_arrived(start_review, few_out, open_page):
    page = open_page(start_review(few_out()).url)
    press(page, "ArrowRight")
    page.keyboard.press("a")  # one photo at a time
    press(page, "0")
    held = []
    page.route("**/api/decisions", lambda route: held.append(route))
    page.keyboard.press("0")
    page.wait_for_selector("#empty:not([hidden])")
    assert focused(page) == "empty-reset"
    page.keyboard.press("Enter")
    wait_until(lambda: counts(page) and held)  # what is held comes in while the page is asked
    held[0].continue_()
    page.wait_for_selector("#single:not([hidden])")
    assert page.locator("#place").inner_text() == "1 of 1"


def test_what_is_said_goes_when_one_moves_on(start_review, review_out, open_page):
    page = open_page(start_review(review_out).url)
    line = page.locator("#toast")
    for moves, wait in ((2, 0.7), (1, 2.5)):
        press(page, "1")
        assert "is-shown" in line.get_attribute("class")
        text = line.inner_text()
        for _ in range(moves):
            press(page, "ArrowRight")
        wait_until(lambda: "is-shown" not in line.get_attribute("class"), wait)
        assert line.text_content() == text  # still there for a screen reader


def test_no_heatmap_has_its_reason(start_review, few_out, open_page):
    page = open_page(start_review(few_out("--review-below", "0")).url)
    page.wait_for_selector("#empty-done:not([hidden])")
    assert focused(page) == "empty-audit"  # the first thing to do when nothing waits
    page.goto(f"{page.url.partition('?')[0]}?state=all")
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#heatmap-button").is_disabled()
    for reason in (
        page.locator("#heatmap-button").get_attribute("title"),
        page.locator("#heatmap-why").inner_text(),
    ):
        assert reason == "Heatmaps are made for photos to review."


def test_the_tag_filter_takes_the_tag_that_is_meant(start_review, few_out, open_page):
    page = open_page(start_review(few_out()).url)
    page.keyboard.press("a")  # one photo at a time
    page.keyboard.press("t")
    page.keyboard.type("Hagia Sophia")
    press(page, "Enter", "Enter")
    page.keyboard.press("f")
    page.locator("#filter-state").select_option("all")
    field = page.locator("#filter-tag")
    field.fill("hagia")
    field.press("Enter")
    wait_until(lambda: page.locator("#place").inner_text() == "1 of 1")
    assert field.input_value() == "Hagia Sophia"
    assert "Hagia Sophia" in page.locator("#filters-text").inner_text()
    wait_until(lambda: "tag=Hagia+Sophia" in page.url)
    field.fill("hagixx soxxia")
    field.press("Enter")
    page.wait_for_selector("#empty:not([hidden])")
    said = page.locator("#empty-text").inner_text()
    assert said.startswith("No photo was ever tagged 'hagixx soxxia'; ")
    assert "Hagia Sophia" in said
    assert field.input_value() == "hagixx soxxia"


def test_escape_leaves_the_filters_and_gives_the_focus_back(start_review, few_out, open_page):
    page = open_page(start_review(few_out()).url)
    for field in ("filters summary", "filter-state", "filter-tag", "filter-since", "reviewer"):
        page.keyboard.press("f")
        assert page.locator("#filters[open]").count() == 1
        page.locator(f"#{field}").focus()
        page.keyboard.press("Escape")
        assert page.locator("#filters[open]").count() == 0, field
        assert focused(page) == "stage", field
    page.keyboard.press("g")
    page.wait_for_selector(".cell")
    page.keyboard.press("ArrowRight")
    current = focused(page)
    page.keyboard.press("f")
    page.locator("#filter-tag").focus()
    page.keyboard.press("Escape")
    assert focused(page) == current


def test_all_that_a_dead_server_has_not_got_is_counted(start_review, review_out, open_page):
    port = str(next(PORTS))
    server = start_review(review_out, "--port", port)
    page = open_page(server.url)
    page.keyboard.press("a")  # one photo at a time
    page.wait_for_load_state("networkidle")  # the next photos are here
    notice = page.locator("#notice")
    server.process.kill()
    server.process.wait()
    press(page, "1")
    wait_until(lambda: "1 decision not saved yet" in notice.inner_text())
    assert notice.inner_text() == (
        "1 decision not saved yet: the server does not answer. Is landmarks review still running? "
        "It is kept here and sent when the server is back."
    )
    page.wait_for_timeout(2_000)  # the next try is seconds away
    press(page, "0")
    press(page, "1")
    page.keyboard.press("u")
    wait_until(lambda: notice.inner_text().startswith("4 decisions not saved yet"), 3)
    assert notice.inner_text().startswith(
        "4 decisions not saved yet: the server does not answer. Is landmarks review still running? "
        "They are kept here and sent when it is back."
    )
    start_review(review_out, "--port", port)
    wait_until(lambda: len(standing(review_out)) == 2 if saved(review_out) == 4 else False)
    page.wait_for_selector("#notice", state="hidden")


def test_the_grid_fades_what_is_settled_and_not_what_was_skipped(start_review, few_out, open_page):
    page = open_page(start_review(few_out()).url)
    page.keyboard.press("a")  # one photo at a time
    press(page, "s")
    press(page, "s")
    page.goto(f"{page.url.partition('?')[0]}?state=skipped")
    page.wait_for_selector("html[data-ready]")
    page.locator("#stage").focus()
    page.keyboard.press("g")
    page.wait_for_selector(".cell")
    opacities = """() => [...document.querySelectorAll('.cell img')]
        .map(one => getComputedStyle(one).opacity)"""
    assert page.evaluate(opacities) == ["1", "1"]
    page.keyboard.press("0")
    wait_until(lambda: page.evaluate(opacities) == ["0.45", "1"])


def test_names_with_markup_and_odd_signs_are_shown_as_text(
    start_review, tmp_path, tiny_model, open_page
):
    draw_library(tmp_path / "drawn", scenes=2)
    (photo, *_) = sorted((tmp_path / "drawn").rglob("scene-*"))
    photos = tmp_path / "photos"
    photos.mkdir()
    names = (
        "<img src=x onerror=alert(1)>.jpg",
        "\"'><script>alert(2)</script>.jpg".replace("/", "∕"),
        "line\nbreak.jpg",
        "\u202egnp.jpg",
        "{{ 7*7 }}&amp;.jpg",
    )
    for name in names:
        shutil.copy(photo, photos / name)
    page = open_page(start_review(tag(photos, tmp_path / "out", tiny_model)).url)
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    found = set()
    for _ in names:
        found.add(shown(page))
        assert page.locator("#photo-name *").count() == 0
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(200)
    assert found == {
        names[0],
        names[1],
        "line\\nbreak.jpg",
        "\\u202egnp.jpg",
        names[4],
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_serious(start_review, review_out, open_page, scheme, size):
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    server = start_review(review_out)
    page = open_page(server.url, color_scheme=scheme, size=SIZES[size])
    page.keyboard.press("a")
    assert axe_findings(page) == []
    page.keyboard.press("h")
    page.keyboard.press("f")
    page.keyboard.press("i")
    page.locator("#stage").focus()
    page.keyboard.press("t")
    page.wait_for_selector("#tag-list:not([hidden])")
    assert axe_findings(page) == []
    page.keyboard.press("Escape")
    press(page, "1")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#standing:not([hidden])")
    assert axe_findings(page) == []
    page.keyboard.press("g")
    page.wait_for_selector(".cell")
    page.keyboard.press("Space")
    assert axe_findings(page) == []
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    assert axe_findings(page) == []
    page.goto(f"{server.url}?tag=never+heard+of")
    page.wait_for_selector("#empty:not([hidden])")
    assert axe_findings(page) == []
    page.goto(f"{server.url}summary")
    assert axe_findings(page) == []


def test_tab_reaches_everything_and_the_focus_is_seen(start_review, review_out, open_page):
    page = open_page(start_review(review_out).url)
    wanted = page.evaluate(
        """() => [...document.querySelectorAll(
            "a[href], button, input, select, summary, [tabindex='0']")]
        .filter(one => one.checkVisibility() && !one.disabled)
        .map(one => one.id || one.textContent.trim())"""
    )
    reached, unseen = [], []
    page.evaluate("document.activeElement.blur()")
    for _ in range(len(wanted) + 5):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => { const one = document.activeElement;
            return [one.id || one.textContent.trim(), getComputedStyle(one).outlineStyle]; }"""
        )
        reached.append(name)
        if outline == "none" and name not in ("decide", ""):
            unseen.append(name)
    assert set(wanted) <= set(reached)
    assert [name for name in unseen if name in wanted] == []


def test_a_phone_shows_the_photo_and_the_answers_without_scrolling(
    start_review, review_out, open_page
):
    page = open_page(
        start_review(review_out).url, size=SIZES["phone"], has_touch=True, is_mobile=True
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for target in ("#stage", "#not-a-landmark", "#skip", "#undo", ".tag >> nth=0"):
        box = page.locator(target).bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 844
    name = shown(page)
    page.locator("#not-a-landmark").tap()
    page.wait_for_function(
        "before => document.querySelector('#photo-name').innerText !== before", arg=name
    )


@pytest.mark.parametrize("size", [(1280, 850), (1366, 768)], ids=str)
def test_a_desktop_shows_the_photo_and_the_way_on_whatever_is_open(
    start_review, tmp_path, tiny_model, open_page, size
):
    draw_library(tmp_path / "drawn", scenes=6)
    first, *_ = sorted((tmp_path / "drawn").rglob("scene-*"))
    (tmp_path / "photos").mkdir()
    for number in range(9):
        shutil.copy(first, tmp_path / "photos" / f"copy-{number}{first.suffix}")
    width, height = size
    server = start_review(tag(tmp_path / "photos", tmp_path / "out", tiny_model))
    page = open_page(server.url, size={"width": width, "height": height})
    page.wait_for_selector("#alike:not([hidden])")
    page.locator("#facts summary").click()
    page.locator("#history summary").click()
    page.locator("#filters summary").click()
    page.evaluate("() => new Promise((resolve) => requestAnimationFrame(() => resolve()))")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    box = page.locator("#next").bounding_box()
    assert box["y"] + box["height"] <= height
    assert page.locator("#stage").bounding_box()["height"] > height / 4
    # As wide as its longest choice: as wide as it would be without any limit.
    wide = "one => { one.style.maxWidth = 'none'; return one.offsetWidth; }"
    state = page.locator("#filter-state")
    assert state.evaluate("one => one.offsetWidth") == state.evaluate(wide)
    assert page.evaluate("(({scrollHeight: all, clientHeight: seen}) => all > seen)(decide)")


def test_the_page_needs_nothing_but_its_own_files():
    """Every file that the page names is one of its own."""
    folder = Path(sys.modules["landmark_core"].__file__).parent / "review" / "pages"
    for path in folder.iterdir():
        text = path.read_text("utf-8")
        addresses = re.findall(r"https?://[^\s\"')]+", text)
        assert all("w3.org" in one or "github.com/ulid" in one for one in addresses), path.name


def test_the_modules_are_proper_javascript():
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    folder = Path(__file__).parents[2] / "landmark_core" / "review" / "pages"
    for path in sorted(folder.glob("*.js")):
        subprocess.run([node, "--check", str(path)], check=True, timeout=60)
