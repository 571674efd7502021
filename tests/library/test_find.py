"""Listings of local libraries: against sorted(), against files drawn by hand, and every refusal."""

import io
import os
import random
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from landmark_core.errors import ConfigError
from landmark_core.library.find import open_listing
from landmark_core.tables import new_run_id


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, "JPEG")
    return file.getvalue()


def touch(root: Path, *names: str, content: bytes = b"x") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def listed(source: Path | str, **options: object) -> list[str]:
    return [ref.location for ref in open_listing(str(source), **options)]


def relative(source: Path, **options: object) -> list[str]:
    return [os.path.relpath(location, source) for location in listed(source, **options)]


PARTS = st.text(alphabet="ab-./é ", min_size=1, max_size=3).map(lambda t: t.replace("/", "0"))


@settings(max_examples=60, deadline=None)
@given(st.sets(st.lists(PARTS, min_size=1, max_size=3).map(tuple), max_size=12))
def test_the_order_is_that_of_the_paths_bytes(tmp_path_factory, paths):
    root = tmp_path_factory.mktemp("order")
    for parts in paths:
        path = root.joinpath(*(part + "_" for part in parts[:-1]), parts[-1] + ".jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    expected = sorted(os.fsencode(path.relative_to(root)) for path in root.rglob("*.jpg"))
    assert [os.fsencode(name) for name in relative(root)] == expected


def test_names_tell_photos_from_other_files_and_content_tells_the_rest(tmp_path):
    touch(tmp_path, "a.jpg", "b.HEIC", "c.cr2", "notes.txt", "clip.mp4", "x/IMG.xmp")
    touch(tmp_path, "no-extension", "odd.ext", content=jpeg())
    touch(tmp_path, "data.odd", "._a.jpg", "empty", content=b"")
    listing = open_listing(str(tmp_path))
    names = [Path(ref.location).name for ref in listing]
    assert names == ["a.jpg", "b.HEIC", "c.cr2", "no-extension", "odd.ext"]
    assert (listing.counts.photos, listing.counts.not_photos) == (5, 6)


def test_the_listing_is_lazy(tmp_path):
    touch(tmp_path, "a/1.jpg", "b/2.jpg")
    photos = iter(open_listing(str(tmp_path)))
    assert next(photos).location.endswith("a/1.jpg")
    touch(tmp_path, "b/3.jpg")  # not yet entered, so it is seen
    assert [Path(ref.location).name for ref in photos] == ["2.jpg", "3.jpg"]


def test_links_inside_count_and_links_outside_do_not(tmp_path):
    library, outside = tmp_path / "library", tmp_path / "outside"
    touch(library, "a.jpg", "sub/b.jpg")
    touch(outside, "c.jpg")
    (library / "same.jpg").symlink_to("a.jpg")
    (library / "out.jpg").symlink_to(outside / "c.jpg")
    (library / "dead.jpg").symlink_to("nothing.jpg")
    (library / "circle.jpg").symlink_to("circle.jpg")
    (library / "folder").symlink_to("sub")
    listing = open_listing(str(library))
    assert [Path(ref.location).name for ref in listing] == ["a.jpg", "same.jpg", "b.jpg"]
    assert listing.counts.links_not_followed == 4


def test_a_prefix_is_not_inside(tmp_path):
    touch(tmp_path, "library/a.jpg", "library-2/b.jpg")
    (tmp_path / "library/b.jpg").symlink_to("../library-2/b.jpg")
    assert relative(tmp_path / "library") == ["a.jpg"]


def test_followed_links_end_in_loops_only_once(tmp_path):
    touch(tmp_path, "library/sub/a.jpg", "outside/b.jpg")
    library = tmp_path / "library"
    (library / "sub/up").symlink_to("..")
    (library / "out").symlink_to(tmp_path / "outside")
    (library / "dead").symlink_to("nothing")
    listing = open_listing(str(library), follow_links=True)
    assert [os.path.relpath(ref.location, library) for ref in listing] == ["out/b.jpg", "sub/a.jpg"]
    assert listing.counts.links_not_followed == 2


def test_source_itself_may_be_a_link(tmp_path):
    touch(tmp_path, "real/a.jpg")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real/b.jpg").symlink_to("a.jpg")
    assert relative(tmp_path / "link") == ["a.jpg", "b.jpg"]


def test_special_files_are_never_opened(tmp_path):
    touch(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.jpg"))
        listing = open_listing(str(tmp_path))
        assert [Path(ref.location).name for ref in listing] == ["a.jpg"]
    assert listing.counts.not_photos == 3


def test_any_name_the_disk_takes_is_listed(tmp_path):
    names = [b"caf\xe9.jpg", b"new\nline.jpg", b"x" * 251 + b".jpg", "ünï😀.jpg".encode(), b" .jpg"]
    for name in names:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"x")
    found = [os.fsencode(location).rpartition(b"/")[2] for location in listed(tmp_path)]
    assert found == sorted(names)
    for ref in open_listing(str(tmp_path)):
        ref.uri.encode()  # no lone surrogates: Arrow takes it


def test_folders_deeper_than_a_path_may_be_do_not_end_the_walk(tmp_path):
    touch(tmp_path, "z.jpg")
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(25):  # 25 x 201 characters: beyond PATH_MAX, which is 4096
        os.mkdir("d" * 200, dir_fd=here)
        deeper = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    listing = open_listing(str(tmp_path))
    assert [Path(ref.location).name for ref in listing] == ["z.jpg"]
    assert listing.counts.unreadable_folders == 1


def test_a_thousand_folders_deep_is_no_recursion(tmp_path):
    deep = tmp_path.joinpath(*["d"] * 1200)
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=here)
        here, above = os.open("d", os.O_RDONLY, dir_fd=here), here
        os.close(above)
    os.close(os.open("a.jpg", os.O_CREAT, dir_fd=here))
    os.close(here)
    assert listed(tmp_path) == [str(deep / "a.jpg")]
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # shutil.rmtree does recurse


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_an_unreadable_folder_is_counted(tmp_path):
    touch(tmp_path, "a.jpg", "closed/b.jpg")
    (tmp_path / "closed").chmod(0)
    listing = open_listing(str(tmp_path))
    assert len(list(listing)) == 1
    assert listing.counts.unreadable_folders == 1
    (tmp_path / "closed").chmod(0o700)


