"""`landmarks find` as a command: paths for eyes, for xargs and for scripts; one line for errors."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from small_out import make_out, photo

from landmark_core.cli import main
from landmark_core.library import photo_id_of

ODD = os.fsdecode(b"/photos/caf\xe9.jpg")
BREAK = "/photos/line\nbreak.jpg"


def odd_photo():
    """A photo whose name is not UTF-8."""
    row = photo("x.jpg", "tagged", "Taj Mahal", 0.9)
    ref = replace(row.photo.ref, photo_id=photo_id_of(ODD), uri=r"/photos/caf\xe9.jpg")
    return replace(row, photo=replace(row.photo, ref=ref))


@pytest.fixture
def out(tmp_path) -> str:
    day = 1_770_000_000_000_000  # 2026-02-02T02:40:00Z
    rows = [
        photo("a.jpg", "tagged", "Taj Mahal", 0.75, modified_us=day),
        odd_photo(),
        photo("line\nbreak.jpg", "tagged", "Taj Mahal", 0.8, modified_us=day + 1),
    ]
    make_out(tmp_path / "out", rows)
    return str(tmp_path / "out")


def test_paths_are_the_bytes_on_disk(out, capfdbinary):
    assert main(["find", "--gone", out, "Taj Mahal", "-0"]) == 0
    printed = capfdbinary.readouterr()
    assert printed.out.split(b"\0") == [
        b"/photos/a.jpg",
        b"/photos/caf\xe9.jpg",
        b"/photos/line\nbreak.jpg",
        b"",
    ]
    assert printed.err == b""


def test_lines_through_a_pipe_are_not_escaped(out, capfdbinary):
    assert main(["find", "--gone", out, "TAJ", "--min-confidence", "0.8"]) == 0
    printed = capfdbinary.readouterr()
    assert printed.out == b"/photos/caf\xe9.jpg\n/photos/line\nbreak.jpg\n"
    assert printed.err == b"landmarks: looking for Taj Mahal\n"


def test_on_a_terminal_no_name_breaks_a_line(out, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(["find", "--gone", out, "Taj Mahal"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "/photos/a.jpg",
        r"/photos/caf\xe9.jpg",
        r"/photos/line\nbreak.jpg",
    ]


def test_one_json_object(out, capsys):
    options = ["--json", "--since", "2026-02-02", "--until", "2026-02-02"]
    assert main(["find", "--gone", out, "taj mahl", *options]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert {name: found[name] for name in ("typed", "tags", "exact", "found")} == {
        "typed": "taj mahl",
        "tags": ["Taj Mahal"],
        "exact": False,
        "found": 2,
    }
    assert found["photos"][0] == {
        "photo_id": photo_id_of("/photos/a.jpg"),
        "uri": "/photos/a.jpg",
        "path": "/photos/a.jpg",
        "tag": "Taj Mahal",
        "confidence": 0.75,
        "decision": "tagged",
        "settled_by": "machine",
        "modified_at": "2026-02-02T02:40:00+00:00",
    }


def test_whose_date_counts_is_said_where_nothing_fits(out, capsys):
    assert main(["find", "--gone", out, "Taj Mahal", "--since", "2026-06-01"]) == 0
    said = capsys.readouterr().err
    assert said.startswith("landmarks: no photo fits; --since and --until ask when the file was ")


def test_json_keeps_the_bytes_of_a_name(out, capsys):
    assert main(["find", "--gone", out, "Taj Mahal", "--json"]) == 0
    paths = [one["path"] for one in json.loads(capsys.readouterr().out)["photos"]]
    assert [os.fsencode(path) for path in paths][1] == b"/photos/caf\xe9.jpg"


def test_nothing_found_is_said_and_is_no_failure(out, capsys):
    for options in ([], ["--json"]):
        assert main(["find", "--gone", out, "Taj Mahal", "--decision", "review", *options]) == 0
        printed = capsys.readouterr()
        assert printed.err == "landmarks: no photo fits\n"
    assert json.loads(printed.out)["photos"] == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param(["atomium"], "no photo was ever tagged 'atomium'", id="tag"),
        pytest.param(["Taj Mahal", "--since", "soon"], "--since must be an age", id="since"),
        pytest.param(["Taj Mahal", "--until", "soon"], "--until must be an age", id="until"),
        pytest.param(
            ["Taj Mahal", "--since", "2026-02-02", "--until", "2026-02-01"],
            "--until 2026-02-01 is not after --since 2026-02-02",
            id="nothing-between",
        ),
        pytest.param(["Taj Mahal", "--min-confidence", "80"], "from 0 to 1", id="confidence"),
    ],
)
def test_what_is_wrong_is_one_line(out, options, said, capsys):
    assert main(["find", "--gone", out, *options]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_finding_needs_no_torch(out):
    code = (
        "import sys; from landmark_core.cli import main\n"
        f"assert main(['find', '--gone', {out!r}, 'taj']) == 0\n"
        "print(*{'torch', 'prefect', 'PIL'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stderr.decode().splitlines() == ["landmarks: looking for Taj Mahal", ""]


@pytest.fixture
def half_gone(tmp_path) -> tuple[str, list[str]]:
    """Three photos, of which one is there; and one in a bucket."""
    rows = [photo(f"{name}.jpg", "tagged", "Taj Mahal", 0.9) for name in "abcd"]
    uris = [str(tmp_path / f"{name}.jpg") for name in "abc"] + ["s3://photos/d.jpg"]
    for number, uri in enumerate(uris):
        ref = replace(rows[number].photo.ref, photo_id=photo_id_of(uri), uri=uri)
        rows[number] = replace(rows[number], photo=replace(rows[number].photo, ref=ref))
    (tmp_path / "c.jpg").touch()
    return make_out(tmp_path / "out", rows).out, uris


def test_photos_that_are_gone_are_left_out_and_counted(half_gone, capsys):
    out, uris = half_gone
    line = "landmarks: 2 photos are gone since they were tagged: left out; --gone prints them\n"
    assert main(["find", out, "taj mahal"]) == 0  # another case alone is not spoken of
    said = capsys.readouterr()
    assert said.out.split() == uris[2:]
    assert said.err == line
    assert main(["find", out, "Taj Mahal", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["found"], values["gone"]) == (2, 2)


def test_gone_photos_are_printed_where_they_are_asked_for(half_gone, capsys):
    out, uris = half_gone
    assert main(["find", out, "Taj Mahal", "--gone"]) == 0
    said = capsys.readouterr()
    assert (said.out.split(), said.err) == (uris, "")


def test_no_more_files_are_asked_for_than_are_printed(half_gone, capsys, monkeypatch):
    out, uris = half_gone
    asked, stat = [], os.stat
    monkeypatch.setattr(os, "stat", lambda path, **more: asked.append(path) or stat(path, **more))
    assert main(["find", out, "Taj Mahal", "--limit", "1"]) == 0
    assert capsys.readouterr().out.split() == uris[2:3]
    assert [path for path in asked if str(path).endswith(".jpg")] == uris[:3]
