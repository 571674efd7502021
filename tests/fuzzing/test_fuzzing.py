"""Broken photos by the hundred go through a whole run here, by the thousand in `make fuzz`."""

import random
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from draw_library import draw_scene, encode
from fuzzing.mutate import mutate, split_jpeg, split_png

SCRIPTS = Path(__file__).parents[2] / "scripts"

JPEG = encode(draw_scene(1, (40, 30)), "jpg")
PNG = encode(draw_scene(1, (40, 30)), "png")


def test_a_jpeg_is_split_at_its_markers():
    segments, scan = split_jpeg(JPEG)
    assert b"\xff\xd8" + b"".join(segments) + scan == JPEG
    assert [segment[1] for segment in segments][-1] == 0xC4  # Huffman tables come last
    assert all(int.from_bytes(part[2:4]) == len(part) - 2 for part in segments)
    assert scan.startswith(b"\xff\xda")


def test_a_png_is_split_at_its_chunks():
    chunks, rest = split_png(PNG)
    assert rest == b""
    assert [chunk[4:8] for chunk in chunks][:1] == [b"IHDR"]
    assert chunks[-1][4:8] == b"IEND"
    assert all(int.from_bytes(c[-4:]) == zlib.crc32(c[4:-4]) for c in chunks)


@pytest.mark.parametrize("good", [JPEG, PNG], ids=["jpeg", "png"])
def test_the_same_seed_breaks_a_file_in_the_same_way(good):
    made = [mutate(good, random.Random(seed), [JPEG, PNG]) for seed in range(300)]
    assert made == [mutate(good, random.Random(seed), [JPEG, PNG]) for seed in range(300)]
    assert len(set(made)) > 100
    assert sum(one != good for one in made) > 250


@pytest.mark.orchestration  # whole programs
def test_every_broken_photo_is_a_row(tmp_path):
    command = [sys.executable, str(SCRIPTS / "fuzz_photos.py"), "--cases", "600", "--seed", "11"]
    command += ["--found", str(tmp_path / "found"), "--timeout", "200"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("600 cases, 600 rows: ")
    assert not (tmp_path / "found").exists()  # none killed its decoder