def test_out_inside_source_is_skipped_under_any_name(tmp_path):
    touch(tmp_path, "a.jpg", "out/heatmaps/b.jpg", "outside/c.jpg")
    (tmp_path / "alias").symlink_to(tmp_path / "out")
    assert relative(tmp_path, skip=[str(tmp_path / "out")]) == ["a.jpg", "outside/c.jpg"]
    assert relative(tmp_path, skip=[str(tmp_path / "alias")]) == ["a.jpg", "outside/c.jpg"]


def test_what_runs_left_in_any_out_is_passed_over_by_its_name(tmp_path):
    run = new_run_id(datetime.now(UTC), random.Random(1))
    ours = (f"heatmaps/run={run}/b.jpg", f"old/out/heatmaps/run={run}/c.jpg", f"tags/run={run}/d")
    merged = f"tags/run=compact-{run}/part-000000.parquet"
    theirs = ("heatmaps/run=1/e.jpg", "heatmaps/f.jpg", f"my/run={run}/g.jpg", "tags/h.jpg")
    touch(tmp_path, "a.jpg", *ours, merged, *theirs)
    listing = open_listing(str(tmp_path))
    found = [os.path.relpath(ref.location, tmp_path) for ref in listing]
    assert found == sorted(("a.jpg", *theirs), key=str.encode)
    assert listing.counts.not_photos == 0
    # Whoever names such a folder means it.
    assert relative(tmp_path / "heatmaps" / f"run={run}") == ["b.jpg"]


