"""Run a command on a terminal of its own; show what stands there then as a page."""

import html
import os
import pty
import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

CHARACTERS = 96  # columns
# SGR, the only control sequences that the program writes:
# https://www.ecma-international.org/publications-and-standards/standards/ecma-48/, 8.3.117
_SGR = re.compile("\N{ESCAPE}" + r"\[(\d+)m")
_LOOKS = {
    "1": "font-weight: 700",
    "31": "color: #ff7a8a",
    "33": "color: #ff9d4d",
    "34": "color: #56b4e9",
    "35": "color: #c6a0ea",
}
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>terminal</title><style>
body {{ margin: 0; background: #14171d; color: #e3e7ee; }} b {{ color: #a0a9ba; }}
pre {{ display: inline-block; margin: 0; padding: 1.3rem 1.6rem;
  font: 14.95px/1.35 "DejaVu Sans Mono", monospace; }}
</style><pre><b>$ {command}</b>
{text}</pre></html>"""


def on_a_terminal(command: Sequence[str], folder: Path) -> str:
    """Return what a command writes to a terminal, with the sequences that colour it."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(CHARACTERS), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        command, cwd=folder, stdout=theirs, stderr=subprocess.DEVNULL, env=environment
    )
    os.close(theirs)
    written = b""
    with suppress(OSError):  # Linux says EIO where the other side has been closed
        while more := os.read(ours, 65536):
            written += more
    os.close(ours)
    assert process.wait() == 0
    return written.decode().replace("\r\n", "\n")


def terminal_page(command: str, text: str) -> str:
    """Return a page that looks like a dark terminal.

    Args:
        command: as a person would type it.
        text: what came of it; bold and colours are kept.
    """
    parts = _SGR.split(text)
    shown = html.escape(parts[0])
    for code, part in zip(parts[1::2], parts[2::2], strict=True):
        shown += "</span>" if code == "0" else f'<span style="{_LOOKS[code]}">'
        shown += html.escape(part)
    return _PAGE.format(command=html.escape(command), text=shown)
