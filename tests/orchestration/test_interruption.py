"""Ctrl-C in the first seconds of `landmarks tag`, while it and its workers import torch."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIES = 40  # of the drawn library: more than any machine tags in three seconds
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below a shell's background job
from landmark_core.cli import main
print("begun", flush=True)
sys.exit(main())
"""

pytestmark = pytest.mark.orchestration


@pytest.fixture(scope="module")
def large_library(drawn_library, tmp_path_factory) -> Path:
    library = tmp_path_factory.mktemp("large")
    for copy in range(COPIES):
        (library / str(copy)).mkdir()
        for photo in (drawn_library / "roll-01").iterdir():
            (library / str(copy) / photo.name).hardlink_to(photo)
    return library


@pytest.mark.parametrize("after_s", [0.1, 0.6, 1.2, 2.0, 3.0])
def test_ctrl_c_is_one_line_and_exit_code_130(large_library, tmp_path, after_s):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "tag", large_library, "--out", tmp_path / "out"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    assert process.stdout.readline() == "begun\n"
    time.sleep(after_s)
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does: all processes get it
    code = process.wait(timeout=120)
    _, errors = process.communicate(timeout=120)  # the last of its processes has ended then
    assert (code, "Traceback" in errors, "Exception" in errors) == (130, False, False), errors
    assert errors.count("landmarks: interrupted") == 1
