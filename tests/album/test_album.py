"""The album of a library: every photo on its page, every picture made once."""

import hashlib
import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path, PurePath
from urllib.parse import unquote

import pytest
from PIL import ExifTags, Image
from small_out import People, make_out
from small_out import photo as row_of

from landmark_core.album import pages as pages_module
from landmark_core.album import write_album
from landmark_core.album.sources import folder_named
from landmark_core.cli import main
from landmark_core.errors import ConfigError
from landmark_core.library import photo_id_of
from landmark_core.tables import rows_to_table, status_counts

NOW = datetime(2026, 11, 28, tzinfo=UTC)
NASTY = '<img src=x onerror=alert(1)>"&amp;\n.jpg'
ALONE = {"meta", "img", "line", "circle"}


class Reader(HTMLParser):
    """What a browser would show of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        texts: list[str] = []
        self.handle_data = texts.append
        self.feed(path.read_text("utf-8"))
        assert self.open == []
        self.text = " ".join(" ".join(texts).split())
        self.folder = path.parent

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ALONE:
            assert self.open.pop() == tag

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]


def write_photo(path: Path, seed: int, place: tuple[float, float] | None = None) -> None:
    exif = Image.Exif()
    if place:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(
            {1: "N", 2: (place[0], 0.0, 0.0), 3: "E", 4: (place[1], 0.0, 0.0)}
        )
    Image.new("RGB", (640, 480), (seed * 37 % 256, seed * 11 % 256, 90)).save(path, exif=exif)


def tagged(path: str, decision: str | None, tag: str = "Petra", confidence: float = 0.75):
    """The row of a photo on disk."""
    row = row_of("x", decision, tag, confidence, modified_us=5)
    data = Path(path).read_bytes()
    ref = replace(
        row.photo.ref,
        photo_id=photo_id_of(path),
        uri=os.fsencode(path).decode("utf-8", "backslashreplace"),
        size_bytes=len(data),
    )
    digest = hashlib.sha256(data).hexdigest()
    photo = replace(row.photo, ref=ref, content_sha256=digest, width=640, height=480)
    return replace(row, photo=photo)


@pytest.fixture
def library(tmp_path):
    """Photos on disk, an OUT that knows them, and one decision of a person."""
    folder = tmp_path / "photos #1"
    folder.mkdir()
    names = ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", NASTY, os.fsdecode(b"caf\xe9.jpg")]
    for number, name in enumerate(names):
        write_photo(folder / name, number, (30.3, 35.4) if name in {"a.jpg", "b.jpg"} else None)
    paths = [str(folder / name) for name in names]
    rows = [
        tagged(paths[0], "tagged", "Petra", 0.9),  # 0.9 in 32 bits is a little less
        tagged(paths[1], "tagged", "Petra", 0.97),
        tagged(paths[2], "review", "Petra", 0.55),
        tagged(paths[3], "no_landmark", "Petra", 0.2),
        tagged(paths[4], "review", "Giza", 0.5),
        tagged(paths[5], "tagged", "東京 <b>", 0.8),
        tagged(paths[6], "tagged", "Petra", 0.31),
    ]
    store = make_out(tmp_path / "out", rows)
    People(store).say("ann", rows[4], "tag", "Petra")
    return store, folder, tmp_path / "album"


def write(store, root, **settings):
    return write_album(store, root, **{"state": "all", "now": NOW} | settings)


def page_of(root: Path, start: str) -> Reader:
    (path,) = (root / "landmarks").glob(f"{start}-????????.html")
    return Reader(path)


def test_every_photo_is_on_its_page_in_order(library):
    store, _, root = library
    album = write(store, root)
    assert (album.photos, album.landmarks) == (7, 2)
    assert (album.pictures.made, album.pictures.kept, album.pictures.missing) == (7, 0, 0)
    petra = page_of(root, "petra")
    assert "All landmarks Petra 4 photos, +1 to review" in petra.text
    assert re.findall(r"(\d+) % (\S+[.]jpg)", petra.text) == [
        ("97", "b.jpg"),
        ("90", "a.jpg"),
        ("31", r"caf\xe9.jpg"),
        ("55", "c.jpg"),
    ]
    assert "by a person e.jpg" in petra.text  # whatever the model had said
    bands = ["by people", "by the model, 90–100 %", "by the model, 30–40 %"]
    assert [band for band in bands if petra.text.count(band) >= 1] == bands
    assert "by people all 1 by the model 90–100 % 2 30–40 % 1 to review 50–60 % 1" in petra.text
    assert "d.jpg" in _none(root).text


def test_counts_are_those_of_the_status(library):
    store, _, root = library
    rows = [row_of(f"broken{number}.jpg", None) for number in range(2)]
    store.write_part("run1", 0, rows_to_table(rows))
    album = write(store, root)
    assert (album.photos, album.unreadable) == (7, 2)
    cover, status = Reader(root / "index.html").text, status_counts(store)
    assert cover.startswith(f"{status.photos} photos")
    assert f"{store.out}; 2 could not be read" in cover
    (petra,) = (one for one in status.landmarks if one.tag == "Petra")
    assert (petra.photos, petra.by_people, petra.waiting) == (4, 1, 1)
    assert "Petra 4 photos, 1 by people, +1 to review" in cover
    assert write(store, root, state="tagged").unreadable == 0


def test_of_no_landmark_the_guess_is_named_and_who_said_so(library):
    store, folder, root = library
    row = tagged(str(folder / "a.jpg"), "tagged", "Petra", 0.9)
    People(store, NOW).say("eva", row, "not_a_landmark")
    write(store, root)
    none = _none(root).text
    assert "by a person a.jpg" in none
    assert "Petra 20 % d.jpg" in none
    assert "sure the model is of its best guess, which is named beside it." in none
    assert "best guess: Petra." in page_of(root, "petra").text
    assert "No landmark 2 photos, 1 by people" in Reader(root / "index.html").text


def _none(root: Path) -> Reader:
    digest = hashlib.sha256(b"").hexdigest()[:8]
    return Reader(root / "landmarks" / f"landmark-{digest}.html")


def test_pictures_are_small_and_there_and_links_open_photos(library):
    store, folder, root = library
    write(store, root)
    petra = page_of(root, "petra")
    sources = petra.values("src")
    assert len(sources) == 5
    for source in sources:
        with Image.open(petra.folder / source) as image:
            assert image.size == (320, 240)
            assert not image.getexif()
    assert petra.values("loading") == ["lazy"] * 5
    opened = [unquote(href, errors="surrogateescape") for href in petra.values("href")]
    assert f"file://{folder}/a.jpg" in opened
    assert os.fsdecode(f"file://{folder}/".encode() + b"caf\xe9.jpg") in opened
    cover = Reader(root / "index.html")
    for href in [href for href in cover.values("href") if "://" not in href]:
        assert (root / href).is_file()


def test_no_name_becomes_markup_and_nothing_is_asked_for(library):
    store, _, root = library
    write(store, root)
    for path in [root / "index.html", *(root / "landmarks").iterdir()]:
        reader = Reader(path)
        assert not {"script", "iframe", "link", "object"} & set(reader.tags)
        assert not [name for name, _ in reader.attributes if name.startswith("on")]
        for value in reader.values("src") + reader.values("href"):
            assert not value.startswith("http")
        assert "\n.jpg" not in reader.text
    digest = hashlib.sha256("東京 <b>".encode()).hexdigest()[:8]
    nasty = Reader(root / "landmarks" / f"b-{digest}.html")
    assert "東京 <b>" in nasty.text
    assert r"alert(1)>\"&amp;\n.jpg" in nasty.text.replace('"', r"\"")


def test_a_map_where_photos_say_where(library):
    store, _, root = library
    write(store, root)
    for reader in (Reader(root / "index.html"), page_of(root, "petra")):
        assert reader.tags.count("circle") == 1  # two photos of one place
        assert "2 photos" in reader.text
        assert "°N" in reader.text
    assert "svg" not in _none(root).tags


def test_nothing_is_made_twice(library):
    store, folder, root = library
    write(store, root)
    pictures = {path: path.stat().st_mtime_ns for path in root.rglob("*.jpg")}
    maps = page_of(root, "petra").tags.count("circle")
    again = write(store, root)
    assert (again.pictures.made, again.pictures.kept, again.removed) == (0, 7, 0)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*.jpg")} == pictures
    assert page_of(root, "petra").tags.count("circle") == maps
    (folder / "a.jpg").unlink()  # its picture stays
    assert write(store, root).pictures.kept == 7


def test_a_photo_that_changed_or_went_has_no_picture(library):
    store, folder, root = library
    write_photo(folder / "a.jpg", 99)
    (folder / "b.jpg").unlink()
    assert write(store, root).pictures.missing == 2
    assert page_of(root, "petra").text.count("no picture") == 2
    assert "2 photos without a picture: gone" in Reader(root / "index.html").text


def test_what_is_no_longer_in_it_goes(library):
    store, _, root = library
    write(store, root)
    (root / "landmarks" / "note.txt").write_text("mine")
    waiting = write(store, root, state="waiting")
    assert (waiting.photos, waiting.removed) == (1, 6)
    assert len(list(root.rglob("*.jpg"))) == 1
    assert sorted(path.suffix for path in (root / "landmarks").iterdir()) == [".html", ".txt"]


def test_a_kill_costs_the_pictures_without_a_line(library):
    store, _, root = library
    write(store, root)
    log = root / "pictures" / "made.jsonl"
    lines = [line for line in log.read_text().splitlines() if line]
    assert all(set(json.loads(line)) == {"key", "latitude", "longitude"} for line in lines)
    log.write_text("\n".join(lines[:4]) + "\n" + lines[4][:20])
    key = json.loads(lines[0])["key"]
    (root / "pictures" / key[:2] / f"{key}.jpg").unlink()
    again = write(store, root)
    assert (again.pictures.made, again.pictures.kept) == (4, 3)
    assert write(store, root).pictures.kept == 7
    assert len(page_of(root, "petra").values("src")) == 5


def test_large_landmarks_have_several_pages(library, monkeypatch):
    store, _, root = library
    monkeypatch.setattr(pages_module, "MOST_ON_PAGE", 2)
    write(store, root)
    stems = sorted(path.stem for path in (root / "landmarks").glob("petra-*"))
    assert [stem[14:] for stem in stems] == ["", "-2", "-3"]
    found = [Reader(root / "landmarks" / f"{stem}.html") for stem in stems]
    assert [len(reader.values("src")) for reader in found] == [2, 2, 1]
    links = [href for href in found[0].values("href") if "#" in href]
    for href in links:
        name, _, anchor = href.partition("#")
        assert anchor in Reader(root / "landmarks" / name).values("id")


def test_a_folder_of_others_is_left_alone(library, tmp_path):
    store, folder, _ = library
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(ConfigError, match="has other files"):
        write(store, folder)
    assert sorted(path.name for path in folder.iterdir()) == before
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is a file"):
        write(store, tmp_path / "file")


def test_addresses_of_a_table_are_not_asked(tmp_path):
    row = row_of("x", "tagged")
    ref = replace(row.photo.ref, uri="http://127.0.0.1:9/x.jpg", photo_id="0" * 32)
    photo = replace(row.photo, ref=ref, content_sha256="0" * 64)
    store = make_out(tmp_path / "out", [replace(row, photo=photo)])
    assert write(store, tmp_path / "album").pictures.missing == 1
    links = page_of(tmp_path / "album", "petra").values("href")
    assert not [link for link in links if "://" in link]


def finish(store, run: str, source: str) -> None:
    store.write_run(run, {"settings": {"source": source}})


@pytest.mark.parametrize("kind", ["absolute", "relative", "dot", "dates", "scheme", "link"])
def test_a_gallery_in_a_folder_that_is_searched_is_refused(library, kind, tmp_path, capsys):
    store, folder, _ = library
    (tmp_path / "link").symlink_to(folder)
    sources = {
        "absolute": str(folder),
        "relative": f"./{folder.name}/",  # wherever that was typed
        "dot": ".",
        "dates": f"{folder}/%Y/%m",
        "scheme": f"file://{folder}",
        "link": str(tmp_path / "link"),
    }
    # Rows of a run have its name.
    for run in ("r", "run0"):
        finish(store, run, sources[kind])
    assert main(["export", store.out, "--format", "gallery", "--to", str(folder / "new")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "which is searched for photos" in said
    assert not (folder / "new").exists()
    assert write(store, tmp_path / "album").photos == 7


def test_other_sources_refuse_no_gallery(library, tmp_path):
    store, folder, _ = library
    (tmp_path / "photos.txt").touch()
    for number, source in enumerate(("-", "s3://b", str(tmp_path / "photos.txt"), "x.txt", "/no")):
        finish(store, f"run{number}", source)
    finish(store, "r", "photos.txt")
    assert write(store, folder / "album").photos == 7


@pytest.mark.parametrize(
    ("source", "shared", "folder"),
    [
        pytest.param("photos", "/home/me/photos/2026", "/home/me/photos", id="above"),
        pytest.param("./me/photos/", "/home/me/photos", "/home/me/photos", id="two-names"),
        pytest.param("../photos", "/photos/photos/x", "/photos/photos", id="the-lowest"),
        pytest.param(".", "/home/me", "/home/me", id="here"),
        pytest.param("..", "/home/me", "/home/me", id="above-here"),
        pytest.param("list.txt", "/home/me", None, id="a-list"),
    ],
)
def test_the_folder_of_a_relative_source(source, shared, folder):
    found = folder_named(source, PurePath(shared))
    assert found == (folder and PurePath(folder))


def test_as_a_command(library, capsys):
    store, _, root = library
    assert main(["export", store.out, "--format", "gallery", "--to", str(root)]) == 0
    said = capsys.readouterr().out
    assert f"7 photos of 2 landmarks: {root}/index.html" in said
    assert "7 made, 0 kept, 0 removed, 0 of photos that are gone" in said
    assert main(["export", store.out, "--format", "gallery"]) == 2
    assert "--to FOLDER" in capsys.readouterr().err
