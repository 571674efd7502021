"""Half of the floor: read, decode and resize the photos in two processes, and do nothing with them.

JPEGs by simplejpeg at the scale that this project decodes at (twice the needed side at least), or
by Pillow's draft mode where it is not installed; the rest by Pillow. Resized by torch, on uint8.
"""

import io
import multiprocessing
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from PIL import Image
from pillow_heif import register_heif_opener

from benchmarks.peers.interface import Done, Job, main

MARGIN = 2  # as landmark_core.library.decode.DRAFT_MARGIN: below it, tags move
HAS_SIMPLEJPEG = find_spec("simplejpeg") is not None


def decode(path: Path, side: int) -> np.ndarray:
    """Return (H, W, 3) uint8 whose short side is at least `side`, where the photo has it."""
    data = path.read_bytes()
    if HAS_SIMPLEJPEG and path.suffix == ".jpg":
        import simplejpeg

        return np.asarray(
            simplejpeg.decode_jpeg(data, fastdct=False, min_height=side, min_width=side)
        )
    register_heif_opener()
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (side, side))  # does nothing to other formats
        return np.asarray(image.convert("RGB"))


def read(path: Path, resize: int, crop: int) -> int:
    """Decode, resize and crop one photo; return a byte of it, so that nothing is left undone."""
    pixels = torch.from_numpy(decode(path, MARGIN * resize)).permute(2, 0, 1)[None]  # (1, 3, H, W)
    short = min(pixels.shape[2:])
    size = [resize * side // short for side in pixels.shape[2:]]
    small = torch.nn.functional.interpolate(pixels, size=size, mode="bilinear", antialias=True)
    top, left = (size[0] - crop) // 2, (size[1] - crop) // 2
    return int(small[0, :, top : top + crop, left : left + crop].contiguous()[0, 0, 0])


def run(job: Job) -> Done:
    """Read all photos, each in the process that is free."""
    one: Callable[[Path], int] = partial(read, resize=job.resize, crop=job.crop)
    photos = job.photos
    # One thread each: two processes already fill the cores.
    with multiprocessing.Pool(job.workers, torch.set_num_threads, (1,)) as pool:
        values = pool.map(one, photos, chunksize=4)
    pq.write_table(pa.table({"path": [str(path) for path in photos], "value": values}), job.out)
    library = "simplejpeg" if HAS_SIMPLEJPEG else "pillow"
    return Done(
        photos=len(values),
        settings=f"{library}, scaled to {MARGIN} x the needed side, torch resize, "
        f"{job.workers} processes",
        packages=(library, "torch"),
    )


if __name__ == "__main__":
    main(run)
