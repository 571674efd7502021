"""An export killed before and after each change that it makes to a file, then run again."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from library_out import counts, export, later, out_of, place
from samples import DARKTABLE, DIGIKAM, LIGHTROOM

from landmark_core.tables import Store

ROOT = Path(__file__).parents[2]

# Exports to copies of a library, in children that die a step later each time. The parent forks
# before anything has started a thread.
KILLER = """
import os, shutil, signal, sys
sys.path[:0] = sys.argv[1:4]
import library_out
from landmark_core.sidecars import local_folder
from landmark_core.tables import Store

class DeadlyOs:
    def __init__(self, step):
        self.left = step
    def __getattr__(self, name):
        plain = getattr(os, name)
        if name not in ("open", "write", "fsync", "fchmod", "link", "replace", "unlink"):
            return plain
        def change(*arguments, **options):
            for moment in ("before", "after"):
                if self.left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                self.left -= 1
                if moment == "before":
                    result = plain(*arguments, **options)
            return result
        return change

photos, kept = sys.argv[4], sys.argv[4] + "-kept"
for step in range(0, 1000, int(sys.argv[5])):
    shutil.rmtree(photos)
    shutil.copytree(kept, photos)
    child = os.fork()
    if child == 0:
        local_folder.os = DeadlyOs(step)
        library_out.export(Store(sys.argv[6]), threads=1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    shutil.copytree(photos, f"{photos}-{step}")
    if os.WIFEXITED(status):
        print(step, os.WEXITSTATUS(status))
        break
"""


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def prepare(tmp_path: Path) -> tuple[Path, Store]:
    """A library of which one export was made, and other tags since."""
    photos = tmp_path / "photos"
    photos.mkdir()
    names = ["change", "end", "merge", "new", "strip", "theirs"]
    rows = [place(photos, f"{name}.jpg") for name in names]
    (photos / "strip.jpg.xmp").write_bytes(LIGHTROOM)
    store = out_of(tmp_path, [rows[0], rows[1], rows[4]])
    assert counts(export(store)) == {"made": 2, "changed": 1}
    (photos / "merge.jpg.xmp").write_bytes(DIGIKAM)
    (photos / "theirs.jpg.xmp").write_bytes(DARKTABLE)
    moment = later(rows[0]).tagged_at + timedelta(hours=1)
    said = ["tagged", "no_landmark", "tagged", "tagged", "no_landmark", "no_landmark"]
    newer = [later(row, decision=one, tag="Petra") for row, one in zip(rows, said, strict=True)]
    out_of(tmp_path, [replace(row, tagged_at=moment) for row in newer], run="run1")
    return photos, store


@pytest.mark.parametrize("every", [43, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_at_each_step_and_run_again(tmp_path, every):
    photos, store = prepare(tmp_path)
    before = content(photos)
    shutil.copytree(photos, tmp_path / "photos-kept")
    assert counts(export(store)) == {"made": 1, "changed": 3, "removed": 1, "not_ours": 1}
    after = content(photos)
    assert after["strip.jpg.xmp"] == LIGHTROOM
    assert "end.jpg.xmp" not in after

    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", KILLER, str(ROOT), here, str(Path(here).parent / "export")]
    command += [str(photos), str(every), store.out]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    steps, code = map(int, done.stdout.split())
    assert code == 0, done.stderr
    assert steps > 2 * 5 * 3

    left_over = 0
    for step in range(0, steps, every):
        killed = tmp_path / f"photos-{step}"
        for name, data in content(killed).items():
            if re.fullmatch(r"\.landmarks-[0-9a-f]{16}\.tmp", name):
                left_over += 1
                continue
            assert data in (before.get(name), after.get(name))
        assert {name for name in before if name in after} <= set(content(killed))
        shutil.rmtree(photos)
        shutil.copytree(killed, photos)
        export(store)
        assert content(photos) == after
    assert left_over or every > 1
