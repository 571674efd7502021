"""The page of a run, read back as a browser would: every picture is there, no name breaks it."""

import base64
import io
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin

import pytest
from draw_library import draw_scene
from PIL import Image

from landmark_core.config import TagConfig
from landmark_core.errors import RunError
from landmark_core.gallery import page_name, write_gallery
from landmark_core.gallery.choose import choose_rows, choose_shards
from landmark_core.tables import Store
from landmark_core.tagging import tag_library

NASTY = '<img src=x onerror=alert(1)>"&amp;.jpg'


class Reader(HTMLParser):
    """Collects what a browser would show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.pictures: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.pictures += [value for name, value in attrs if tag == "img" and name == "src"]

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def run(drawn_library, tiny_model, tmp_path_factory):
    """A library of one's own, tagged in four shards, with a name that tries to break the page."""
    folder = tmp_path_factory.mktemp("gallery")
    shutil.copytree(drawn_library, folder / "photos")
    for number in range(6):
        draw_scene(50 + number, (640, 480)).save(folder / f"photos/more-{number}.jpg")
    draw_scene(9, (300, 200)).save(folder / "photos" / NASTY)
    config = TagConfig(
        source=str(folder / "photos"),
        out=str(folder / "out #1"),
        model=str(tiny_model),
        workers=0,
        shard_size=10,
    )
    return folder, tag_library(config)


@pytest.fixture(scope="module")
def page(run):
    folder, summary = run
    gallery = write_gallery(Store(str(folder / "out #1")), summary)
    return gallery, Reader((folder / "out #1" / gallery.name).read_text("utf-8"))


def test_the_page_lies_beside_the_run_file(run, page):
    folder, summary = run
    assert page[0].name == page_name(summary.run_id) == f"runs/{summary.run_id}.html"
    assert (folder / "out #1/runs" / f"{summary.run_id}.json").exists()
    assert Store(str(folder / "out #1")).list_finished() == [summary.run_id]


def test_every_inlined_picture_is_a_small_jpeg(page):
    gallery, reader = page
    inlined = [value for value in reader.pictures if value.startswith("data:")]
    assert len(inlined) == len(gallery.examples) > 20
    for value, example in zip(inlined, gallery.examples, strict=True):
        head, _, data = value.partition(",")
        assert head == "data:image/jpeg;base64"
        image = Image.open(io.BytesIO(base64.b64decode(data)))
        assert max(image.size) <= 160
        assert image.size == (example.width, example.height)
    assert {example.decision for example in gallery.examples} == {"tagged", "review", "no_landmark"}


def test_heatmaps_are_linked_relative_and_are_there(run, page):
    folder, summary = run
    links = [value for value in page[1].pictures if not value.startswith("data:")]
    assert len(links) == summary.counts.heatmaps > 0
    for link in links:
        url = urljoin((folder / "out #1" / page[0].name).as_uri(), link)
        assert Path(unquote(url.removeprefix("file://"))).is_file()
    assert page[1].attributes.count(("loading", "lazy")) == len(links)


def test_the_page_says_what_the_run_counted(run, page):
    _, summary = run
    text = page[1].text
    assert f"{summary.counts.photos} photos" in text
    assert f"tagged {summary.counts.tagged} " in text
    for tag, photos in summary.tags:
        assert f"{tag} {photos}" in text
    assert "broken.jpg" in text
    assert "the file is empty" in text


def test_no_name_becomes_markup(page):
    reader = page[1]
    assert not any(name == "onerror" for name, _ in reader.attributes)
    assert NASTY in reader.text or any(NASTY in str(value) for _, value in reader.attributes)
    assert "script" not in reader.tags
    assert not any(str(value).startswith("http") for _, value in reader.attributes)


def test_photos_that_went_or_changed_are_passed_over(run, tmp_path):
    folder, summary = run
    copy = shutil.copytree(folder / "photos", tmp_path / "photos")
    try:
        for path in (folder / "photos").glob("roll-01/*"):
            path.unlink()
        draw_scene(1).save(folder / "photos/more-0.jpg")
        gallery = write_gallery(Store(str(folder / "out #1")), summary)
    finally:
        shutil.rmtree(folder / "photos")
        shutil.copytree(copy, folder / "photos")
    names = [example.uri for example in gallery.examples]
    assert names
    assert not any("roll-01" in name or "more-0" in name for name in names)


def test_time_that_is_up_ends_the_pictures_and_not_the_page(run):
    folder, summary = run
    seconds = iter(range(0, 10_000, 5))
    gallery = write_gallery(
        Store(str(folder / "out #1")), summary, clock=lambda: float(next(seconds))
    )
    assert len(gallery.examples) <= 3  # one of each decision


def test_a_large_run_is_sampled_and_the_same_way_each_time(run):
    folder, summary = run
    store = Store(str(folder / "out #1"))
    sizes = {"examples": 2, "heatmaps": 3, "failures": 1}
    shards = range(summary.plan.shards)
    chosen = choose_rows(store, summary.run_id, shards=shards, **sizes)
    assert chosen == choose_rows(store, summary.run_id, shards=shards, **sizes)
    everything = choose_rows(
        store, summary.run_id, shards=shards, examples=99, heatmaps=99, failures=99
    )
    for decision, rows in chosen.examples.items():
        by_id = sorted(row.photo_id for row in everything.examples[decision])
        assert [row.photo_id for row in rows] == by_id[:4]
    assert len(chosen.heatmaps) == 3
    assert len(chosen.failures) == 1


def test_few_parts_of_many_are_read(run, monkeypatch):
    folder, summary = run
    store = Store(str(folder / "out #1"))
    monkeypatch.setattr("landmark_core.gallery.choose.MOST_PARTS", 2)
    assert summary.plan.shards >= 4
    assert choose_shards(store, summary) == [0, -(-summary.plan.shards // 2)]
    page = Reader(_written(store, summary))
    assert f"Chosen from 2 of {summary.plan.shards} parts" in page.text


def test_a_bucket_has_its_page_too(drawn_library, tiny_model):
    out = "memory://gallery-out"
    config = TagConfig(
        source=str(drawn_library), out=out, model=str(tiny_model), workers=0, limit=5
    )
    summary = tag_library(config)
    assert "5 photos" in Reader(_written(Store(out), summary)).text


def test_a_run_without_work_has_a_page_that_says_so(run, tiny_model):
    folder, first = run
    summary = tag_library(
        TagConfig(
            source=str(folder / "photos"),
            out=str(folder / "out #1"),
            model=str(tiny_model),
            workers=0,
        )
    )
    text = Reader(_written(Store(str(folder / "out #1")), summary)).text
    assert f"Nothing was to do: {first.counts.ok} photos done before" in text


def test_a_backfill_that_was_ended_early_shows_what_it_has(run, tmp_path):
    folder, whole = run
    out = shutil.copytree(folder / "out #1", tmp_path / "out")
    (out / "tags" / f"run={whole.run_id}" / "part-000001.parquet").unlink()
    counts = replace(whole.counts, photos=whole.counts.photos - 10)
    store, summary = Store(str(out)), replace(whole, counts=counts)
    assert 1 not in choose_shards(store, summary)
    assert "Tagged" in Reader(_written(store, summary)).text


def test_a_part_that_went_is_named(run):
    folder, summary = run
    with pytest.raises(RunError, match=r"part-000099\.parquet is gone"):
        choose_rows(
            Store(str(folder / "out #1")),
            summary.run_id,
            shards=[0, 99],
            examples=1,
            heatmaps=1,
            failures=1,
        )


def _written(store, summary):
    with store.open(write_gallery(store, summary).name) as file:
        return file.read().decode()
