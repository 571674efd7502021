"""Names that break tools: each photo is one row, with its own bytes' digest and its own heatmap."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from draw_library import draw_scene, encode
from PIL import Image

pytestmark = pytest.mark.orchestration  # whole programs

NAMES = [
    b"new\nline.jpg",
    b"tab\tand\x07bell.jpg",
    b"clear\x1b[2J\x1b]0;title\x07.jpg",  # what a terminal would obey
    b"return\r.jpg",
    "\u202egpj.right-to-left.jpg".encode(),
    "\u200bzero-width.jpg".encode(),
    "\u2028separator.jpg".encode(),
    b"latin\xe9.jpg",  # no UTF-8
    rb"latin\xe9.jpg",  # what the one before may look like when it is written down
    b"\xff\xfe.jpg",
    b"x" * 251 + b".jpg",  # the longest there is
    b"CASE.jpg",
    b"case.jpg",
    "caf\u00e9.jpg".encode(),  # composed
    "cafe\u0301.jpg".encode(),  # decomposed
    "\U0001f5fc.jpg".encode(),
    b"quote\"'`$(id)`.jpg",
    b"%41.jpg",
    b"A.jpg",
    b"a#b?c.jpg",
    b" before.jpg",
    b"behind .jpg",
    b"-option.jpg",
    b"<script>alert(1)<&>.jpg",
    b"back\\slash.jpg",
    b"run=1.jpg",
    b"{brace}*[a].jpg",
    b"=1+1.jpg",
]
BROKEN = b"broken\x1b[31m\n.jpg"
DEPTH = 60  # folders of 60 characters, close to the longest path there is


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "photos"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        photo = encode(draw_scene(number, (64, 48)), "jpg")
        (folder / os.fsdecode(name)).write_bytes(photo)
    (folder / os.fsdecode(BROKEN)).write_bytes(b"\xff\xd8\xff\xe0 not a photo")
    here = os.open(folder, os.O_RDONLY)
    for _ in range(DEPTH):
        os.mkdir("d" * 60, dir_fd=here)
        below = os.open("d" * 60, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    with open(
        "deep.jpg", "wb", opener=lambda name, flags: os.open(name, flags, dir_fd=here)
    ) as file:
        file.write(encode(draw_scene(99, (64, 48)), "jpg"))
    os.close(here)
    return folder


def landmarks(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "landmark_core.cli", *arguments]
    return subprocess.run(command, capture_output=True, check=True)


@pytest.fixture(scope="module")
def tagged(hostile) -> tuple[Path, list[bytes]]:
    out = hostile.parent / "out"
    said = [
        landmarks("tag", str(hostile), "--out", str(out), "--review-below", "1", "--no-progress"),
        landmarks("status", str(out)),
        landmarks("tag", str(hostile), "--out", str(out), "--no-progress"),
    ]
    return out, [one.stdout + one.stderr for one in said]


def test_each_name_is_one_row_with_its_own_bytes(hostile, tagged):
    out, _ = tagged
    table = ds.dataset(out / "tags").to_table()
    rows = table.to_pylist()
    files = [path for path in hostile.rglob("*") if path.is_file()]
    assert len(files) == len(NAMES) + 2
    assert len(rows) == len(files)  # the second run added none
    digests = sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
    assert sorted(row["content_sha256"] for row in rows) == digests
    assert len({row["photo_id"] for row in rows}) == len(rows)
    broken = [row for row in rows if row["status"] != "ok"]
    assert [row["content_sha256"] for row in broken] == [
        hashlib.sha256(b"\xff\xd8\xff\xe0 not a photo").hexdigest()
    ]


def test_each_heatmap_is_of_the_photo_that_its_row_names(tagged):
    out, _ = tagged
    rows = ds.dataset(out / "tags").to_table().to_pylist()
    named = {row["heatmap"]: row for row in rows if row["heatmap"]}
    assert len(named) == len(NAMES) + 1
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*.jpg")) == sorted(named)
    for heatmap, row in named.items():
        assert Path(heatmap).stem == row["photo_id"]
        with Image.open(out / heatmap) as image:
            assert row["photo_id"] in str(image.info) + str(image.getexif())


def test_no_name_speaks_to_the_terminal(tagged):
    _, said = tagged
    for text in said:
        assert not {*text} & ({*range(32)} - {9, 10, 13} | {127}), text


def test_names_reach_run_files_as_json(tagged):
    out, _ = tagged
    for run in (out / "runs").glob("*.json"):
        assert json.loads(run.read_text())["run_id"] == run.stem


def test_each_sidecar_is_of_its_photo_and_undone_they_are_gone(hostile, tagged):
    out, _ = tagged
    tags = {
        row["content_sha256"]: row["tag"] for row in ds.dataset(out / "tags").to_table().to_pylist()
    }
    photos = [path for path in hostile.rglob("*") if path.is_file()]
    options = ("export", str(out), "--format", "xmp")
    said = landmarks(*options, "--tag-below-review", "--json")
    assert json.loads(said.stdout)["made"] == len(NAMES)  # of the longest name there is none
    without = []
    for photo in photos:
        sidecar = photo.with_name(photo.name + ".xmp")
        tag = tags[hashlib.sha256(photo.read_bytes()).hexdigest()]
        if tag is None or len(os.fsencode(sidecar.name)) > 255:
            without.append(os.fsencode(photo.name))
        else:
            assert f"<rdf:li>{tag}</rdf:li>" in sidecar.read_text("utf-8")
    assert sorted(without) == sorted([BROKEN, b"x" * 251 + b".jpg"])
    landmarks(*options, "--undo")
    assert sorted(path for path in hostile.rglob("*") if path.is_file()) == sorted(photos)
