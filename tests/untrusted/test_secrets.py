"""Keys never reach what people read or keep: every byte that a run leaves or says is searched.

Photos come from a web server that lets in whoever has a signature or a password; a store that
refuses credentials quotes them in its answer, as some do.
"""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pyarrow.parquet as pq
import pytest

from landmark_core.cli import DEBUG_VARIABLE, main

PLANTED = re.compile(rb"planted", re.IGNORECASE)
SIGNED = "X-Amz-Credential=AKIAPLANTED%2Fus&X-Amz-Signature=planted-signature"
SAS = "sv=2024-01-01&se=2030-01-01&sp=r&sig=planted%2Bsas%3D"
USER = "ann:planted-password"
TAG = ["--workers", "0", "--no-progress", "--review-below", "1"]


def texts_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what every file below a folder says; of Parquet, its values and its metadata too."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        yield path.name, path.read_bytes()
        if path.suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                table = file.read()
                yield path.name, str(table.to_pydict()).encode()
                yield path.name, str(table.schema.metadata).encode()


def holders(folder: Path) -> list[str]:
    """Return the files that hold a key."""
    return [name for name, text in texts_below(folder) if PLANTED.search(text)]


@pytest.fixture(params=["quiet", "debug"])
def said(request, monkeypatch, capfd) -> Iterator["Said"]:
    """All that the commands of a test say and log; with debug, all that is logged at all."""
    if request.param == "debug":
        monkeypatch.setenv(DEBUG_VARIABLE, "1")
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers = []  # so that the command sets up its own
    yield Said(capfd)
    root.handlers = handlers
    root.setLevel(level)
    for name in ("landmark_core", "flows"):
        logging.getLogger(name).setLevel(logging.NOTSET)


