"""A slip of an output's name costs nobody a file: a command writes over its own kind alone."""

import os
import stat
from pathlib import Path

import pytest
from PIL import Image
from small_out import make_out, photo

from landmark_core.cli import main

FORMATS = ("csv", "jsonl", "label-studio")


@pytest.fixture
def out(tmp_path: Path) -> str:
    return make_out(tmp_path / "out", [photo("a.jpg", "tagged", "Petra"), photo("b.jpg")]).out


def commands(out: str, file: Path) -> dict[str, list[str]]:
    to, tasks = ["--to", str(file)], f"{file}.tasks"
    exports = {name: ["export", out, "--format", name, *to] for name in FORMATS}
    return exports | {
        "config": [
            "export",
            out,
            "--format",
            "label-studio",
            "--to",
            tasks,
            "--config-to",
            str(file),
        ],
        "page": ["status", out, "--html", str(file)],
        "model": ["models", "export", "starter", "--out", str(file)],
    }


KINDS = (*FORMATS, "config", "page", "model")


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_command_wrote_it_writes_again(out, tmp_path, kind):
    file = tmp_path / "made"
    file.touch()  # an empty file is nobody's
    for _ in range(2):
        assert main(commands(out, file)[kind]) == 0
    first = file.read_bytes()
    assert len(first) > 20
    assert main(commands(out, file)[kind]) == 0
    assert len(file.read_bytes()) == len(first)


def draw(file: Path) -> None:
    Image.new("RGB", (64, 48), "tan").save(file, "JPEG")
    file.chmod(0o444)


OTHERS = {
    "photo": draw,
    "notes": lambda file: file.write_text("Petra: photo of the treasury, tag it\n"),
    "table": lambda file: file.write_text("name,tag\na.jpg,Petra\n"),
    "own-page": lambda file: file.write_text("<!doctype html><title>Our holidays</title>"),
    "own-json": lambda file: file.write_text('[{"name": "a.jpg"}]'),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("theirs", OTHERS)
def test_what_is_somebody_elses_stays(out, tmp_path, capsys, kind, theirs):
    file = tmp_path / "IMG_1021.jpg"
    OTHERS[theirs](file)
    before, mode = file.read_bytes(), stat.S_IMODE(file.stat().st_mode)
    assert main(commands(out, file)[kind]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{file} is there and is no " in line
    assert "name another file, or remove it first" in line
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (before, mode)


@pytest.mark.parametrize("kind", KINDS)
def test_folders_and_devices_are_no_files(out, tmp_path, capsys, kind):
    folder, pipe = tmp_path / "album", tmp_path / "pipe"
    folder.mkdir()
    os.mkfifo(pipe)
    assert main(commands(out, folder)[kind]) == 2
    assert "is a folder; name a file in it" in capsys.readouterr().err
    assert main(commands(out, pipe)[kind]) == 2
    assert "is no ordinary file" in capsys.readouterr().err
    assert list(folder.iterdir()) == []
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("kind", [*FORMATS, "page"])
def test_one_kind_is_not_written_over_another(out, tmp_path, capsys, kind):
    file = tmp_path / "made"
    assert main(commands(out, file)["config"]) == 0
    before = file.read_bytes()
    assert main(commands(out, file)[kind]) == 2
    assert file.read_bytes() == before
    assert str(file) in capsys.readouterr().err
