"""A theatre for scenes with faults, and a small library to play with."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "training")]

from scenes import Theatre  # noqa: E402 - found by the line above


@pytest.fixture(scope="session")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """One warm process for all scenes."""
    made = Theatre(tmp_path_factory.mktemp("theatre") / "scratch")
    yield made
    made.close()


@pytest.fixture(scope="session")
def few_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten drawn photos, four of them in a folder of their own, and one that is broken."""
    from draw_library import draw_scene

    folder = tmp_path_factory.mktemp("few") / "photos"
    (folder / "deep").mkdir(parents=True)
    for number in range(10):
        place = folder / "deep" if number >= 6 else folder
        draw_scene(number, (96, 64)).save(place / f"{number:02}.jpg")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    return folder