def test_include_and_exclude_apply_to_relative_paths(tmp_path):
    touch(tmp_path, "2024/a.jpg", "2024/raw/b.jpg", "2023/c.jpg", "2024/d.png", "2024/e.txt")
    listing = open_listing(str(tmp_path), include=["2024/**"], exclude=["raw", "*.png"])
    assert [os.path.relpath(r.location, tmp_path) for r in listing] == ["2024/a.jpg"]
    # c.jpg, d.png and the folder raw; the text was no photo to begin with
    assert (listing.counts.excluded, listing.counts.not_photos) == (3, 1)


def test_one_photo_is_a_library_whatever_its_name(tmp_path):
    touch(tmp_path, "broken.jpg", content=b"text after all")
    touch(tmp_path, "photo.dat", content=jpeg())
    for name in ("broken.jpg", "photo.dat"):
        assert listed(tmp_path / name) == [str(tmp_path / name)]
    assert listed((tmp_path / "photo.dat").as_uri()) == [str(tmp_path / "photo.dat")]


def test_a_list_names_photos_folders_and_missing_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "a.jpg", "sub/b.jpg", "notes.txt", "odd\r.jpg")
    lines = "a.jpg\r\n\n  \nsub\ngone.jpg\nnotes.txt\ngone-too\n"
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbf" + lines.encode())
    listing = open_listing("list.txt")
    refs = list(listing)
    assert [os.path.relpath(ref.location) for ref in refs] == [
        "a.jpg",
        "sub/b.jpg",
        "gone.jpg",
        "gone-too",
    ]
    assert [ref.size_bytes for ref in refs] == [1, 1, None, None]
    assert listing.counts.not_photos == 1


def test_a_nul_separated_list_keeps_line_ends_in_names(tmp_path):
    touch(tmp_path, "new\nline.jpg", "b.jpg")
    names = [str(tmp_path / "new\nline.jpg"), str(tmp_path / "b.jpg")]
    (tmp_path / "list").write_bytes(b"".join(os.fsencode(name) + b"\0" for name in names))
    assert listed(tmp_path / "list") == names


def test_a_list_longer_than_one_read_loses_no_line(tmp_path):
    names = [f"/nowhere/{'x' * (index % 90)}{index}.jpg" for index in range(5000)]
    (tmp_path / "list.txt").write_text("\n".join(names))  # 270 kB, no line end at its end
    assert listed(tmp_path / "list.txt") == names


def test_standard_input_and_pipes_are_lists(tmp_path):
    touch(tmp_path, "a.jpg")
    program = "from landmark_core.library import open_listing; import sys\n"
    program += "print([ref.location for ref in open_listing(sys.argv[1])])"
    for source in ("-", "/dev/stdin"):
        done = subprocess.run(
            [sys.executable, "-c", program, source],
            input=str(tmp_path / "a.jpg"),
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        )
        assert done.stdout.strip() == str([str(tmp_path / "a.jpg")])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("missing", None, "No such file", id="missing"),
        pytest.param("film.mp4", b"\0\0\0\x18ftypisom", "neither a photo nor", id="film"),
        pytest.param(
            "data.json", b'{"a": 1}', "neither a photo nor", id="json-is-text-but-no-list"
        ),
        pytest.param("program", b"\x7fELF\xff\xfe\x80", "neither a photo nor", id="binary"),
        pytest.param("notes.txt", b"milk\nbread, 2\n", "no line names a file", id="notes"),
    ],
)
def test_other_sources_are_refused_in_one_line(tmp_path, name, content, message):
    if content is not None:
        touch(tmp_path, name, content=content)
    with pytest.raises(ConfigError, match=message) as refusal:
        open_listing(str(tmp_path / name))
    assert "\n" not in str(refusal.value)


def test_planning_imports_neither_torch_nor_fsspec(tmp_path):
    touch(tmp_path, "a.jpg")
    program = "import sys; from landmark_core.library import open_listing\n"
    program += "assert len(list(open_listing(sys.argv[1]))) == 1\n"
    program += "print({'torch', 'fsspec', 'PIL', 'numpy'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "set()"
