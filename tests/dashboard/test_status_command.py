"""`landmarks status` as a command: colours only for a terminal that wants them, a whole page."""

import json
import os
import pty
import re
import subprocess
import sys

import pytest
from small_out import make_out, photo

from landmark_core.cli import main


@pytest.fixture
def out(tmp_path) -> str:
    rows = [photo("a.jpg", "tagged", "Petra"), photo("b.jpg", "review"), photo("c.jpg", None)]
    return make_out(tmp_path / "out", rows).out


def on_a_terminal(out: str, **environment: str) -> str:
    """What the command writes to a terminal of 70 columns."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "landmark_core.cli", "status", out]
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    env |= {"COLUMNS": "70", "TERM": "xterm", **environment}
    with subprocess.Popen(command, stdout=theirs, stdin=theirs, env=env) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux: the other end is closed
                break
            if not piece:
                break
            written += piece
        assert process.wait() == 0
    os.close(ours)
    return written.decode()


def test_colours_are_for_terminals_that_want_them(out, capsys):
    coloured = on_a_terminal(out)
    assert "\033[1m3 photos" in coloured
    plain = re.sub("\033\\[[0-9]+m", "", coloured)
    assert on_a_terminal(out, NO_COLOR="1") == plain
    assert max(len(line) for line in plain.splitlines() if "█" in line) in range(65, 71)
    assert main(["status", out]) == 0
    assert "\033" not in capsys.readouterr().out


def test_the_page_is_written_whole(out, tmp_path, capsys):
    path = tmp_path / "page.html"
    assert main(["status", out, "--html", str(path)]) == 0
    assert capsys.readouterr().out == f"3 photos: {path}\n"
    assert path.read_text("utf-8").rstrip().endswith("</html>")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out", "page.html"]


def test_a_page_beside_json_leaves_stdout_to_json(out, tmp_path, capsys):
    assert main(["status", out, "--json", "--html", str(tmp_path / "page.html")]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["photos"] == 3
    assert values["landmarks"] == [{"tag": "Petra", "photos": 1, "by_people": 0, "waiting": 1}]


def test_a_page_that_cannot_be_written_is_one_line(out, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["status", out, "--html", str(tmp_path / "file" / "page.html")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
