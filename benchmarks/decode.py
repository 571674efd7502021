"""What a JPEG costs from its bytes to the network's pixels, by way and size; and what that changes.

    python benchmarks/decode.py [--photos 6] [--rounds 30] [--source FOLDER]

Processor time of one thread (`time.thread_time`), the median over all rounds and photos; the ways
take turns, so that a busy machine slows every column alike. Each way decodes and then resizes and
crops as the default settings ask (short side 256, crop 224). "grey levels" is how far the pixels
are from those of plain Pillow (full decode, then the resize), mean and largest over the photos.
`--source` takes JPEGs from a folder, as they are, beside the drawn ones.

Two more tables: what libjpeg-turbo's scales cost on 3000 x 2000, and what the other formats cost
at 1600 x 1200 (processor time of the whole process, for HEIC's decoder has threads of its own).
"""

import argparse
import io
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import simplejpeg
import torch
from numpy.typing import NDArray
from PIL import Image
from torchvision.io import ImageReadMode, decode_jpeg

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from draw_library import draw_scene, encode

from landmark_core.config import ReadLimits
from landmark_core.library import decode_photo
from landmark_core.model import Preprocess, PreprocessSettings

SIZES = ((340, 256), (500, 375), (1600, 1200), (4000, 3000))  # pixels
SIDE, CROP = 256, 224
KEPT = 2 * SIDE  # short side that a scaled decode keeps at least
PREPROCESS = Preprocess(PreprocessSettings(resize_size=SIDE, crop_size=CROP))
LIMITS = ReadLimits()

Pixels = NDArray[np.uint8]


def resize_and_crop(image: Image.Image) -> Pixels:
    """Do as torchvision's Resize and CenterCrop on an image."""
    width, height = image.size
    short = min(width, height)
    small = image.resize((int(SIDE * width / short), int(SIDE * height / short)), 2)
    left, top = round((small.width - CROP) / 2), round((small.height - CROP) / 2)
    return np.asarray(small.crop((left, top, left + CROP, top + CROP)))


def with_pillow(data: bytes) -> Pixels:
    """Decode in full, resize, crop: the yardstick."""
    return resize_and_crop(Image.open(io.BytesIO(data)).convert("RGB"))


def with_draft(data: bytes) -> Pixels:
    """Let Pillow decode at 1/2, 1/4 or 1/8, and resample only what the crop keeps."""
    image = Image.open(io.BytesIO(data))
    image.draft(None, (KEPT, KEPT))
    return np.asarray(
        image.convert("RGB").resize((CROP, CROP), 2, box=PREPROCESS.crop_box(*image.size))
    )


def with_torchvision(data: bytes) -> Pixels:
    """Decode in full by torchvision, and resize its tensor."""
    encoded = torch.frombuffer(bytearray(data), dtype=torch.uint8)
    tensor = decode_jpeg(encoded, mode=ImageReadMode.RGB)  # (3, H, W)
    return PREPROCESS.apply(np.ascontiguousarray(tensor.permute(1, 2, 0).numpy()))


def with_simplejpeg(data: bytes) -> Pixels:
    """Let simplejpeg scale as it likes (3/8, 5/8 ... too), without header, limits and turns."""
    height, width, _, _ = simplejpeg.decode_jpeg_header(data)
    factor = min(1.0, KEPT / min(height, width))
    least = {"min_height": int(height * factor), "min_width": int(width * factor)}
    return PREPROCESS.apply(simplejpeg.decode_jpeg(data, **least))


def with_ours(data: bytes) -> Pixels:
    """Take the way of a photo in a worker."""
    decoded = decode_photo(data, name="a.jpg", min_side=SIDE, limits=LIMITS)
    return PREPROCESS.apply(decoded.upright)


WAYS: dict[str, Callable[[bytes], Pixels]] = {
    "Pillow, full": with_pillow,
    "Pillow, draft": with_draft,
    "torchvision": with_torchvision,
    "simplejpeg, any scale": with_simplejpeg,
    "ours": with_ours,
}


def compare(name: str, photos: list[bytes], rounds: int) -> None:
    """Print one row: milliseconds per photo, and the difference in grey levels."""
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(rounds + 1):
        for data in photos:
            for way, decode in WAYS.items():
                start = time.thread_time()
                decode(data)
                if number:  # the first round warms up
                    seconds[way].append(time.thread_time() - start)
    cells = []
    for way, decode in WAYS.items():
        apart = [np.abs(decode(data).astype(int) - with_pillow(data)) for data in photos]
        mean, most = np.mean([each.mean() for each in apart]), max(each.max() for each in apart)
        note = f" ({mean:.2f}, {most})" if way != "Pillow, full" else ""
        cells.append(f"{1000 * statistics.median(seconds[way]):.2f}{note}")
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def milliseconds(job: Callable[[], object], rounds: int, clock: Callable[[], float]) -> float:
    """Return the median over the rounds, after one that warms up."""
    seconds = []
    for _ in range(rounds + 1):
        start = clock()
        job()
        seconds.append(clock() - start)
    return 1000 * statistics.median(seconds[1:])


def compare_scales(rounds: int) -> None:
    """Print what each scale of libjpeg-turbo from 1/8 to 8/8 costs."""
    width, height = 3000, 2000
    data = encode(draw_scene(1, (width, height)), "jpg")
    print("\n| scale | ms |\n|---|---:|")
    for eighths in (8, 7, 6, 5, 4, 3, 2, 1):
        least = {"min_height": -(-height * eighths // 8), "min_width": -(-width * eighths // 8)}
        decode = partial(simplejpeg.decode_jpeg, data, **least)
        print(f"| {eighths}/8 | {milliseconds(decode, rounds, time.thread_time):.1f} |")


def compare_formats(rounds: int) -> None:
    """Print what decoding, and then resizing, costs for each other format."""
    scene = draw_scene(1, (1600, 1200))
    print("\n| format | decode, ms | resize and crop, ms |\n|---|---:|---:|")
    for suffix in ("jpg", "png", "webp", "avif", "heic", "tif", "bmp", "gif"):
        data = encode(scene, suffix)
        decode = partial(decode_photo, data, name="a", min_side=SIDE, limits=LIMITS)
        resize = partial(PREPROCESS.apply, decode().upright)
        cells = [milliseconds(job, rounds, time.process_time) for job in (decode, resize)]
        print(f"| {suffix} | {cells[0]:.1f} | {cells[1]:.2f} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=6, help="different photos per size")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--source", type=Path, help="a folder of JPEGs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("ms per photo (mean, largest difference in grey levels)\n")
    print(f"| photos | {' | '.join(WAYS)} |\n|---|{'---:|' * len(WAYS)}")
    for size in SIZES:
        drawn = [encode(draw_scene(seed, size), "jpg") for seed in range(options.photos)]
        compare(f"{size[0]} x {size[1]}", drawn, options.rounds)
    if options.source:
        files = sorted(options.source.rglob("*.jpg"))
        chosen = files[:: max(1, len(files) // options.photos)][: options.photos]
        compare(options.source.name, [file.read_bytes() for file in chosen], options.rounds)
    compare_scales(options.rounds)
    compare_formats(options.rounds)


if __name__ == "__main__":
    main()