class Said:
    """Runs commands and keeps what they say."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self.text = ""
        self._capfd = capfd

    def run(self, *arguments: object) -> int:
        logging.getLogger().handlers = []  # another test's stderr is closed
        code = main([str(one) for one in arguments])
        captured = self._capfd.readouterr()
        self.text += captured.out + captured.err
        return code


def test_photos_behind_signed_urls_are_tagged_and_no_key_is_kept(
    planted, said, tiny_model, tmp_path
):
    entries = [
        f"http://{planted}/bucket/a.jpg?{SIGNED}",
        f"http://{planted}/box/b.jpg?{SAS}",
        f"http://{USER}@{planted}/c.jpg",
        f"http://{planted}/bucket/missing.jpg?{SIGNED}",
        f"http://{planted}/closed.jpg?token=planted-token",
    ]
    listed, out = tmp_path / "list.txt", tmp_path / "out"
    listed.write_text("\n".join(entries))
    options = ("--out", out, "--model", tiny_model, *TAG)
    assert said.run("tag", listed, *options) == 0
    rows = pq.read_table(out / "tags").to_pylist()
    assert {row["uri"].rpartition("/")[2]: row["status"] for row in rows} == {
        **dict.fromkeys(("a.jpg", "b.jpg", "c.jpg"), "ok"),
        **dict.fromkeys(("missing.jpg", "closed.jpg"), "fetch_error"),
    }
    # SOURCE itself, signed anew: that photo is done.
    again = f"http://{planted}/bucket/a.jpg?{SIGNED}&X-Amz-Date=20260101"
    assert said.run("tag", again, *options, "--json") == 0
    assert pq.read_table(out / "tags").num_rows == len(entries)
    assert said.run("status", out) == 0
    for kind in ("csv", "label-studio"):
        assert said.run("export", out, "--format", kind, "--to", out / f"sheet.{kind}") == 0
    assert holders(out) == []
    assert not PLANTED.search(said.text.encode())
    assert "5 photos done" in said.text


@pytest.mark.parametrize("said", ["debug"], indirect=True)  # it says the most
def test_refusals_do_not_quote_keys(planted, said, tiny_model, tmp_path):
    out = tmp_path / "out"
    for source in (
        "s3://bucket/photos",
        "s3://planted-key:planted-secret@bucket/photos",
        f"http://{USER}@{planted}/missing.jpg",
        f"http://{planted}/closed/?{SIGNED.replace('signature', 'other')}",
        f"nowhere://h/a.jpg?{SIGNED}",
    ):
        assert said.run("tag", source, "--out", out, "--model", tiny_model, *TAG) in (0, 2), source
        assert said.run("check", source, "--out", out) in (0, 2), source
    for model in (f"http://{planted}/m.pt?{SAS}", f"http://{planted}/closed.pt?token=planted"):
        assert said.run("models", "show", model) == 2
        assert said.run("tag", tmp_path, "--out", out, "--model", model) == 2
    assert said.run("status", "s3://planted-key:planted-secret@bucket/out") in (1, 2)
    assert holders(tmp_path) == []
    assert not PLANTED.search(said.text.encode()), said.text
    assert "credentials refused (InvalidAccessKeyId)" in said.text


def test_a_backfill_refuses_what_its_record_would_have_to_keep(planted, said, tiny_model, tmp_path):
    out, listed = tmp_path / "out", tmp_path / "list.txt"
    listed.write_text(f"http://{planted}/bucket/a.jpg?{SIGNED}")
    options = ("--out", out, "--model", tiny_model, *TAG, "--rate", "10")
    assert said.run("backfill", "plan", listed, *options) == 2
    assert "a backfill would have to keep" in said.text
    assert holders(out) == []
    assert not PLANTED.search(said.text.encode())


@pytest.mark.orchestration  # a whole program
def test_the_review_server_tells_none(planted, tiny_model, tmp_path, start_review):
    listed, out = tmp_path / "list.txt", tmp_path / "out"
    listed.write_text(f"http://{planted}/bucket/a.jpg?{SIGNED}")
    assert main(["tag", str(listed), "--out", str(out), "--model", str(tiny_model), *TAG]) == 0
    server = start_review(out)
    told = b""
    for address in ("", "summary", "api/tags", "api/view", "api/progress", "api/history"):
        try:
            with urlopen(f"{server.url.rstrip('/')}/{address}", timeout=20) as answer:
                told += answer.read()
        except OSError:  # asked with less than it expects
            continue
    server.process.terminate()
    told += server.process.communicate(timeout=20)[1].encode()
    assert b"<html" in told.lower()
    assert not PLANTED.search(told)
    assert holders(out) == []


# In a process of its own: Prefect sets its logging up once, and other tests have had it their way.
FLOWS = """
import json, sys, time
from prefect.client.orchestration import get_client
from prefect.testing.utilities import prefect_test_harness
from flows.tag import main

well, refused, *options = sys.argv[1:]
with prefect_test_harness(server_startup_timeout=90):
    codes = [main(["--source", source, *options]) for source in (well, refused)]
    with get_client(sync_client=True) as client:
        for _ in range(120):  # logs are sent in the background
            if logs := [one.message for one in client.read_logs()]:
                break
            time.sleep(0.5)
        artifacts = [str(one.data) + str(one.description) for one in client.read_artifacts()]
print("\\n" + json.dumps({"codes": codes, "artifacts": artifacts, "logs": logs}))
"""


@pytest.mark.orchestration  # a server of Prefect's
def test_a_flow_shows_no_keys(planted, tiny_model, tmp_path):
    listed, out = tmp_path / "list.txt", tmp_path / "out"
    listed.write_text(f"http://{planted}/bucket/a.jpg?{SIGNED}\nhttp://{USER}@{planted}/c.jpg")
    command = [sys.executable, "-c", FLOWS, str(listed), f"s3://planted-key:planted-x@{planted}/a"]
    command += ["--out", str(out), "--model", str(tiny_model), *TAG]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["codes"] == [0, 2]
    assert len(told["artifacts"]) > 3
    assert told["logs"]
    assert not PLANTED.search((done.stdout + done.stderr).encode())
    assert holders(out) == []
