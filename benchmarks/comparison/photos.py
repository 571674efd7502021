"""Draw the libraries: few pictures, each linked as often as a run needs photos."""

import itertools
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.comparison.cases import Photos

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from draw_library import draw_scene, encode


def draw_pictures(folder: Path, photos: Photos) -> list[Path]:
    """Draw the pictures of a library, two at a time; those that are there stay.

    Returns:
        Their files, in the order of `photos.files`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [
        (seed, size, folder / f"{seed:02d}-{size[0]}x{size[1]}.{suffix}")
        for seed, (size, suffix) in enumerate(photos.files)
    ]
    missing = [task for task in tasks if not task[2].exists()]
    if missing:
        with ThreadPoolExecutor(2) as pool:  # numpy and Pillow let go of the lock
            list(pool.map(_draw, missing))
    return [path for _, _, path in tasks]


def link_library(folder: Path, pictures: list[Path], count: int) -> Path:
    """Make a folder of so many photos: hard links, so that it takes no disk.

    Returns:
        folder / count.
    """
    library = folder / str(count)
    if library.exists():
        return library
    growing = folder / f"{count}.growing"
    growing.mkdir(parents=True, exist_ok=True)
    for number, picture in zip(range(count), itertools.cycle(pictures), strict=False):
        link = growing / f"{number:06d}{picture.suffix}"
        if not link.exists():
            os.link(picture, link)
    return growing.rename(library)


def _draw(task: tuple[int, tuple[int, int], Path]) -> None:
    seed, size, path = task
    growing = path.with_suffix(".growing")
    growing.write_bytes(encode(draw_scene(seed, size), path.suffix.removeprefix(".")))
    growing.rename(path)
